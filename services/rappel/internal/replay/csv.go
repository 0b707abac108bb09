package replay

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/csvfile"
	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// csvSource reads responses from a CSV file through a mapping.
type csvSource struct {
	reader *csvfile.Reader
	bound  *mapping.Bound
	id     identity
	offset int64
	line   int64
}

func newCSV(f *os.File, o Options, id *identity) (*csvSource, error) {
	m, text, err := mapping.Load(o.Mapping)
	if err != nil {
		return nil, mappingError(o.Mapping, err)
	}
	sum := sha256.Sum256(text)
	id.Mapping = sum[:]
	r, err := csvfile.New(f, csvfile.Options{Delimiter: m.Delimiter(), Encoding: m.Encoding(), MaxRecord: MaxRow})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.File, err)
	}
	bound, err := m.Bind(r.Header())
	if err != nil {
		return nil, mappingError(o.Mapping, err)
	}
	s := &csvSource{reader: r, bound: bound, id: *id}
	s.offset, s.line = r.Offset()
	return s, nil
}

// mappingError puts the mapping's name before what is wrong with it.
func mappingError(path string, err error) error {
	var problems mapping.Problems
	if errors.As(err, &problems) {
		return fmt.Errorf("the mapping %s does not fit:\n  %s", path, strings.ReplaceAll(problems.Error(), "\n", "\n  "))
	}
	return fmt.Errorf("the mapping: %w", err)
}

func (s *csvSource) start() (int64, int64)         { return s.offset, s.line }
func (s *csvSource) seek(offset, line int64) error { return s.reader.SeekTo(offset, line) }

func (s *csvSource) next() (*row, error) {
	for {
		rec, err := s.reader.Next()
		if err != nil {
			return nil, err
		}
		if rec.Blank() {
			continue
		}
		return s.row(rec), nil
	}
}

func (s *csvSource) row(rec *csvfile.Record) *row {
	r := &row{line: rec.Line, end: rec.End, endLine: rec.EndLine, original: original{cells: rec.Cells}}
	if rec.Problem != "" {
		r.refuse = rec.Problem
		return r
	}
	mapped := s.bound.Map(rec.Cells)
	r.skip, r.refuse, r.resp = mapped.Skip, strings.Join(mapped.Problems, "; "), mapped.Response
	if r.resp == nil {
		return r
	}
	if r.resp.GetId() == "" {
		r.resp.Id = makeID(s.id, rec.Line, rec.Cells...)
	}
	r.origin = func(field string) string { return s.bound.Origin(mapped, field) }
	return r
}

// Columns that a rejects file has beside the original's.
const (
	lineColumn   = "_line"
	reasonColumn = "_reason"
)

func (s *csvSource) rejects(w io.Writer) rejectWriter {
	c := csv.NewWriter(w)
	c.Comma = rune(s.reader.Delimiter())
	out := &csvRejects{w: w, csv: c}
	// A rejects file that is replayed and rejects again does not grow columns.
	for i, h := range s.reader.Header() {
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
}

// header begins with a byte order mark: spreadsheets need it, and the reader
// takes it as the file's word for UTF-8 whatever the mapping declares.
func (c *csvRejects) header() error {
	if _, err := io.WriteString(c.w, "\xef\xbb\xbf"); err != nil {
		return err
	}
	return c.csv.Write(append(slices.Clone(c.names), lineColumn, reasonColumn))
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
