package bus

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Given reports whether a consumer of all of a stream was given everything that was stored
// there before t. What it was given may be in hand still.
func (b *Bus) Given(ctx context.Context, stream, durable string, t time.Time) (bool, error) {
	ctx, cancel := b.question(ctx)
	defer cancel()
	c, err := b.js.Consumer(ctx, stream, durable)
	if err != nil {
		return false, fmt.Errorf("%w: consumer %s: %w", ErrUnavailable, durable, err)
	}
	// How many events wait for it is not asked: it hears of one a moment after that was
	// acknowledged to whoever stored it.
	return b.NothingBefore(ctx, stream, c.CachedInfo().Delivered.Stream+1, t)
}

// NothingBefore reports whether a stream has nothing, from a sequence on, that was stored
// before t, as its leader has it.
func (b *Bus) NothingBefore(ctx context.Context, stream string, from uint64, t time.Time) (bool, error) {
	ctx, cancel := b.question(ctx)
	defer cancel()
	d, err := b.leaderGet(ctx, stream, getRequest{Seq: from, Next: ">"})
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return !d.Time.Before(t), nil
}
