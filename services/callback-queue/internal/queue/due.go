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
	// maxFailing bounds how many of those are remembered.
	maxFailing = 10_000
)

// Watch gives the commands of deadlines that have passed, until ctx ends. Any
// number of processes may watch the same index: the commit lets one of them win.
func (q *Queue) Watch(ctx context.Context) error {
	w := deadlines{queue: q, failing: map[string]failure{}}
	clock.Every(ctx, q.pace.due, func() {
		for w.round(ctx) && ctx.Err() == nil {
			// a full batch: there may be more
		}
		q.signals.watched.fire()
	})
	return nil
}

// deadlines is one watcher. Those that cannot be handled stay due, at the front
// of the line: it remembers them and looks behind them.
type deadlines struct {
	queue   *Queue
	failing map[string]failure
}

type failure struct {
	times int
	again time.Time
}

// round handles what is due and reports whether there may be more at once.
func (w *deadlines) round(ctx context.Context) bool {
	now, limit := w.queue.clock.Now(), dueBatch+len(w.failing)
	due, err := w.queue.index.Due(ctx, now, limit)
	if err != nil {
		w.queue.log.Warn("the index does not say what is due", zap.Error(err))
		return false
	}
	if len(due) < limit {
		w.forget(due)
	}
	todo := make([]Entry, 0, len(due))
	for _, e := range due {
		if !now.Before(w.failing[e.ID].again) {
			todo = append(todo, e)
		}
	}
	settled := w.handle(ctx, todo, now)
	return len(due) == limit && settled > 0
}

// forget drops the failures of what is due no more; due is all there is.
func (w *deadlines) forget(due []Entry) {
	still := make(map[string]failure, len(w.failing))
	for _, e := range due {
		if f, failed := w.failing[e.ID]; failed {
			still[e.ID] = f
		}
	}
	w.failing = still
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
			defer mu.Unlock()
			if done {
				settled++
				delete(w.failing, e.ID)
				return
			}
			w.failed(e, now, err)
		})
	}
	wg.Wait()
	return settled
}

func (w *deadlines) failed(e Entry, now time.Time, err error) {
	f := w.failing[e.ID]
	f.times++
	f.again = now.Add(min(firstDueRetry<<min(f.times-1, 10), lastDueRetry))
	if len(w.failing) < maxFailing || f.times > 1 {
		w.failing[e.ID] = f
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		w.queue.log.Warn("a deadline could not be handled; it stays due",
			zap.String(obs.CallbackID, e.ID), zap.Int("times", f.times), zap.Error(err))
	}
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
