package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/obs"
)

const (
	// batchSize is how many entries one Apply takes, and buildingSize how many it
	// takes while nobody waits for them.
	batchSize, buildingSize = 500, 2_000
	// maxWaiting bounds the entries that wait for their time; beyond it the
	// oldest are applied early.
	maxWaiting = 20_000
)

// projection is one run of the projector. First it catches up in batches: while
// the index takes one in, the next is read. Then it walks some seconds behind the
// stream: whoever commits tells the index at once, so what comes here is mostly
// known there, and bringing it again heals what a Redis that fails over forgets of
// its last moments.
//
// As long as all that comes is this process's own, it does not even read the
// stream: it asks how far the stream is, and brings what was committed here once
// more. With the first event that is somebody else's it follows.
type projection struct {
	queue   *Queue
	life    string     // of the index; in another it lacks what this run brought
	floor   Checkpoint // where the stream stood when the run began
	started time.Time

	mu      sync.Mutex
	waiting []waiting  // oldest first, while following
	marks   []mark     // oldest first, while not
	read    uint64     // the last sequence handed over, or known of
	done    uint64     // everything up to it is in the index, and the index knows
	under   chan error // what becomes of the batch that is being taken in; nil without one
	events  int
	behind  int // how often in a row the stream was found behind what was read
	live    bool
	recent  bool // what is handed over is new, and not what was missed
	// stranger is when somebody else's event was last brought.
	stranger time.Time
}

// waiting is an event that waits for its time.
type waiting struct {
	Change
	since time.Time
}

// mark is how far the stream was at a moment.
type mark struct {
	seq uint64
	at  time.Time
}

// errAlone ends the following when nobody else commits any more.
var errAlone = errors.New("nobody else is at work")

// run keeps the index in line until something ends it.
func (p *projection) run(ctx context.Context, from uint64) error {
	p.done = from - 1
	p.queue.told.reset()
	defer func() { _ = p.settle() }() // nothing goes on behind the next run's back
	for {
		err := p.phase(ctx, func(ctx context.Context) error {
			return p.queue.store.Follow(ctx, from,
				func(c Change) error { return p.take(ctx, c) },
				func() error { return p.caughtUp(ctx, from) })
		}, p.flush)
		if !errors.Is(err, errAlone) {
			return err
		}
		p.queue.signals.walking.fire()
		err = p.phase(ctx, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, p.walk)
		if !errors.Is(err, errStranger) {
			return err
		}
		from, p.recent = p.done+1, false
	}
}

// phase does the work, with a keeper beside it, until one of the two ends.
func (p *projection) phase(ctx context.Context, work func(context.Context) error, beat func(context.Context, time.Time) error) error {
	ctx, end := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { p.keep(ctx, end, beat) })
	err := work(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	end(err)
	keeper.Wait()
	return err
}

// take keeps one event for its time.
func (p *projection) take(ctx context.Context, c Change) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := waiting{Change: c}
	if p.recent {
		w.since = time.Now()
	}
	p.waiting = append(p.waiting, w)
	p.read = c.Seq
	p.events++
	switch {
	case !p.live && len(p.waiting) >= buildingSize:
		return p.handOver(ctx)
	case len(p.waiting) >= maxWaiting:
		return p.apply(ctx, batchSize)
	default:
		return nil
	}
}

// caughtUp marks the index complete, when it was not.
func (p *projection) caughtUp(ctx context.Context, from uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recent = true
	if p.live {
		return nil
	}
	if err := p.settle(); err != nil {
		return err
	}
	if err := p.apply(ctx, len(p.waiting)); err != nil {
		return err
	}
	p.read = max(p.read, p.floor.Seq)
	if err := p.advance(ctx, p.read, true); err != nil {
		return err
	}
	p.live, p.stranger = true, time.Now()
	took := time.Since(p.started)
	p.queue.metrics.caughtUp(took)
	p.queue.log.Info("the index is complete", zap.Int("events_read", p.events), zap.Uint64("from", from), zap.Duration("took", took))
	p.queue.signals.complete.fire()
	return nil
}

// handOver begins to bring all that waits into the index, once what was handed over
// before is there. Until settle, it alone touches done.
func (p *projection) handOver(ctx context.Context) error {
	entries, upTo := p.entries(p.waiting), p.waiting[len(p.waiting)-1].Seq
	clear(p.waiting)
	p.waiting = p.waiting[:0]
	if err := p.settle(); err != nil {
		return err
	}
	under := make(chan error, 1)
	p.under = under
	go func() { under <- p.bring(ctx, entries, upTo) }()
	return nil
}

// settle waits for what was handed over.
func (p *projection) settle() error {
	if p.under == nil {
		return nil
	}
	err := <-p.under
	p.under = nil
	return err
}

// apply brings the oldest n of what waits into the index.
func (p *projection) apply(ctx context.Context, n int) error {
	for n > 0 {
		batch := p.waiting[:min(n, batchSize)]
		if err := p.bring(ctx, p.entries(batch), batch[len(batch)-1].Seq); err != nil {
			return err
		}
		clear(batch)
		p.waiting = p.waiting[len(batch):]
		n -= len(batch)
	}
	return nil
}

// bring applies entries after which everything up to a sequence is in the index.
func (p *projection) bring(ctx context.Context, entries []Entry, upTo uint64) error {
	if err := p.queue.index.Apply(ctx, entries...); err != nil {
		return err
	}
	if err := p.advance(ctx, upTo, false); err != nil {
		return err
	}
	p.queue.told.forget(upTo)
	return nil
}

// advance tells the index how far it is, each time: were it told now and then, an
// index that came back as it was when last told would be missing what was brought
// since, and nothing would give it away.
func (p *projection) advance(ctx context.Context, upTo uint64, whole bool) error {
	err := p.queue.index.Advance(ctx, Progress{
		Checkpoint: Checkpoint{Life: p.life, Incarnation: p.floor.Incarnation, Seq: upTo},
		From:       p.done, Whole: whole,
	})
	switch {
	case err == nil:
		p.done = upTo
		return nil
	case p.live && errors.Is(err, ErrIndexIncomplete):
		return errIndexLost
	default:
		return err
	}
}

// entries are what the index shall know of a batch. What this process committed
// itself it need not read again.
func (p *projection) entries(batch []waiting) []Entry {
	entries := make([]Entry, 0, len(batch))
	for i := range batch {
		e, known := p.queue.told.entry(batch[i].Seq)
		if !known {
			p.stranger = time.Now()
			e = p.readEntry(batch[i].Change)
		}
		if e.ID != "" {
			entries = append(entries, e)
		}
	}
	return entries
}

// readEntry is the entry of an event; one without an id when there is none.
func (p *projection) readEntry(c Change) Entry {
	a, err := c.Read()
	if err != nil {
		p.queue.log.Error("an event cannot be read and is left out", zap.Uint64(obs.Sequence, c.Seq), zap.Error(err))
		return Entry{}
	}
	return p.queue.entry(a)
}
