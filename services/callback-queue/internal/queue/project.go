package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// The projector's pace.
const (
	// batchSize is how many entries one Apply takes while catching up.
	batchSize = 500
	// checkpointEvery is how many live events may pass between two checkpoints.
	checkpointEvery = 1000
	// watchInterval is how often the index is asked whether it is still whole,
	// and how long to wait before trying again what failed.
	watchInterval = time.Second
)

var errIndexLost = errors.New("the index was lost")

// Project keeps the index in line with the stream until ctx ends: it reads what
// the index has not seen, follows from then on, and reads everything again when
// the index is lost or belongs to another life of the stream.
func (q *Queue) Project(ctx context.Context) error {
	for ctx.Err() == nil {
		err := q.projectOnce(ctx)
		if ctx.Err() != nil {
			return nil
		}
		q.log.Warn("the projector starts again", zap.Error(err))
		select {
		case <-ctx.Done():
		case <-time.After(q.pause(err)):
		}
	}
	return nil
}

// pause is nothing when the index was lost: agents are waiting.
func (q *Queue) pause(err error) time.Duration {
	if errors.Is(err, errIndexLost) {
		return 0
	}
	return watchInterval
}

func (q *Queue) projectOnce(ctx context.Context) error {
	from, err := q.resumeAt(ctx)
	if err != nil {
		return err
	}
	pos, err := q.store.Position(ctx)
	if err != nil {
		return err
	}
	p := &projection{queue: q, position: pos, started: time.Now(), from: from}
	// A watcher ends the following as soon as the index says it is lost: waiting
	// for the next event could take all night.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go q.watchIndex(ctx, cancel, p)
	err = q.store.Follow(ctx, from, func(a callback.Aggregate) error { return p.take(ctx, a) }, func() error { return p.caughtUp(ctx) })
	if cause := context.Cause(ctx); errors.Is(cause, errIndexLost) {
		return cause
	}
	return err
}

// resumeAt is the first sequence the index has not seen: 1 when it is to be
// built anew.
func (q *Queue) resumeAt(ctx context.Context) (uint64, error) {
	pos, err := q.store.Position(ctx)
	if err != nil {
		return 0, err
	}
	cp, err := q.index.Checkpoint(ctx)
	switch {
	case errors.Is(err, ErrIndexIncomplete):
		return 1, nil // what it holds is right: it is only added to
	case err != nil:
		return 0, fmt.Errorf("index: %w", err)
	case cp.Incarnation != pos.Incarnation || cp.Seq > pos.Seq:
		q.log.Warn("the index belongs to another life of the stream and is built anew")
		return 1, q.index.Reset(ctx)
	default:
		return cp.Seq + 1, nil
	}
}

// watchIndex ends the projection when the index was lost after it was complete.
func (q *Queue) watchIndex(ctx context.Context, cancel context.CancelCauseFunc, p *projection) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-q.lost:
		}
		if !p.isComplete() {
			continue
		}
		if _, err := q.index.Checkpoint(ctx); errors.Is(err, ErrIndexIncomplete) {
			cancel(errIndexLost)
			return
		}
	}
}

// hintLost wakes the watcher.
func (q *Queue) hintLost() {
	select {
	case q.lost <- struct{}{}:
	default:
	}
}
