package queue

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// ErrContended says that others changed the same callback all the while; asking
// again will do.
var ErrContended = errors.New("the callback is changing too fast; ask again")

// Deps is what a Queue works with; all are required that have no other word.
type Deps struct {
	Store   Store
	Index   Index
	Roster  Roster
	Floor   floor.Floor
	Policy  callback.Policy
	Clock   clock.Clock
	Log     *zap.Logger
	Metrics *Metrics
	// KnownOnly refuses callbacks to agents who are not in the roster.
	KnownOnly bool
	// Committed, when not nil, hears of every event that this process stored, once
	// the index has been told. It must be quick.
	Committed func(callback.Event, callback.Aggregate)
}

// Queue is the use cases. Safe for concurrent use, in any number of processes
// over the same store and index.
type Queue struct {
	store   Store
	index   Index
	roster  Roster
	floor   floor.Floor
	policy  callback.Policy
	clock   clock.Clock
	log     *zap.Logger
	metrics *Metrics
	pace    pace
	told    told
	lost    chan struct{} // a hint that the index was lost
	foreign chan struct{} // proof that the index knows what the stream does not
	signals signals

	knownOnly bool
	listener  func(callback.Event, callback.Aggregate)
}

// pace is how fast the background works. Punctuality is not correctness: tests
// change it to be quick.
type pace struct {
	// flush is how often the projector applies what has waited for lag.
	flush, lag time.Duration
	// check is how often it looks whether the index is whole.
	check time.Duration
	// alone is how long nobody else must have committed for it to stop reading
	// the stream.
	alone time.Duration
	// retry is how long it waits after a failure.
	retry time.Duration
	// due is how often deadlines are looked for.
	due time.Duration
}

var usualPace = pace{
	flush: 250 * time.Millisecond, lag: 3 * time.Second, check: time.Second, alone: 5 * time.Second,
	retry: time.Second, due: 500 * time.Millisecond,
}

// New returns a queue; run its Project and Watch beside it.
func New(d Deps) *Queue {
	return &Queue{
		store: d.Store, index: d.Index, roster: d.Roster, floor: d.Floor, policy: d.Policy, clock: d.Clock, log: d.Log.Named("queue"),
		metrics: d.Metrics, pace: usualPace, signals: crashPoints(),
		lost: make(chan struct{}, 1), foreign: make(chan struct{}, 1),
		knownOnly: d.KnownOnly, listener: d.Committed,
	}
}

// TakeAlert opens a callback for the alert's customer or adds to the open one.
// Taking it again changes nothing.
func (q *Queue) TakeAlert(ctx context.Context, a callback.Alert) error {
	_, err := q.update(ctx, a.CustomerKey, onAny(callback.TakeAlert{Alert: a}))
	return err
}

// WithdrawAlert takes a corrected response's alert back.
func (q *Queue) WithdrawAlert(ctx context.Context, customerKey, alertID string, revision uint32) error {
	_, err := q.update(ctx, customerKey, onAny(callback.WithdrawAlert{AlertID: alertID, Revision: revision}))
	return err
}

// Do gives a command to one callback and returns the callback after it. A
// repeated command returns the callback as it stands.
func (q *Queue) Do(ctx context.Context, id string, cmd callback.Command) (*callback.Callback, error) {
	key, n, ok := callback.ParseID(id)
	if !ok {
		return nil, callback.ErrNoCallback
	}
	a, err := q.update(ctx, key, onOnly(id, cmd))
	switch {
	case err == nil:
		return a.Callback, nil
	case errors.Is(err, callback.ErrNoCallback) && a.Callback != nil && a.Callback.Number > n:
		return q.doEarlier(ctx, a, id, cmd)
	default:
		return nil, err
	}
}

// doEarlier gives a command to a callback that the customer's next one has
// followed. It is closed for good, so nothing can come of it; but who repeats the
// command that closed it is answered as before.
func (q *Queue) doEarlier(ctx context.Context, a callback.Aggregate, id string, cmd callback.Command) (*callback.Callback, error) {
	cb, err := q.store.Earlier(ctx, a.CustomerKey, id)
	if err != nil {
		return nil, err
	}
	a.Callback = cb
	_, err = q.policy.Decide(a, cmd, q.clock.Now())
	switch {
	case errors.Is(err, callback.ErrNoChange):
		return cb, q.store.Durable(ctx)
	case err == nil:
		return nil, callback.ErrSuperseded // a reopening: two would be open
	default:
		return nil, err
	}
}
