package imports

import (
	"context"
	"errors"
	"io"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// Bounds of a slice: the rows of one state, however fast or slow they are stored.
const (
	sliceRows  = 2000
	sliceBytes = 8 << 20
)

// maxOpen bounds the files that are kept open between two slices.
const maxOpen = 4

// reading is a file that is open. One slice at a time uses it.
type reading struct {
	file    *responsefile.File
	content *content
	at      int64 // where the next row begins; unknown is negative
	tried   int64 // where the last slice began that may have been stored
}

const unknown = -1

func (r *reading) close() error { return r.file.Close() }

// read opens a stored file.
func (s *Service) read(ctx context.Context, e *eventsv1.ImportEvent, o responsefile.Options) (*reading, error) {
	c := &content{
		ctx: ctx, size: e.GetImport().GetSize(), part: e.GetPartSize(),
		get: func(ctx context.Context, part string) ([]byte, error) { return s.get(ctx, e.GetFile(), part) },
	}
	f, err := responsefile.Open(c, c.size, o)
	if err != nil {
		return nil, err
	}
	return &reading{file: f, content: c, at: unknown, tried: unknown}, nil
}

// borrow returns the file of an import at work where its next row begins. It is given back
// with giveBack, or closed.
func (s *Service) borrow(ctx context.Context, e *eventsv1.ImportEvent) (*reading, error) {
	s.mu.Lock()
	r := s.open[e.GetFile()]
	delete(s.open, e.GetFile())
	s.mu.Unlock()
	if r == nil {
		var err error
		if r, err = s.reopen(ctx, e); err != nil {
			return nil, err
		}
	}
	r.content.ctx = ctx
	if at := e.GetImport().GetRead(); r.at != at {
		if err := r.file.Resume(at, e.GetLine()); err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.at = at
	}
	return r, nil
}

func (s *Service) reopen(ctx context.Context, e *eventsv1.ImportEvent) (*reading, error) {
	o := responsefile.Options{Name: e.GetImport().GetName(), Format: responsefile.Format(e.GetImport().GetFormat())}
	if e.GetMapped() {
		var err error
		if o.MappingText, err = s.get(ctx, e.GetFile(), mappingPart); err != nil {
			return nil, err
		}
		if o.Mapping, err = mapping.Parse("mapping", o.MappingText); err != nil {
			return nil, err
		}
	}
	return s.read(ctx, e, o)
}

// giveBack keeps a file open for its next slice, unless many are.
func (s *Service) giveBack(file string, r *reading) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= maxOpen || s.open[file] != nil {
		return r.close()
	}
	s.open[file] = r
	return nil
}

// letGo closes a file that nobody reads on.
func (s *Service) letGo(file string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.open[file]
	if r == nil {
		return nil
	}
	delete(s.open, file)
	return r.close()
}

// rows reads a slice's rows; fewer than none are left of the file when last is true.
func (r *reading) rows(most int) (rows []*responsefile.Row, last bool, err error) {
	for size := 0; len(rows) < most && size < sliceBytes; {
		row, err := r.file.Next()
		if errors.Is(err, io.EOF) {
			return rows, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		size += row.Size()
		rows = append(rows, row)
	}
	return rows, false, nil
}
