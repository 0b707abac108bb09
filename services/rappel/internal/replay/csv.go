package replay

import (
	"fmt"
	"io"
	"os"

	"github.com/rappel-loop/rappel/services/internal/csvfile"
)

// csvSource reads responses from a CSV file through a mapping.
type csvSource struct {
	mapped
	reader *csvfile.Reader
	offset int64
	line   int64
}

func newCSV(f *os.File, o Options, id *identity) (*csvSource, error) {
	m, err := loadMapping(o, id)
	if err != nil {
		return nil, err
	}
	r, err := csvfile.New(f, csvfile.Options{Delimiter: m.Delimiter(), Encoding: m.Encoding(), MaxRecord: MaxRow})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.File, err)
	}
	bound, err := m.Bind(r.Header())
	if err != nil {
		return nil, mappingError(o.Mapping, err)
	}
	s := &csvSource{mapped: mapped{bound, *id}, reader: r}
	s.offset, s.line = r.Offset()
	return s, nil
}

func (s *csvSource) start() (int64, int64)         { return s.offset, s.line }
func (s *csvSource) seek(offset, line int64) error { return s.reader.SeekTo(offset, line) }
func (s *csvSource) close() error                  { return nil }

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
	s.fill(r)
	return r
}

func (s *csvSource) rejects(w io.Writer) rejectWriter {
	return newCSVRejects(w, rune(s.reader.Delimiter()), s.reader.Header())
}
