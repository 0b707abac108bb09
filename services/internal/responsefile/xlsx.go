package responsefile

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/xlsxfile"
)

// xlsxSource reads responses from a sheet of a workbook through a mapping. Its
// offsets are in the unzipped sheet, and so is its identity's size.
type xlsxSource struct {
	mapped
	reader    *xlsxfile.Reader
	delimiter byte // of the rejects
	offset    int64
	line      int64
}

func newXLSX(c io.ReaderAt, m *mapping.Mapping, id *Identity) (*xlsxSource, error) {
	r, err := xlsxfile.New(c, id.Size, xlsxfile.Options{Sheet: m.Sheet(), MaxRecord: MaxRow})
	if err != nil {
		return nil, err
	}
	bound, err := m.Bind(r.Header())
	if err == nil {
		err = m.CheckWorkbook(r.From1904())
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	sum := r.Fingerprint()
	id.Size, id.Head = r.Size(), sum[:]
	s := &xlsxSource{mapped: mapped{bound, *id}, reader: r, delimiter: m.Delimiter()}
	s.offset, s.line = r.Offset()
	return s, nil
}

func (s *xlsxSource) start() (int64, int64)         { return s.offset, s.line }
func (s *xlsxSource) seek(offset, line int64) error { return s.reader.SeekTo(offset, line) }
func (s *xlsxSource) close() error                  { return s.reader.Close() }

func (s *xlsxSource) next() (*Row, error) {
	rec, err := s.reader.Next()
	for err == nil && rec.Blank() {
		rec, err = s.reader.Next()
	}
	if err != nil {
		return nil, err
	}
	problem := rec.Problem
	if problem == "" {
		problem = s.faults(rec)
	}
	return s.row(record{rec.Line, rec.End, rec.EndLine, rec.Cells, problem}), nil
}

// faults are the cells without a value that the mapping reads; what is wrong with
// a column that nobody reads does not matter.
func (s *xlsxSource) faults(rec *xlsxfile.Record) string {
	var all []string
	for _, f := range rec.Faults {
		if s.bound.Reads(f.Column) {
			all = append(all, strconv.Quote(s.reader.Header()[f.Column])+": "+f.Problem)
		}
	}
	return strings.Join(all, "; ")
}

// rejects are a CSV file, which the mapping that read the workbook reads as well:
// with the delimiter that it declares, or one that its header leaves no doubt of.
func (s *xlsxSource) rejects(w io.Writer) Rejects {
	if s.delimiter != 0 {
		return newCSVRejects(w, rune(s.delimiter), s.reader.Header())
	}
	out := newCSVRejects(w, ';', s.reader.Header())
	out.quoted = true
	return out
}
