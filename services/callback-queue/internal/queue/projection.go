package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

const (
	// batchSize is how many entries one Apply takes.
	batchSize = 500
	// maxWaiting bounds the entries that wait for their time; beyond it the
	// oldest are applied early.
	maxWaiting = 20_000
)

// projection is one run of the projector. First it catches up in batches. Then
// it walks some seconds behind the stream: whoever commits tells the index at
// once, so what comes here is mostly known there, and bringing it again heals
// what a Redis that fails over forgets of its last moments.
type projection struct {
	queue   *Queue
	floor   Checkpoint // where the stream stood when the run began
	from    uint64
	started time.Time

	mu      sync.Mutex
	waiting []waiting // oldest first
	read    uint64    // the last sequence handed over
	done    uint64    // everything up to it is in the index
	saved   uint64    // the checkpoint this run wrote or found
	events  int
	behind  int // how often in a row the stream was found behind what was read
	live    bool
}

type waiting struct {
	entry Entry
	some  bool // false for an event that changed no callback
	seq   uint64
	since time.Time
}

// run follows the stream until something ends it.
func (p *projection) run(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { p.keep(ctx, end) })
	err := p.queue.store.Follow(ctx, p.from,
		func(a callback.Aggregate) error { return p.take(ctx, a) },
		func() error { return p.caughtUp(ctx) })
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	end(err)
	keeper.Wait()
	return err
}

// take keeps one event for its time.
func (p *projection) take(ctx context.Context, a callback.Aggregate) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := waiting{seq: a.Seq, some: a.Callback != nil}
	if w.some {
		w.entry = p.queue.entry(a)
	}
	if p.live {
		w.since = time.Now()
	}
	p.waiting = append(p.waiting, w)
	p.read = a.Seq
	p.events++
	switch {
	case !p.live && len(p.waiting) >= batchSize:
		return p.apply(ctx, len(p.waiting))
	case len(p.waiting) >= maxWaiting:
		return p.apply(ctx, batchSize)
	default:
		return nil
	}
}

// caughtUp marks the index complete.
func (p *projection) caughtUp(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.apply(ctx, len(p.waiting)); err != nil {
		return err
	}
	p.read = max(p.read, p.floor.Seq)
	p.done = p.read
	if err := p.save(ctx); err != nil {
		return err
	}
	p.live = true
	took := time.Since(p.started)
	p.queue.metrics.caughtUp(took)
	p.queue.log.Info("the index is complete", zap.Int("events_read", p.events), zap.Uint64("from", p.from), zap.Duration("took", took))
	p.queue.signals.complete.fire()
	return nil
}

// apply brings the oldest n of what waits into the index.
func (p *projection) apply(ctx context.Context, n int) error {
	for n > 0 {
		batch := p.waiting[:min(n, batchSize)]
		entries := make([]Entry, 0, len(batch))
		for i := range batch {
			if batch[i].some {
				entries = append(entries, batch[i].entry)
			}
		}
		if err := p.queue.index.Apply(ctx, entries...); err != nil {
			return err
		}
		p.done = batch[len(batch)-1].seq
		p.waiting = p.waiting[len(batch):]
		n -= len(batch)
	}
	if len(p.waiting) == 0 {
		p.waiting = nil
	}
	return nil
}

func (p *projection) save(ctx context.Context) error {
	err := p.queue.index.Complete(ctx, Checkpoint{Incarnation: p.floor.Incarnation, Seq: p.done})
	if err == nil {
		p.saved = p.done
	}
	return err
}

// keep applies what has waited long enough, looks after the index, and ends the
// run when it is to be begun again.
func (p *projection) keep(ctx context.Context, end context.CancelCauseFunc) {
	flush, check := time.NewTicker(p.queue.pace.flush), time.NewTicker(p.queue.pace.check)
	defer flush.Stop()
	defer check.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-p.queue.foreign:
			err = errIndexForeign
		case now := <-flush.C:
			err = p.flush(ctx, now.Add(-p.queue.pace.lag))
		case <-check.C:
			err = p.check(ctx)
		case <-p.queue.lost:
			err = p.check(ctx)
		}
		if err != nil {
			end(err)
			return
		}
	}
}

// flush applies what came before a moment.
func (p *projection) flush(ctx context.Context, before time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.waiting) && p.live && p.waiting[n].since.Before(before) {
		n++
	}
	if n == 0 {
		return nil
	}
	err := p.apply(ctx, n)
	if err == nil {
		p.queue.signals.flushed.fire()
	}
	return err
}

// check looks whether the index and the stream are still the ones this run
// began with, and saves how far it got. Only what this run has itself brought,
// or found complete, is ever called complete.
func (p *projection) check(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live {
		return nil
	}
	cp, err := p.queue.index.Checkpoint(ctx)
	switch {
	case errors.Is(err, ErrIndexIncomplete):
		return errIndexLost
	case err != nil:
		return err
	case cp.Incarnation != p.floor.Incarnation:
		return errStreamChanged
	case cp.Seq < p.saved:
		return errIndexBehind
	}
	if err := p.checkStream(ctx); err != nil {
		return err
	}
	if p.done <= cp.Seq {
		p.saved = cp.Seq
		return nil
	}
	err = p.save(ctx)
	if errors.Is(err, ErrIndexIncomplete) {
		return errIndexLost
	}
	return err
}

// checkStream notices a store that was put back under a running process.
func (p *projection) checkStream(ctx context.Context) error {
	pos, err := p.queue.store.Position(ctx)
	switch {
	case err != nil:
		return nil //nolint:nilerr // the store is away: following waits for it
	case pos.Incarnation != p.floor.Incarnation:
		return errStreamChanged
	case pos.Seq >= p.read:
		p.behind = 0
		return nil
	}
	// A leader just elected may not have counted up yet: look twice.
	if p.behind++; p.behind < 2 {
		return nil
	}
	return errIndexForeign
}
