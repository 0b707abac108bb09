package xlsxfile

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// maxColumns is how many a sheet can have.
	maxColumns = 16_384
	// maxQuote is how much of a row that is too long is kept of its last cell.
	maxQuote = 1000
)

// Record is one row of the sheet, without the cells beyond the header's last.
type Record struct {
	// Line is the row's number, as the spreadsheet shows it.
	Line int64
	// End is the offset behind it in the unzipped sheet; EndLine the least number
	// that the row there can have.
	End, EndLine int64
	// Cells are as many as the header's.
	Cells []string
	// Faults are the cells without a value, in order.
	Faults []Fault
	// Problem says why the row could not be read; empty when it could.
	Problem string
}

// Blank reports whether every cell is empty: rows that only have a colour are.
func (r *Record) Blank() bool {
	for _, c := range r.Cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return r.Problem == "" && len(r.Faults) == 0
}

// Next returns the next record, or io.EOF. Another error is the file's.
func (r *Reader) Next() (*Record, error) {
	for !r.ended {
		t, err := r.stream.token()
		if err != nil {
			return nil, err
		}
		switch e := t.(type) {
		case xml.StartElement:
			if e.Name.Local == "row" {
				return r.row(e)
			}
			if err := r.stream.skip(); err != nil {
				return nil, err
			}
		case xml.EndElement:
			r.ended = true
		}
	}
	return nil, io.EOF
}

func (r *Reader) row(e xml.StartElement) (*Record, error) {
	rec := &Record{Line: r.line}
	if n, err := strconv.ParseInt(attr(e, "r"), 10, 32); err == nil && n > rec.Line {
		rec.Line = n // rows without cells need not be there
	}
	if err := r.cells(rec); err != nil {
		return nil, fmt.Errorf("row %d of the sheet %q: %w", rec.Line, r.sheet.name, err)
	}
	for len(rec.Cells) < len(r.header) {
		rec.Cells = append(rec.Cells, "")
	}
	r.line = rec.Line + 1
	rec.End, rec.EndLine = r.stream.offset(), r.line
	return rec, nil
}

// cells reads to the row's end.
func (r *Reader) cells(rec *Record) error {
	rec.Cells = make([]string, 0, len(r.header))
	for next, size := 0, 0; ; {
		t, err := r.stream.token()
		if err != nil {
			return err
		}
		e, ok := t.(xml.StartElement)
		if _, over := t.(xml.EndElement); over {
			return nil
		}
		if !ok {
			continue
		}
		at := next
		if n, ok := column(attr(e, "r")); ok {
			at = n
		}
		next = at + 1
		if e.Name.Local != "c" || rec.Problem != "" || at >= r.width() {
			if err := r.stream.skip(); err != nil {
				return err
			}
			continue
		}
		c, err := r.readCell(e)
		if err != nil {
			return err
		}
		n, err := r.put(rec, at, c, r.o.MaxRecord-size)
		if err != nil {
			return err
		}
		size += n
	}
}

// width is how many columns are read: beyond the header's nothing can be named.
func (r *Reader) width() int {
	if r.header == nil {
		return maxColumns
	}
	return len(r.header)
}

// put gives the record a cell, of which there is room for so many bytes, and
// returns how many it took.
func (r *Reader) put(rec *Record, at int, c cell, room int) (int, error) {
	text, problem, err := r.show(c)
	if err != nil {
		return 0, err
	}
	n := len(text)
	if n > room {
		rec.Problem = fmt.Sprintf("the row is longer than %d bytes", r.o.MaxRecord)
		text = strings.ToValidUTF8(text[:min(n, maxQuote)], "") + "…"
	}
	for len(rec.Cells) <= at {
		rec.Cells = append(rec.Cells, "")
	}
	rec.Cells[at] = text
	if problem != "" {
		rec.Faults = append(rec.Faults, Fault{at, problem})
	}
	return n, nil
}
