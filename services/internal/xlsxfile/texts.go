package xlsxfile

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
)

// Bounds of the texts that cells share.
const (
	// heldTexts is how many bytes of them are kept in memory; beyond it they are
	// in a temporary file.
	heldTexts = 8 << 20
	// maxTexts is how many there may be; their places take 8 bytes each.
	maxTexts = 8 << 20
)

// texts are the ones that cells point to by number.
type texts struct {
	ends []int64 // where each ends; it begins where the one before ends
	held []byte  // all of them, until there are too many
	file *os.File
	gone bool // the file has no name any more
	size int64
}

// readTexts reads the shared texts of a workbook; one longer than most bytes
// loses its end, and shows by its length that it did.
func readTexts(s *stream, hold, most int, dir string) (t *texts, err error) {
	t = &texts{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	var b []byte
	for depth := 0; ; {
		tok, err := s.token()
		if err != nil {
			return t, err
		}
		switch e := tok.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				continue
			}
			depth--
			if e.Name.Local != "si" {
				err = s.skip()
			} else if b, err = s.richText(b[:0], most+1); err == nil {
				err = t.add(b, hold, dir)
			}
			if err != nil {
				return t, err
			}
		case xml.EndElement:
			return t, t.flush()
		}
	}
}

// spill is how much is gathered for one write to the file.
const spill = 256 << 10

func (t *texts) add(b []byte, hold int, dir string) error {
	if len(t.ends) == maxTexts {
		return fmt.Errorf("the workbook holds more than %d different texts: %w", maxTexts, ErrTooLarge)
	}
	t.held = append(t.held, b...)
	t.size += int64(len(b))
	t.ends = append(t.ends, t.size)
	switch {
	case t.file != nil && len(t.held) >= spill:
		return t.flush()
	case t.file == nil && len(t.held) > hold:
		return t.moveOut(dir)
	}
	return nil
}

// moveOut goes on in a file. It holds what customers wrote: it is its owner's
// alone, and where the system allows it has no name from the first byte on, so
// that a kill leaves nothing behind.
func (t *texts) moveOut(dir string) error {
	f, err := os.CreateTemp(dir, "rappel-workbook-")
	if err != nil {
		return fmt.Errorf("the workbook's texts need a temporary file: %w; name another folder with TMPDIR", err)
	}
	t.file, t.gone = f, os.Remove(f.Name()) == nil
	if err := t.flush(); err != nil {
		return err
	}
	t.held = make([]byte, 0, spill)
	return nil
}

func (t *texts) flush() error {
	if t.file == nil {
		return nil
	}
	if _, err := t.file.Write(t.held); err != nil {
		return fmt.Errorf("the workbook's texts do not fit into a temporary file: %w; name another folder with TMPDIR", err)
	}
	t.held = t.held[:0]
	return nil
}

// get appends the text of that number, false when there is none.
func (t *texts) get(b []byte, n int) (out []byte, ok bool, err error) {
	if t == nil || n < 0 || n >= len(t.ends) {
		return b, false, nil
	}
	from, to := int64(0), t.ends[n]
	if n > 0 {
		from = t.ends[n-1]
	}
	if t.file == nil {
		return append(b, t.held[from:to]...), true, nil
	}
	at := len(b)
	b = append(b, make([]byte, to-from)...)
	if _, err := t.file.ReadAt(b[at:], from); err != nil && !errors.Is(err, io.EOF) {
		return b, false, err
	}
	return b, true, nil
}

func (t *texts) close() error {
	if t == nil || t.file == nil {
		return nil
	}
	err := t.file.Close()
	if !t.gone {
		err = errors.Join(err, os.Remove(t.file.Name()))
	}
	return err
}
