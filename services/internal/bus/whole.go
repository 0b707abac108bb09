package bus

import (
	"context"
	"errors"
	"fmt"
)

var errWhole = errors.New("read to the end")

// Whole hands over every event of a subject, oldest first, up to the last one that the
// stream's leader has now, whose sequence it returns; 0 when there is none. Whatever was
// acknowledged before the call is among them, so a refusal may be built on what is not.
// Without bodies where headersOnly says so.
func (b *Bus) Whole(ctx context.Context, subj string, headersOnly bool, each func(Delivery) error) (uint64, error) {
	last, err := b.Latest(ctx, subj)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*b.timeout)
	defer cancel()
	take := func(d Delivery) error {
		if d.Sequence <= last.Sequence {
			if err := each(d); err != nil {
				return err
			}
		}
		if d.Sequence >= last.Sequence {
			return errWhole
		}
		return nil
	}
	err = b.Follow(ctx, FollowOptions{Stream: last.Stream, Filter: subj, HeadersOnly: headersOnly}, take, func() error { return errWhole })
	switch {
	case errors.Is(err, errWhole):
		return last.Sequence, nil
	case ctx.Err() != nil:
		return 0, fmt.Errorf("%w: read a subject: %w", ErrUnavailable, ctx.Err())
	}
	return 0, err
}
