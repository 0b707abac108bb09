package replay

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Columns that a rejects file has beside the original's.
const (
	lineColumn   = "_line"
	reasonColumn = "_reason"
)

func newCSVRejects(w io.Writer, delimiter rune, header []string) *csvRejects {
	c := csv.NewWriter(w)
	c.Comma = delimiter
	out := &csvRejects{w: w, csv: c}
	// A rejects file that is replayed and rejects again does not grow columns.
	for i, h := range header {
		if h != lineColumn && h != reasonColumn {
			out.keep, out.names = append(out.keep, i), append(out.names, h)
		}
	}
	return out
}

type csvRejects struct {
	w     io.Writer
	csv   *csv.Writer
	keep  []int
	names []string
	// quoted puts every name in quotes, so that only the delimiter can part them.
	quoted bool
}

// header begins with a byte order mark: spreadsheets need it, and the reader
// takes it as the file's word for UTF-8 whatever the mapping declares.
func (c *csvRejects) header() error {
	if _, err := io.WriteString(c.w, "\xef\xbb\xbf"); err != nil {
		return err
	}
	names := append(slices.Clone(c.names), lineColumn, reasonColumn)
	if !c.quoted {
		return c.csv.Write(names)
	}
	for i, n := range names {
		names[i] = `"` + strings.ReplaceAll(n, `"`, `""`) + `"`
	}
	_, err := io.WriteString(c.w, strings.Join(names, string(c.csv.Comma))+"\n")
	return err
}

func (c *csvRejects) write(o original, r RowResult) error {
	cells := make([]string, 0, len(c.keep)+2)
	for _, i := range c.keep {
		if i < len(o.cells) {
			cells = append(cells, o.cells[i])
		} else {
			cells = append(cells, "")
		}
	}
	return c.csv.Write(append(cells, strconv.FormatInt(r.Line, 10), r.Reason))
}

func (c *csvRejects) flush() error {
	c.csv.Flush()
	return c.csv.Error()
}
