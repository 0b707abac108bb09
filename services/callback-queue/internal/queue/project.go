package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/clock"
)

// Why a run of the projector ended, other than by a failure.
var (
	errIndexLost     = errors.New("the index was lost")
	errIndexForeign  = errors.New("the index was made from another life of the stream")
	errStreamChanged = errors.New("the stream is another one, or went back to an older state of itself")
)

// Project keeps the index in line with the stream until ctx ends: it reads what
// the index has not seen, follows from then on, and reads everything again when
// the index is lost or belongs to another life of the stream.
func (q *Queue) Project(ctx context.Context) error {
	p := projector{queue: q}
	for ctx.Err() == nil {
		err := p.run(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for: what it cut off is no failure
		}
		q.metrics.restarted(err)
		q.log.Warn("the projector starts again", zap.Error(err))
		if !errors.Is(err, errIndexLost) && !errors.Is(err, ErrIndexWentBack) { // agents are waiting
			_ = clock.Sleep(ctx, q.pace.retry)
		}
	}
	return nil
}

// projector is what one run hands to the next.
type projector struct {
	queue *Queue
	// distrust says that the index must be built anew.
	distrust bool
	// beaten says that the last building was undone by somebody else's; took is
	// how long it lasted.
	beaten bool
	took   time.Duration
}

func (p *projector) run(ctx context.Context) error {
	life, from, err := p.resumeAt(ctx)
	if err != nil {
		return err
	}
	// Read after the index was reset: all that an unfinished Apply of somebody
	// else's could have brought before is at or below it, and is read again.
	pos, err := p.queue.store.Position(ctx)
	if err != nil {
		return err
	}
	r := &projection{queue: p.queue, life: life, floor: pos, started: time.Now()}
	err = r.run(ctx, from)
	p.took = time.Since(r.started)
	p.beaten = !r.live && errors.Is(err, ErrIndexIncomplete)
	p.distrust = errors.Is(err, errIndexForeign)
	return err
}

// resumeAt is the life that the index is in, and the first sequence that it has
// not seen: 1 when it was reset to be built anew.
func (p *projector) resumeAt(ctx context.Context) (string, uint64, error) {
	q := p.queue
	if p.distrust {
		return p.reset(ctx)
	}
	cp, err := p.checkpoint(ctx)
	if begun, ok := p.resumed(); ok && errors.Is(err, ErrIndexIncomplete) {
		cp, err = begun, nil
	}
	if errors.Is(err, ErrIndexIncomplete) {
		return p.reset(ctx)
	}
	if err != nil {
		return "", 0, fmt.Errorf("index: %w", err)
	}
	// Asked in this order: the stream may grow between the two, the index cannot
	// get ahead of it.
	pos, err := q.store.Position(ctx)
	switch {
	case err != nil:
		return "", 0, err
	case cp.Incarnation != pos.Incarnation || cp.Seq > pos.Seq:
		q.log.Warn("the index belongs to another life of the stream and is built anew")
		return p.reset(ctx)
	default:
		return cp.Life, cp.Seq + 1, nil
	}
}

// resumed is what an index that was read from a snapshot stands at.
func (p *projector) resumed() (Checkpoint, bool) {
	r, ok := p.queue.index.(Resumer)
	if !ok {
		return Checkpoint{}, false
	}
	return r.Resume()
}

func (p *projector) reset(ctx context.Context) (string, uint64, error) {
	select {
	case <-p.queue.foreign: // what was found wrong is about to go
	default:
	}
	life, err := p.queue.index.Reset(ctx)
	if err != nil {
		return "", 0, fmt.Errorf("index: %w", err)
	}
	p.distrust = false
	p.queue.signals.reset.fire()
	return life, 1, nil
}

// checkpoint asks the index how far it is. Where two build it at once, the one
// who began last wins, and the other waits for them: for twice as long as a
// building takes, so that they do not undo each other's for ever.
func (p *projector) checkpoint(ctx context.Context) (Checkpoint, error) {
	cp, err := p.queue.index.Checkpoint(ctx)
	if !p.beaten || !errors.Is(err, ErrIndexIncomplete) {
		return cp, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*p.took+p.queue.pace.check+rand.N(p.queue.pace.check))
	defer cancel()
	for errors.Is(err, ErrIndexIncomplete) && clock.Sleep(ctx, p.queue.pace.flush) == nil {
		cp, err = p.queue.index.Checkpoint(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = ErrIndexIncomplete // nobody finished: it is this one's turn again
	}
	return cp, err
}
