package xlsxfile

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Defaults and bounds.
const (
	// DefaultMaxRecord bounds one row's texts, in bytes.
	DefaultMaxRecord = 1 << 20
	// DefaultMaxUnzipped bounds the sheet and the texts together, in bytes, against
	// archives made to unzip without end. A full sheet of a million rows by fifty
	// columns stays below it.
	DefaultMaxUnzipped = 4 << 30
)

// Options say what to read.
type Options struct {
	// Sheet is its name; empty is the first that is not hidden.
	Sheet string
	// MaxRecord bounds one row's texts in bytes; 0 is DefaultMaxRecord.
	MaxRecord int
	// MaxUnzipped bounds what is unzipped, in bytes; 0 is DefaultMaxUnzipped.
	MaxUnzipped int64
	// HeldTexts is how many bytes of the texts that cells share stay in memory
	// before they go to a temporary file; 0 is 8 MB.
	HeldTexts int
	// TempDir is where that file is made; empty is the system's place for such.
	TempDir string
}

// Reader reads records. It is not safe for concurrent use.
type Reader struct {
	o       Options
	book    *workbook
	sheet   sheet
	texts   *texts
	stream  *stream
	line    int64 // the least number the next row can have
	ended   bool
	header  []string
	scratch []byte
}

// New opens a workbook of size bytes and reads the sheet's header: the first row
// that is not empty. The error says what is wrong with them, and nothing of it is
// found out later but damage inside of the sheet. Close must be called.
func New(src io.ReaderAt, size int64, o Options) (*Reader, error) {
	o = o.withDefaults()
	book, err := openWorkbook(src, size)
	if err != nil {
		return nil, err
	}
	r := &Reader{o: o, book: book, line: 1}
	if err := r.open(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (o Options) withDefaults() Options {
	if o.MaxRecord <= 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	if o.MaxUnzipped <= 0 {
		o.MaxUnzipped = DefaultMaxUnzipped
	}
	if o.HeldTexts <= 0 {
		o.HeldTexts = heldTexts
	}
	return o
}

func (r *Reader) open() (err error) {
	if r.sheet, err = r.book.sheet(r.o.Sheet); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	if r.book.texts != nil {
		if err := r.readTexts(); err != nil {
			return err
		}
	}
	if r.stream, err = openStream(r.sheet.part, 0, r.maxToken()); err != nil {
		return err
	}
	if err := r.toRows(); err != nil {
		return err
	}
	return r.readHeader()
}

// maxToken is how long one piece of XML may be: a text of the longest record,
// with every letter written as an entity.
func (r *Reader) maxToken() int { return 6 * r.o.MaxRecord }

// check unzips the sheet once, so that a workbook which is cut off or too large
// is known to be before anything is done with its rows.
func (r *Reader) check() error {
	total := uint64(0)
	for _, f := range []*zip.File{r.sheet.part, r.book.texts} {
		if f == nil {
			continue
		}
		if total += f.UncompressedSize64; f.UncompressedSize64 > uint64(r.o.MaxUnzipped) || total > uint64(r.o.MaxUnzipped) {
			return fmt.Errorf("the sheet %q unzips to more than the %d MB that are read: %w", r.sheet.name, r.o.MaxUnzipped>>20, ErrTooLarge)
		}
	}
	rc, err := r.sheet.part.Open()
	if err != nil {
		return damaged(r.sheet.part.Name, err)
	}
	defer rc.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(rc, r.Size()+1))
	if err == nil && n != r.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return damaged(r.sheet.part.Name, err)
	}
	return nil
}

func (r *Reader) readTexts() error {
	s, err := openStream(r.book.texts, 0, r.maxToken())
	if err != nil {
		return err
	}
	defer s.rc.Close()
	r.texts, err = readTexts(s, r.o.HeldTexts, r.o.MaxRecord, r.o.TempDir)
	return err
}

// toRows reads to where the rows begin.
func (r *Reader) toRows() error {
	for depth := 0; ; {
		t, err := r.stream.token()
		if err != nil {
			return err
		}
		e, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case depth == 0:
			depth++ // the worksheet itself
		case e.Name.Local == "sheetData":
			return nil
		default:
			if err := r.stream.skip(); err != nil {
				return err
			}
		}
	}
}

func (r *Reader) readHeader() error {
	for {
		rec, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("the sheet %q is empty: its first row must name the columns", r.sheet.name)
		case err != nil:
			return err
		case rec.Problem != "":
			return fmt.Errorf("the header row (row %d): %s", rec.Line, rec.Problem)
		}
		width := 0
		for i, c := range rec.Cells {
			if rec.Cells[i] = strings.TrimSpace(c); rec.Cells[i] != "" {
				width = i + 1
			}
		}
		if width > 0 {
			r.header = rec.Cells[:width:width]
			return nil
		}
	}
}

// Header is the first row that is not empty, with the space around its cells
// removed, up to the last that has a name. Of merged cells the first has it.
func (r *Reader) Header() []string { return r.header }

// Sheet is the name of the one that is read.
func (r *Reader) Sheet() string { return r.sheet.name }

// From1904 says that the workbook counts days from 1904, as old Macintoshes did.
// Its dates are handed over as any others; its bare numbers are not touched.
func (r *Reader) From1904() bool { return r.book.from1904 }

// Size is that of the unzipped sheet, which offsets are in.
func (r *Reader) Size() int64 {
	return int64(r.sheet.part.UncompressedSize64) //nolint:gosec // check bounds it
}

// Fingerprint tells a sheet from others, and from itself after an edit: it is of
// the sheet's name and content, and of the texts and formats that it refers to.
// Who saved the workbook, and when, is not in it.
func (r *Reader) Fingerprint() [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%q", r.sheet.name)
	for _, f := range []*zip.File{r.sheet.part, r.book.texts, r.book.formats} {
		if f != nil {
			fmt.Fprintf(h, " %d %08x", f.UncompressedSize64, f.CRC32)
		}
	}
	fmt.Fprint(h, " ", r.book.from1904)
	return [sha256.Size]byte(h.Sum(nil))
}

// Offset is where the next record begins, and the least number it can have.
func (r *Reader) Offset() (offset, line int64) { return r.stream.offset(), r.line }

// SeekTo goes on at a Record's End and EndLine.
func (r *Reader) SeekTo(offset, line int64) error {
	s, err := openStream(r.sheet.part, offset, r.maxToken())
	if err != nil {
		return err
	}
	before := r.stream
	r.stream, r.line, r.ended = s, line, false
	return before.rc.Close()
}

// Close removes what was kept on disk.
func (r *Reader) Close() error {
	err := r.texts.close()
	if r.stream != nil {
		err = errors.Join(err, r.stream.rc.Close())
	}
	return err
}
