package responsefile

import (
	"encoding/csv"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Columns that a rejects file has beside the original's.
const (
	lineColumn   = "_line"
	reasonColumn = "_reason"
)

func areRejects(header []string) bool {
	return slices.Contains(header, lineColumn) && slices.Contains(header, reasonColumn)
}

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

// Header begins with a byte order mark: spreadsheets need it, and the reader
// takes it as the file's word for UTF-8 whatever the mapping declares.
func (c *csvRejects) Header() error {
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

func (c *csvRejects) Write(r *Row, reason string) error {
	cells := make([]string, 0, len(c.keep)+2)
	for _, i := range c.keep {
		if i < len(r.cells) {
			cells = append(cells, mark(r.cells[i]))
		} else {
			cells = append(cells, "")
		}
	}
	return c.csv.Write(append(cells, strconv.FormatInt(r.Line, 10), reason))
}

func (c *csvRejects) Flush() error {
	c.csv.Flush()
	return c.csv.Error()
}

// A spreadsheet runs a cell that begins so as a formula, and a customer may have written
// it: see owasp.org/www-community/attacks/CSV_Injection. A number is none.
var (
	formula = regexp.MustCompile(`^'*[=+\-@\t\r]`)
	number  = regexp.MustCompile(`^[+\-]?[0-9][0-9 .,]*$`)
)

// mark puts an apostrophe before what would run: spreadsheets show the rest as text.
func mark(cell string) string {
	if formula.MatchString(cell) && !number.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

// unmark takes the apostrophes of mark away again.
func unmark(cells []string) {
	for i, c := range cells {
		if strings.HasPrefix(c, "'") && formula.MatchString(c) {
			cells[i] = c[1:]
		}
	}
}
