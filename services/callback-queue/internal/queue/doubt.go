package queue

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// settle puts an entry right that the truth has refused; a is the truth. It
// reports whether the index had it wrong and is right now: where the truth is no
// newer than the entry there is nothing to put right.
func (q *Queue) settle(ctx context.Context, e Entry, a callback.Aggregate) bool {
	_, n, _ := callback.ParseID(e.ID)
	switch {
	case a.Seq == 0:
		return q.gone(ctx, e)
	case a.Seq < e.Seq, a.Callback == nil, a.Callback.Number < n:
		q.disown(e)
		return false
	case a.Callback.ID != e.ID:
		return q.retire(ctx, e, a)
	case a.Callback.Queue != e.Queue:
		q.bring(ctx, q.insteadOf(e, a))
		return true
	default:
		return a.Seq > e.Seq // update has told the index
	}
}

// retire corrects an entry whose callback was closed without the index hearing
// of it, and was followed by the customer's next.
func (q *Queue) retire(ctx context.Context, e Entry, a callback.Aggregate) bool {
	cb, err := q.store.Earlier(ctx, e.CustomerKey, e.ID)
	switch {
	case err == nil:
		a.Callback = cb // under the sequence of an event that is about the next one
		q.bring(ctx, q.insteadOf(e, a))
		return true
	case errors.Is(err, callback.ErrNoCallback): // erased
		return q.drop(ctx, e, a.Seq)
	default:
		q.log.Warn("a former callback could not be read", zap.String(obs.CallbackID, e.ID), zap.Error(err))
		return false
	}
}

// insteadOf is the entry of an aggregate that replaces another, which may be in a
// queue that the callback left more than one move ago.
func (q *Queue) insteadOf(e Entry, a callback.Aggregate) Entry {
	right := q.entry(a)
	if right.Queue != e.Queue {
		right.Former, right.MarkedUntil = e.Queue, q.clock.Now().Add(markedFor)
	}
	return right
}

// gone deals with an entry of a customer of whom the stream holds nothing: they
// were erased, or the index is another stream's.
func (q *Queue) gone(ctx context.Context, e Entry) bool {
	pos, err := q.store.Position(ctx)
	switch {
	case err != nil:
		return false
	case e.Seq > pos.Seq:
		q.disown(e)
		return false
	default:
		return q.drop(ctx, e, e.Seq+1)
	}
}

// drop closes an entry that no event will ever correct.
func (q *Queue) drop(ctx context.Context, e Entry, seq uint64) bool {
	e.Seq, e.State, e.Agent, e.ReadyAt, e.DueAt = seq, callback.Canceled, "", time.Time{}, time.Time{}
	e.Overdue, e.SLA, e.ForgetAt = false, callback.SLANone, q.clock.Now().Add(markedFor)
	if err := q.index.Apply(ctx, e); err != nil {
		q.log.Warn("an outdated entry stays in the index", zap.String(obs.CallbackID, e.ID), zap.Error(err))
		return false
	}
	return true
}

// disown has the index built anew: it knows an event that the stream does not
// hold, so it was made from another life of the stream, as before a backup was
// restored. What else it has wrong cannot be seen.
func (q *Queue) disown(e Entry) {
	q.log.Error("the index knows what the stream does not and is built anew",
		zap.String(obs.CallbackID, e.ID), zap.Uint64(obs.Sequence, e.Seq))
	hint(q.foreign)
}

// hint wakes whoever listens; one hint is as good as many.
func hint(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
