package queue

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

const (
	// maxTries is how often a decision that lost its compare-and-set is taken
	// again before the caller is asked to come back.
	maxTries = 16
	// freeTries of them follow at once; then those who collide spread out, by up
	// to spread.
	freeTries = 3
	spread    = 20 * time.Millisecond
	// tellTimeout bounds how long an answer waits for the index to hear of a
	// commit. The commit stands anyway, and the projector brings it.
	tellTimeout = 2 * time.Second
)

// change is a command on its way to a commit.
type change struct {
	cmd callback.Command
	// fits looks at an aggregate before the command is decided on it.
	fits func(callback.Aggregate) error
	// once is Store.Commit's.
	once string
}

// onAny is a change of whatever callback the customer has.
func onAny(cmd callback.Command) change {
	return change{cmd: cmd, fits: func(callback.Aggregate) error { return nil }}
}

// onOnly is a change of the callback with this id.
func onOnly(id string, cmd callback.Command) change {
	return change{cmd: cmd, fits: func(a callback.Aggregate) error {
		_, err := a.Find(id)
		return err
	}}
}

// update decides and commits until the decision stands. It returns the aggregate
// after it, or the one that a refusal was built on, which is the truth as of the
// call. Whatever comes of it, the index is told what was seen.
//
// Of a customer who is found to be on the list of who is not to be called, the callback is
// canceled then and there, whatever was asked for.
func (q *Queue) update(ctx context.Context, key string, c change) (callback.Aggregate, error) {
	if err := q.listRead(ctx, c.cmd); err != nil {
		return callback.Aggregate{}, err
	}
	a, err := q.settleOn(ctx, key, c)
	if (err == nil || errors.Is(err, callback.ErrDoNotCall)) && q.policy.Forbids(a) {
		a = q.heed(ctx, a)
	}
	if err == nil {
		q.openNext(ctx, a)
	}
	return a, err
}

// settleOn is update, but for the list.
func (q *Queue) settleOn(ctx context.Context, key string, c change) (callback.Aggregate, error) {
	a, sure, err := q.see(ctx, key)
	for try := 1; try <= maxTries; {
		if err != nil {
			return a, err
		}
		e, derr := q.decide(a, c)
		switch {
		case derr != nil && (sure || final(c.cmd, derr)):
			return q.refused(ctx, a, derr)
		case derr != nil: // what is remembered may be stale
			a, err = q.store.Load(ctx, key)
			sure = true
			continue
		}
		q.signals.claimDecided.on(c.cmd)
		next, cerr := q.store.Commit(ctx, e, c.once)
		if !errors.Is(cerr, ErrConflict) {
			return q.committed(ctx, c.cmd, e, next, cerr)
		}
		q.metrics.conflicts.Inc()
		if err = scatter(ctx, try); err == nil {
			a, err = q.store.Load(ctx, key)
			sure = true
		}
		try++
	}
	if err != nil {
		return callback.Aggregate{}, err
	}
	return callback.Aggregate{}, ErrContended
}

// see is the quickest look at an aggregate.
func (q *Queue) see(ctx context.Context, key string) (callback.Aggregate, bool, error) {
	if a, known := q.store.Recall(key); known {
		return a, false, nil
	}
	return q.store.Read(ctx, key)
}

func (q *Queue) decide(a callback.Aggregate, c change) (callback.Event, error) {
	if err := c.fits(a); err != nil {
		return callback.Event{}, err
	}
	return q.policy.Decide(a, c.cmd, q.clock.Now())
}

// final reports whether no newer state can change a refusal: the command is
// wrong in itself, or an alert that was heard of, which is never unheard.
func final(cmd callback.Command, err error) bool {
	switch cmd.(type) {
	case callback.TakeAlert, callback.WithdrawAlert:
		if errors.Is(err, callback.ErrNoChange) {
			return true
		}
	}
	var invalid *callback.ValidationError
	return errors.As(err, &invalid)
}

// refused ends a command that changes nothing. That it was stored before is an
// answer like any other: given once what was seen is on disk.
func (q *Queue) refused(ctx context.Context, a callback.Aggregate, err error) (callback.Aggregate, error) {
	q.tell(ctx, a)
	if errors.Is(err, callback.ErrNoChange) {
		return a, q.store.Durable(ctx)
	}
	return a, err
}

func (q *Queue) committed(ctx context.Context, cmd callback.Command, e callback.Event, next callback.Aggregate, err error) (callback.Aggregate, error) {
	if err != nil {
		return next, err
	}
	q.signals.claimCommitted.on(cmd)
	q.signals.offerCommitted.onOffer(cmd)
	q.metrics.event(e)
	// Whatever follows from the event is stored after it, and is on disk no sooner: it
	// need not wait for the disk to begin. Only who is told must.
	q.tell(ctx, next)
	if q.stored != nil {
		q.stored(e, next)
	}
	if err := q.store.Durable(ctx); err != nil {
		return callback.Aggregate{}, err
	}
	if q.listener != nil {
		q.listener(e, next)
	}
	q.signals.claimApplied.on(cmd)
	return next, nil
}

// scatter spreads those who collide again and again.
func scatter(ctx context.Context, try int) error {
	if try <= freeTries {
		return nil
	}
	return clock.Sleep(ctx, rand.N(spread))
}

// tell brings the index in line with the truth as of an event.
func (q *Queue) tell(ctx context.Context, a callback.Aggregate) {
	e := q.entry(a)
	q.told.add(a.Seq, e)
	if e.ID != "" {
		q.bring(ctx, e)
	}
}

// bring applies an entry. It may fail: the projector follows the stream and
// brings the same. The caller may have hung up since the commit: this does not
// end with their question, only with its own bound.
func (q *Queue) bring(ctx context.Context, e Entry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	if err := q.index.Apply(ctx, e); err != nil {
		q.metrics.applyFailures.Inc()
		q.log.Warn("the index did not take a change; the projector will bring it",
			zap.String(obs.CallbackID, e.ID), zap.Error(err))
	}
}

// entry is what the index shall know of an aggregate; one without an id when
// there is nothing to know.
func (q *Queue) entry(a callback.Aggregate) Entry {
	cb := a.Callback
	if cb == nil {
		return Entry{}
	}
	e := Entry{
		ID: cb.ID, CustomerKey: a.CustomerKey, Seq: a.Seq, State: cb.State, Queue: cb.Queue, Line: cb.Needs().Line(),
		Rank: q.policy.Rank(cb), FirstDue: cb.FirstAttemptDue, OpenedAt: cb.OpenedAt, ReadyAt: cb.ReadyAt(), DueAt: cb.DueAt(),
		SLA: cb.SLAState(),
	}
	if cb.Moved != nil {
		e.Former, e.MarkedUntil = cb.Moved.From, cb.Moved.At.Add(markedFor)
	}
	if cb.State.Terminal() && cb.DueAt().IsZero() && q.listClosedFor > 0 {
		e.ForgetAt = cb.ClosedAt.Add(q.listClosedFor)
	}
	if cb.Holder != nil {
		e.Agent, e.Overdue = cb.Holder.AgentID, cb.WrapUpOverdue()
	}
	return e
}
