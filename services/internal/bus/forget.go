package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Forget deletes the event at a sequence of a stream; what is not there is no error. It is for
// what is large and will not be wanted again. A follower that looks whether its stream is
// still the same reads it again.
func (b *Bus) Forget(ctx context.Context, stream string, seq uint64) error {
	s, err := b.stream(ctx, stream)
	if err != nil {
		return err
	}
	if err = b.delete(ctx, s, seq); err == nil {
		return nil
	}
	// The library says why in words only.
	if _, gone := b.At(ctx, stream, seq); errors.Is(gone, ErrNotFound) {
		return nil
	}
	return fmt.Errorf("%w: delete from %s: %w", ErrUnavailable, stream, err)
}

func (b *Bus) delete(ctx context.Context, s jetstream.Stream, seq uint64) error {
	ctx, cancel := b.question(ctx)
	defer cancel()
	return s.DeleteMsg(ctx, seq)
}
