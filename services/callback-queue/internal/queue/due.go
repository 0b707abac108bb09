package queue

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// The due loop's pace. Punctuality is not correctness: the domain checks the
// deadline itself when the command is decided.
const (
	dueInterval = 500 * time.Millisecond
	dueBatch    = 200
)

// Watch gives the commands of deadlines that have passed, until ctx ends. Any
// number of processes may watch the same index: the commit lets one of them win.
func (q *Queue) Watch(ctx context.Context) error {
	tick := time.NewTicker(dueInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for q.expire(ctx) == dueBatch && ctx.Err() == nil {
			// a full batch: there may be more
		}
	}
}

// expire handles one batch and returns how many of it were settled.
func (q *Queue) expire(ctx context.Context) (settled int) {
	due, err := q.index.Due(ctx, q.clock.Now(), dueBatch)
	if err != nil {
		q.log.Warn("the index does not say what is due", zap.Error(err))
		return 0
	}
	for _, e := range due {
		if err := q.expireOne(ctx, e); err != nil {
			q.log.Warn("a deadline could not be handled; it stays due", zap.String(obs.CallbackID, e.ID), zap.Error(err))
			continue
		}
		settled++
	}
	return settled
}

func (q *Queue) expireOne(ctx context.Context, e Entry) error {
	a, err := q.store.Reload(ctx, e.CustomerKey)
	if err != nil {
		return err
	}
	cb, err := a.Find(e.ID)
	if err != nil {
		q.forget(ctx, e, a)
		return nil
	}
	cmd := cb.DueCommand()
	if cmd == nil {
		q.apply(ctx, a)
		return nil
	}
	_, err = q.updateIf(ctx, e.CustomerKey, cmd, func(a callback.Aggregate) error {
		_, err := a.Find(e.ID)
		return err
	})
	return err
}
