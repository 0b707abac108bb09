package xlsxfile

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// cell is one as it stands in the sheet.
type cell struct {
	kind    string // the attribute t
	style   int
	value   []byte // of <v>, or of <is>
	formula bool
	valued  bool // there is a <v>, be it empty
}

// Fault is why a cell has no value. The record's cell holds what it shows.
type Fault struct {
	// Column counts from 0.
	Column int
	// Problem completes a sentence that begins with the column's name.
	Problem string
}

// What is wrong with cells.
const (
	uncalculated = "holds a formula that was never calculated: open the workbook in a spreadsheet program and save it"
	noNumber     = "holds a number that cannot be read"
	noDate       = "holds a date that cannot be read"
	noText       = "points to a text that is not in the workbook"
)

// readCell reads to the cell's end.
func (r *Reader) readCell(e xml.StartElement) (cell, error) {
	c := cell{kind: attr(e, "t"), value: r.scratch[:0]}
	c.style, _ = strconv.Atoi(attr(e, "s"))
	for {
		t, err := r.stream.token()
		if err != nil {
			return c, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "v":
				c.valued = true
				c.value, err = r.stream.text(c.value[:0], r.o.MaxRecord+1)
			case "is":
				c.value, err = r.stream.richText(c.value[:0], r.o.MaxRecord+1)
			case "f":
				c.formula = true
				err = r.stream.skip()
			default:
				err = r.stream.skip()
			}
			r.scratch = c.value
			if err != nil {
				return c, err
			}
		case xml.EndElement:
			return c, nil
		}
	}
}

// show gives the cell's value as text, or says why it has none.
func (r *Reader) show(c cell) (text, problem string, err error) {
	switch c.kind {
	case "s":
		return r.shared(c)
	case "str", "inlineStr":
		if c.formula && !c.valued {
			return "", uncalculated, nil
		}
		return plain(c.value), "", nil
	}
	v := strings.TrimSpace(string(c.value))
	switch {
	case v == "" && c.formula:
		return "", uncalculated, nil
	case v == "":
		return "", "", nil
	case c.kind == "e":
		return errorWord(v), "holds the error " + errorWord(v), nil
	case c.kind == "b":
		return bit(v), "", nil
	case c.kind == "d":
		if text, ok := isoDate(v); ok {
			return text, "", nil
		}
		return "", noDate, nil
	}
	text, ok := number(v)
	if !ok {
		return "", noNumber, nil
	}
	if c.style >= 0 && c.style < len(r.book.dates) && r.book.dates[c.style] {
		if d, ok := date(v, r.book.from1904); ok {
			return d, "", nil
		}
	}
	return text, "", nil
}

func (r *Reader) shared(c cell) (text, problem string, err error) {
	s := strings.TrimSpace(string(c.value))
	if s == "" {
		return "", "", nil
	}
	n := -1 // which no text has
	if i, err := strconv.Atoi(s); err == nil {
		n = i
	}
	b, ok, err := r.texts.get(r.scratch[:0], n)
	r.scratch = b
	if err == nil && !ok {
		problem = noText
	}
	return plain(b), problem, err
}

// bit is how yes and no are handed over.
func bit(s string) string {
	if yes(strings.ToLower(s)) {
		return "1"
	}
	return "0"
}
