package csvfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Delimiters that are looked for, the likeliest first when they tie.
var delimiters = []byte{';', ',', '\t', '|'}

// ParseDelimiter reads a delimiter as a person writes it: the character, or the
// word tab; empty and auto are 0, which finds out.
func ParseDelimiter(s string) (byte, error) {
	switch s {
	case "", "auto":
		return 0, nil
	case "tab", "\t", `\t`:
		return '\t', nil
	}
	if len(s) == 1 && bytes.IndexByte(delimiters, s[0]) >= 0 {
		return s[0], nil
	}
	return 0, errors.New("must be one of , ; | or tab")
}

// sniff takes the delimiter that cuts the header row into the most cells.
func sniff(head []byte, eof bool) byte {
	best, most := delimiters[0], 0
	for _, d := range delimiters {
		cells, _, v := scan(head, d, eof, nil)
		if v == whole && len(cells) > most {
			best, most = d, len(cells)
		}
	}
	return best
}

// takeSepLine consumes the line "sep=;" that tells a spreadsheet the delimiter.
func (r *Reader) takeSepLine() {
	if n := lineEnd(r.buf); n > 5 && bytes.EqualFold(r.buf[:4], []byte("sep=")) && len(bytes.TrimRight(r.buf[:n], "\r\n")) == 5 {
		r.o.Delimiter = r.buf[4]
		r.consume(n)
	}
}

func (r *Reader) readHeader() error {
	for {
		rec, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the file is empty: its first row must name the columns")
		case err != nil:
			return err
		case rec.Problem != "":
			return fmt.Errorf("the header row (line %d): %s", rec.Line, rec.Problem)
		case rec.Blank():
			continue
		}
		r.header = make([]string, len(rec.Cells))
		for i, c := range rec.Cells {
			r.header[i] = strings.TrimSpace(c)
		}
		return nil
	}
}
