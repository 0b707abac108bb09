package xlsxfile

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// maxSmallPart bounds the parts that are held in memory: the list of sheets and
// the number formats.
const maxSmallPart = 16 << 20

// ErrTooLarge says that the workbook unzips to more than is read.
var ErrTooLarge = errors.New("save the sheet as CSV, or split it into several workbooks")

// parts are those of an archive by name; capitals do not count, as in Excel.
type parts map[string]*zip.File

func partsOf(z *zip.Reader) parts {
	all := make(parts, len(z.File))
	for _, f := range z.File {
		all[fold(f.Name)] = f
	}
	return all
}

func (p parts) get(name string) *zip.File { return p[fold(name)] }

func fold(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, "\\", "/"), "/"))
}

// resolve is the part that another one's relation points to.
func resolve(from, target string) string {
	if strings.HasPrefix(target, "/") {
		return path.Clean(target)[1:]
	}
	return path.Join(path.Dir(from), target)
}

// relations are where a part keeps the places that its own relations point to.
func relations(name string) string {
	return path.Join(path.Dir(name), "_rels", path.Base(name)+".rels")
}

// readSmall decodes a part that must fit in memory.
func readSmall(f *zip.File, into any) error {
	if f.UncompressedSize64 > maxSmallPart {
		return fmt.Errorf("%s unzips to more than %d MB: %w", f.Name, maxSmallPart>>20, ErrTooLarge)
	}
	rc, err := f.Open()
	if err != nil {
		return damaged(f.Name, err)
	}
	defer rc.Close()
	if err := xml.NewDecoder(io.LimitReader(rc, maxSmallPart)).Decode(into); err != nil {
		return damaged(f.Name, err)
	}
	return nil
}

// damaged keeps what the archive or the XML is wrong about; it names bytes and
// elements, not what cells hold.
func damaged(name string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (%s ends too early)", ErrDamaged, name)
	}
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%w (%s is not well-formed)", ErrDamaged, name)
	}
	return fmt.Errorf("%w (%s: %w)", ErrDamaged, name, err)
}

// errToken says that one piece of XML is longer than anything a workbook holds.
var errToken = errors.New("one cell is longer than any spreadsheet writes")

// stream is a part that is read token by token, each of bounded length: the
// decoder alone would hold a text of a gigabyte as a whole.
type stream struct {
	dec   *xml.Decoder
	rc    io.ReadCloser
	meter *meter
	name  string
	base  int64 // where the decoder began
}

// meter fails a read once a token has taken more than it may.
type meter struct {
	r           io.Reader
	left, limit int64
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, errToken
	}
	n, err := m.r.Read(b)
	m.left -= int64(n)
	return n, err
}

// readAhead is how much is unzipped at once.
const readAhead = 64 << 10

// openStream reads a part from an offset behind an element of it.
func openStream(f *zip.File, offset int64, maxToken int) (*stream, error) {
	rc, err := f.Open()
	if err != nil {
		return nil, damaged(f.Name, err)
	}
	if _, err := io.CopyN(io.Discard, rc, offset); err != nil {
		return nil, errors.Join(damaged(f.Name, err), rc.Close())
	}
	m := &meter{r: rc, limit: int64(maxToken) + 2*readAhead}
	m.left = m.limit
	return &stream{dec: xml.NewDecoder(bufio.NewReaderSize(m, readAhead)), rc: rc, meter: m, name: f.Name, base: offset}, nil
}

// token returns the next one, valid until the next call. Elements are known by
// their names without the prefix, which each program chooses for itself. The end
// of the part is an error: what is read ends with an element.
func (s *stream) token() (xml.Token, error) {
	s.meter.left = s.meter.limit
	t, err := s.dec.RawToken()
	if err != nil {
		return nil, damaged(s.name, err)
	}
	return t, nil
}

// offset is behind the last token, in the unzipped part.
func (s *stream) offset() int64 { return s.base + s.dec.InputOffset() }

// skip reads to the end of the element that just began.
func (s *stream) skip() error {
	for depth := 1; depth > 0; {
		t, err := s.token()
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// text adds an element's text to b, up to its end, and no more than most bytes.
func (s *stream) text(b []byte, most int) ([]byte, error) {
	for {
		t, err := s.token()
		if err != nil {
			return b, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := s.skip(); err != nil {
				return b, err
			}
		case xml.CharData:
			b = append(b, t[:min(len(t), max(0, most-len(b)))]...)
		case xml.EndElement:
			return b, nil
		}
	}
}

// richText adds what <si> and <is> hold: one text, or runs of it. How Japanese is
// to be pronounced stands beside it and is left out.
func (s *stream) richText(b []byte, most int) ([]byte, error) {
	for depth := 1; depth > 0; {
		t, err := s.token()
		if err != nil {
			return b, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t":
				b, err = s.text(b, most)
			case "r":
				depth++
			default:
				err = s.skip()
			}
			if err != nil {
				return b, err
			}
		case xml.EndElement:
			depth--
		}
	}
	return b, nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
