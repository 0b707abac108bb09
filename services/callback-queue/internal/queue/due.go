package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

const (
	// dueBatch is how many deadlines are looked for at once, and dueAtOnce how
	// many of them are handled at the same time: their commits share a sync.
	dueBatch, dueAtOnce = 200, 16
	// dueInARow is how many deadlines of one callback are handled before others'.
	dueInARow = 8
	// firstDueRetry and lastDueRetry are how long a deadline that could not be
	// handled is left alone; the wait doubles.
	firstDueRetry, lastDueRetry = 2 * time.Second, 5 * time.Minute
	// maxFailing bounds how many of those are remembered: beyond it all begin again
	// with the shortest wait.
	maxFailing = 10_000
	// dueHold is how long what one process has taken is left to it: a batch takes some
	// milliseconds, and if the process dies amid it, its timers are late by that.
	dueHold = 10 * time.Second
)

// Watch gives the commands of deadlines that have passed, until ctx ends. Any
// number of processes may watch the same index: each takes other deadlines out of it,
// and where two have the same one after all, the commit lets one of them win.
func (q *Queue) Watch(ctx context.Context) error {
	w := deadlines{queue: q, failing: map[string]int{}}
	clock.Every(ctx, q.pace.due, func() {
		for w.round(ctx) && ctx.Err() == nil {
			// a full batch: there may be more
		}
		q.signals.watched.fire()
	})
	return nil
}

// deadlines is one watcher. What cannot be handled is put off, so that those behind
// it come first.
type deadlines struct {
	queue *Queue
	// failing is how often in a row each could not be handled.
	failing map[string]int
}

// round handles what is due and reports whether there may be more at once.
func (w *deadlines) round(ctx context.Context) bool {
	now := w.queue.clock.Now()
	due, err := w.queue.index.TakeDue(ctx, now, dueHold, dueBatch)
	if err != nil {
		w.queue.log.Warn("the index does not say what is due", zap.Error(err))
		return false
	}
	settled := w.handle(ctx, due, now)
	return len(due) == dueBatch && settled > 0
}

// handle deals with the entries, some at once, and returns how many are settled.
func (w *deadlines) handle(ctx context.Context, todo []Entry, now time.Time) (settled int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, dueAtOnce)
	for _, e := range todo {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			done, err := w.queue.expire(ctx, e)
			mu.Lock()
			times := w.count(e.ID, done)
			if done {
				settled++
			}
			mu.Unlock()
			if !done {
				w.failed(ctx, e, times, now, err)
			}
		})
	}
	wg.Wait()
	return settled
}

// failed leaves a deadline alone for a while, longer each time.
func (w *deadlines) failed(ctx context.Context, e Entry, times int, now time.Time, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		w.queue.log.Warn("a deadline could not be handled; it stays due",
			zap.String(obs.CallbackID, e.ID), zap.Int("times", times), zap.Error(err))
	}
	again := now.Add(min(firstDueRetry<<min(times-1, 10), lastDueRetry))
	if err := w.queue.index.PutOff(ctx, again, e); err != nil && ctx.Err() == nil {
		w.queue.log.Warn("a deadline could not be put off; it is taken again shortly", zap.String(obs.CallbackID, e.ID), zap.Error(err))
	}
}

// count notes what came of a deadline and returns how often in a row it has failed.
func (w *deadlines) count(id string, done bool) int {
	if done {
		delete(w.failing, id)
		return 0
	}
	if len(w.failing) >= maxFailing && w.failing[id] == 0 {
		clear(w.failing)
	}
	w.failing[id]++
	return w.failing[id]
}

// rings reports whether a deadline of the callback has passed.
func (q *Queue) rings(a callback.Aggregate, id string) bool {
	cb, err := a.Find(id)
	return err == nil && !cb.DueAt().IsZero() && !cb.DueAt().After(q.clock.Now())
}

// expire gives the command of one deadline, and of those of the same callback that
// have passed meanwhile. It reports whether the entry is not due any more.
func (q *Queue) expire(ctx context.Context, e Entry) (bool, error) {
	a, _, err := q.store.Read(ctx, e.CustomerKey)
	if err != nil {
		return false, err
	}
	for range dueInARow {
		cmd := callback.Command(callback.ExpireLease{})
		if cb, err := a.Find(e.ID); err == nil && cb.DueCommand() != nil {
			cmd = cb.DueCommand()
		}
		a, err = q.update(ctx, e.CustomerKey, onOnly(e.ID, cmd))
		if err != nil && !errors.Is(err, callback.ErrNoCallback) {
			return false, err
		}
		if !q.rings(a, e.ID) {
			break
		}
	}
	return q.settle(ctx, e, a), nil
}
