package queue

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// projection is one run of the projector: first it catches up in batches, then
// it applies each event as it comes.
type projection struct {
	queue    *Queue
	position Checkpoint // where the stream stood when the run began
	from     uint64
	started  time.Time

	batch    []Entry
	events   int
	seq      uint64 // everything up to it is in the batch or in the index
	saved    uint64
	complete atomic.Bool
}

func (p *projection) isComplete() bool { return p.complete.Load() }

// take applies one event, or keeps it for the batch.
func (p *projection) take(ctx context.Context, a callback.Aggregate) error {
	p.seq = a.Seq
	p.events++
	if a.Callback != nil {
		p.batch = append(p.batch, p.queue.entry(a))
	}
	if !p.complete.Load() && len(p.batch) < batchSize {
		return nil
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	if p.complete.Load() && p.seq >= p.saved+checkpointEvery {
		return p.checkpoint(ctx)
	}
	return nil
}

// caughtUp marks the index complete.
func (p *projection) caughtUp(ctx context.Context) error {
	if err := p.flush(ctx); err != nil {
		return err
	}
	p.seq = max(p.seq, p.position.Seq)
	if err := p.checkpoint(ctx); err != nil {
		return err
	}
	p.complete.Store(true)
	p.queue.metrics.rebuilt(time.Since(p.started))
	p.queue.log.Info("the index is complete", zap.Int("events_read", p.events),
		zap.Uint64("from", p.from), zap.Duration("took", time.Since(p.started)))
	p.queue.signals.complete.fire()
	return nil
}

func (p *projection) flush(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	err := p.queue.index.Apply(ctx, p.batch...)
	p.batch = p.batch[:0]
	return err
}

func (p *projection) checkpoint(ctx context.Context) error {
	p.saved = p.seq
	return p.queue.index.Complete(ctx, Checkpoint{Incarnation: p.position.Incarnation, Seq: p.seq})
}
