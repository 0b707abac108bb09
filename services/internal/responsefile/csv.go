package responsefile

import (
	"io"

	"github.com/rappel-loop/rappel/services/internal/csvfile"
	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// csvSource reads responses from a CSV file through a mapping.
type csvSource struct {
	mapped
	reader *csvfile.Reader
	offset int64
	line   int64
	marked bool // cells are as a rejects file has them
}

func newCSV(c io.ReadSeeker, m *mapping.Mapping, id Identity) (*csvSource, error) {
	r, err := csvfile.New(c, csvfile.Options{Delimiter: m.Delimiter(), Encoding: m.Encoding(), MaxRecord: MaxRow})
	if err != nil {
		return nil, err
	}
	bound, err := m.Bind(r.Header())
	if err != nil {
		return nil, err
	}
	s := &csvSource{mapped: mapped{bound, id}, reader: r, marked: areRejects(r.Header())}
	s.offset, s.line = r.Offset()
	return s, nil
}

func (s *csvSource) start() (int64, int64)         { return s.offset, s.line }
func (s *csvSource) seek(offset, line int64) error { return s.reader.SeekTo(offset, line) }
func (s *csvSource) close() error                  { return nil }

func (s *csvSource) next() (*Row, error) {
	rec, err := s.reader.Next()
	for err == nil && rec.Blank() {
		rec, err = s.reader.Next()
	}
	if err != nil {
		return nil, err
	}
	if s.marked {
		unmark(rec.Cells)
	}
	return s.row(record{rec.Line, rec.End, rec.EndLine, rec.Cells, rec.Problem}), nil
}

func (s *csvSource) rejects(w io.Writer) Rejects {
	return newCSVRejects(w, rune(s.reader.Delimiter()), s.reader.Header())
}
