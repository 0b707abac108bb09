package queue_test

import (
	"context"
	"math/rand/v2"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// wavering is a store that at times stores and does not say so, or does not
// store and does not say that either.
type wavering struct{ queue.Store }

func (s wavering) Commit(ctx context.Context, e callback.Event, once string) (callback.Aggregate, error) {
	n := rand.IntN(40)
	if e.Type == callback.EventOffered { // which is for whoever offers: nobody asks again
		return s.Store.Commit(ctx, e, once)
	}
	if n == 0 {
		return callback.Aggregate{}, bus.ErrUnavailable
	}
	a, err := s.Store.Commit(ctx, e, once)
	if n == 1 && err == nil {
		return callback.Aggregate{}, bus.ErrUnavailable
	}
	return a, err
}

// blind is a store that takes any decision, on whatever state it was taken.
type blind struct{ queue.Store }

func (s blind) Commit(ctx context.Context, e callback.Event, once string) (callback.Aggregate, error) {
	for {
		a, err := s.Store.Commit(ctx, e, once)
		if !is(err, queue.ErrConflict) {
			return a, err
		}
		now, err := s.Load(ctx, e.Next.CustomerKey)
		if err != nil {
			return now, err
		}
		e.Next.Seq = now.Seq
	}
}
