package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// Bounds of one command.
const (
	// maxTries is how often a decision that lost its compare-and-set is taken
	// again before the caller is asked to come back.
	maxTries = 16
	// maxCandidates is how many reservations one claim may find outdated.
	maxCandidates = 16
	// reservationHold is how long a claim may take before its callback is
	// offered to others; a claim takes some milliseconds.
	reservationHold = 5 * time.Second
)

// ErrContended says that others changed the same callback all the while; asking
// again will do.
var ErrContended = errors.New("the callback is changing too fast; ask again")

// Deps is what a Queue works with; all are required.
type Deps struct {
	Store   Store
	Index   Index
	Policy  callback.Policy
	Clock   clock.Clock
	Log     *zap.Logger
	Metrics *Metrics
}

// Queue is the use cases. Safe for concurrent use, in any number of processes
// over the same store and index.
type Queue struct {
	store   Store
	index   Index
	policy  callback.Policy
	clock   clock.Clock
	log     *zap.Logger
	metrics *Metrics
	lost    chan struct{} // a hint that the index was lost
	signals signals
}

// New returns a queue; run its Project and Watch beside it.
func New(d Deps) *Queue {
	return &Queue{
		store: d.Store, index: d.Index, policy: d.Policy, clock: d.Clock, log: d.Log.Named("queue"),
		metrics: d.Metrics, lost: make(chan struct{}, 1), signals: crashPoints(),
	}
}

// TakeAlert opens a callback for the alert's customer or adds to the open one.
// Taking it again changes nothing.
func (q *Queue) TakeAlert(ctx context.Context, a callback.Alert) error {
	_, err := q.update(ctx, a.CustomerKey, callback.TakeAlert{Alert: a})
	return err
}

// WithdrawAlert takes a corrected response's alert back.
func (q *Queue) WithdrawAlert(ctx context.Context, customerKey, alertID string, revision uint32) error {
	_, err := q.update(ctx, customerKey, callback.WithdrawAlert{AlertID: alertID, Revision: revision})
	return err
}

// Do gives a command to one callback and returns the callback after it. A
// repeated command returns the callback as it stands.
func (q *Queue) Do(ctx context.Context, id string, cmd callback.Command) (*callback.Callback, error) {
	key, _, ok := callback.ParseID(id)
	if !ok {
		return nil, callback.ErrNoCallback
	}
	a, err := q.updateIf(ctx, key, cmd, func(a callback.Aggregate) error {
		_, err := a.Find(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.Callback, nil
}

// update decides and commits until the decision stands.
func (q *Queue) update(ctx context.Context, key string, cmd callback.Command) (callback.Aggregate, error) {
	return q.updateIf(ctx, key, cmd, func(callback.Aggregate) error { return nil })
}

// updateIf is update on aggregates that pass a check. Whatever comes of it, the
// index is told what was seen.
func (q *Queue) updateIf(ctx context.Context, key string, cmd callback.Command, check func(callback.Aggregate) error) (callback.Aggregate, error) {
	load := q.store.Load
	for try := 0; try < maxTries; try++ {
		a, err := load(ctx, key)
		if err != nil {
			return a, err
		}
		e, err := q.decide(a, cmd, check)
		if err != nil && try == 0 {
			// What is remembered may be stale: refuse only on what the stream says.
			load = q.store.Reload
			continue
		}
		if err != nil {
			q.apply(ctx, a)
			if errors.Is(err, callback.ErrNoChange) {
				err = nil
			}
			return a, err
		}
		q.signals.claimDecided.on(cmd)
		next, err := q.store.Commit(ctx, e)
		if errors.Is(err, ErrConflict) {
			q.metrics.conflicts.Inc()
			load = q.store.Reload
			continue
		}
		if err != nil {
			return next, err
		}
		q.signals.claimCommitted.on(cmd)
		q.apply(ctx, next)
		q.signals.claimApplied.on(cmd)
		q.metrics.event(e)
		return next, nil
	}
	return callback.Aggregate{}, ErrContended
}

func (q *Queue) decide(a callback.Aggregate, cmd callback.Command, check func(callback.Aggregate) error) (callback.Event, error) {
	if err := check(a); err != nil {
		return callback.Event{}, err
	}
	return q.policy.Decide(a, cmd, q.clock.Now())
}

// apply tells the index what the truth is. It may fail: the projector follows
// the stream and applies the same.
func (q *Queue) apply(ctx context.Context, a callback.Aggregate) {
	if a.Callback == nil {
		return
	}
	if err := q.index.Apply(ctx, q.entry(a)); err != nil {
		q.metrics.applyFailures.Inc()
		q.log.Warn("the index did not take a change; the projector will bring it", zap.String(obs.CallbackID, a.Callback.ID), zap.Error(err))
	}
}

// entry is what the index shall know of an aggregate.
func (q *Queue) entry(a callback.Aggregate) Entry {
	cb := a.Callback
	e := Entry{
		ID: cb.ID, CustomerKey: a.CustomerKey, Seq: a.Seq, State: cb.State, Queue: cb.Queue,
		Rank: q.policy.Rank(cb), OpenedAt: cb.OpenedAt, ReadyAt: cb.ReadyAt(), DueAt: cb.DueAt(),
	}
	if cb.Holder != nil {
		e.Agent = cb.Holder.AgentID
	}
	return e
}

// Get returns one callback as the stream has it.
func (q *Queue) Get(ctx context.Context, id string) (*callback.Callback, error) {
	key, n, ok := callback.ParseID(id)
	if !ok {
		return nil, callback.ErrNoCallback
	}
	a, err := q.store.Reload(ctx, key)
	if err != nil {
		return nil, err
	}
	if a.Callback == nil || a.Callback.Number < n {
		return nil, callback.ErrNoCallback
	}
	if a.Callback.ID == id {
		return a.Callback, nil
	}
	return q.store.Earlier(ctx, key, id)
}

// List returns one page of callbacks, and where the next begins.
func (q *Queue) List(ctx context.Context, f Filter, after string, limit int) ([]*callback.Callback, string, error) {
	page, err := q.index.Page(ctx, f, after, limit)
	if err != nil {
		return nil, "", err
	}
	out := make([]*callback.Callback, 0, len(page.Entries))
	for _, e := range page.Entries {
		cb, err := q.Get(ctx, e.ID)
		if errors.Is(err, callback.ErrNoCallback) {
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("read %s: %w", e.ID, err)
		}
		out = append(out, cb)
	}
	return out, page.Next, nil
}

// Stats counts every queue.
func (q *Queue) Stats(ctx context.Context) ([]QueueStats, error) {
	return q.index.Stats(ctx, q.clock.Now())
}
