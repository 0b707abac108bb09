package replay

import (
	"context"
	"errors"
	"io"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// segment is a stretch of the file that is sent as one batch, with the rows
// between that are not sent.
type segment struct {
	number       int
	rows         []*row
	sending      []*row
	end, endLine int64
	done         chan struct{}
}

// reader cuts the file into segments.
type reader struct {
	file   *responsefile.File
	batch  int
	left   int64 // rows that may still be read; negative is all
	ahead  *row  // read, but it did not fit
	number int
}

// next returns the next segment, or io.EOF. A segment is bounded in rows and in
// bytes, whether its rows are sent or not.
func (r *reader) next(ctx context.Context) (*segment, error) {
	s := &segment{number: r.number, done: make(chan struct{})}
	bytes := int64(0)
	for len(s.sending) < r.batch && len(s.rows) < 10*MaxBatch && ctx.Err() == nil {
		row, err := r.row()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		size := int64(len(row.content) + row.Size())
		if len(s.rows) > 0 && bytes+size > maxBatchBytes {
			r.ahead = row
			break
		}
		bytes += size
		s.rows = append(s.rows, row)
		if row.toSend() {
			s.sending = append(s.sending, row)
		}
		s.end, s.endLine = row.End, row.EndLine
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if len(s.rows) == 0 {
		return nil, io.EOF
	}
	r.number++
	return s, nil
}

func (r *reader) row() (*row, error) {
	if ahead := r.ahead; ahead != nil {
		r.ahead = nil
		return ahead, nil
	}
	if r.left == 0 {
		return nil, io.EOF
	}
	read, err := r.file.Next()
	if err != nil {
		return nil, err
	}
	row := &row{Row: read}
	if r.left > 0 {
		r.left--
	}
	row.settleLocally()
	return row, nil
}

// order keeps the rows of one response in the file's order: it knows, for each
// key under way, the last segment that holds it. Only the dispatcher uses it.
type order struct {
	last map[string]*segment
	open []*segment
}

// wait returns when no segment under way holds a key of s, and registers s.
func (o *order) wait(ctx context.Context, s *segment) error {
	o.forget()
	for _, r := range s.sending {
		before, ok := o.last[r.key()]
		if !ok {
			continue
		}
		select {
		case <-before.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, r := range s.sending {
		o.last[r.key()] = s
	}
	o.open = append(o.open, s)
	return nil
}

// forget drops what is no longer under way, which bounds the memory.
func (o *order) forget() {
	kept := o.open[:0]
	for _, s := range o.open {
		select {
		case <-s.done:
			for _, r := range s.sending {
				if o.last[r.key()] == s {
					delete(o.last, r.key())
				}
			}
		default:
			kept = append(kept, s)
		}
	}
	clear(o.open[len(kept):])
	o.open = kept
}
