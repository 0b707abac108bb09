package bus

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Since returns the sequence from which on a stream's events were stored at t or after, and
// that of the last event there was; there may be none between them. It asks for some twenty
// events, whatever the stream's size.
func (b *Bus) Since(ctx context.Context, stream string, t time.Time) (first, last uint64, err error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: stream %s: %w", ErrUnavailable, stream, err)
	}
	state := s.CachedInfo().State
	first, last = max(state.FirstSeq, 1), state.LastSeq
	for end := last + 1; first < end; {
		middle := first + (end-first)/2
		d, err := b.leaderGet(ctx, stream, getRequest{Seq: middle, Next: ">"})
		switch {
		case errors.Is(err, ErrNotFound):
			end = middle
		case err != nil:
			return 0, 0, err
		case d.Time.Before(t):
			first = d.Sequence + 1
		default:
			end = middle
		}
	}
	return first, last, nil
}

// Between hands over the events of a stream whose subjects match filter, from one sequence
// to another, both included, oldest first. It asks the leader for them one by one and
// leaves nothing behind on the server: right for a bucket's, now and then.
func (b *Bus) Between(ctx context.Context, stream, filter string, from, to uint64, each func(Delivery) error) error {
	for seq := max(from, 1); seq <= to; {
		d, err := b.leaderGet(ctx, stream, getRequest{Seq: seq, Next: filter})
		if errors.Is(err, ErrNotFound) || err == nil && d.Sequence > to {
			return nil
		}
		if err == nil {
			err = each(d)
		}
		if err != nil {
			return err
		}
		seq = d.Sequence + 1
	}
	return nil
}
