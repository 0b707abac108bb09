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
	// DoNotCall is the list of who is not to be called; nil lists nobody.
	DoNotCall DoNotCall
	// UnattendedAfter is how long nobody at their desk can take something before Attend
	// says so; 0 never.
	UnattendedAfter time.Duration
	// ListClosedFor is how long the index knows what is closed, and has nothing more to
	// do; 0 is for ever.
	ListClosedFor time.Duration
	// Stored, when not nil, hears of every event that this process stored, once the
	// index has been told: what follows from it may be begun, and nobody told of it yet.
	// Committed hears of it once it is on disk. Both must be quick.
	Stored, Committed func(callback.Event, callback.Aggregate)
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
	barred  DoNotCall // nil when there is no list

	knownOnly       bool
	unattendedAfter time.Duration
	listClosedFor   time.Duration

	stored, listener func(callback.Event, callback.Aggregate)
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
	// attend is how often is looked at who could take what is ready.
	attend time.Duration
	// heed is how long after a change of the list the open callbacks are gone through.
	heed time.Duration
	// tidy is how often the index forgets what nobody needs.
	tidy time.Duration
}

var usualPace = pace{
	flush: 250 * time.Millisecond, lag: 3 * time.Second, check: time.Second, alone: 5 * time.Second,
	retry: time.Second, due: 500 * time.Millisecond, attend: 5 * time.Second,
	heed: time.Second, tidy: time.Minute,
}

// New returns a queue; run its Project and Watch beside it.
func New(d Deps) *Queue {
	if d.DoNotCall != nil {
		d.Policy.DoNotCall = d.DoNotCall.Has
	}
	return &Queue{
		store: d.Store, index: d.Index, roster: d.Roster, floor: d.Floor, policy: d.Policy, clock: d.Clock, log: d.Log.Named("queue"),
		metrics: d.Metrics, pace: usualPace, signals: crashPoints(),
		barred: d.DoNotCall, lost: make(chan struct{}, 1), foreign: make(chan struct{}, 1),
		knownOnly: d.KnownOnly, unattendedAfter: d.UnattendedAfter, listClosedFor: d.ListClosedFor, stored: d.Stored, listener: d.Committed,
	}
}

// TakeAlert opens a callback for the alert's customer or adds to the open one; one
// about a completed callback may reopen that. Taking it again changes nothing.
func (q *Queue) TakeAlert(ctx context.Context, a callback.Alert) (err error) {
	if a.CustomerKey, err = q.whose(ctx, a.FollowsUp, a.CustomerKey); err != nil {
		return err
	}
	_, err = q.update(ctx, a.CustomerKey, onAny(callback.TakeAlert{Alert: a}))
	return err
}

// WithdrawAlert takes a corrected response's alert back, or one of a corrected analysis. followsUp is the callback
// that the response is an answer about; empty for every other response.
func (q *Queue) WithdrawAlert(ctx context.Context, customerKey, followsUp string, w callback.WithdrawAlert) error {
	key, err := q.whose(ctx, followsUp, customerKey)
	if err != nil {
		return err
	}
	_, err = q.update(ctx, key, onAny(w))
	return err
}

// TakeFollowUp links the answer to a follow-up survey to its callback, and reopens
// that when the answer is bad again, unless the customer has had another since. It is
// callback.ErrNoCallback when there is no such callback, or it is not remembered any more.
func (q *Queue) TakeFollowUp(ctx context.Context, cmd callback.TakeFollowUp) error {
	key, _, ok := callback.ParseID(cmd.CallbackID)
	if !ok {
		return callback.ErrNoCallback
	}
	_, err := q.update(ctx, key, onAny(cmd))
	return err
}

// whose is the customer that a response is about: the one who was called, when it is
// an answer about a callback that exists. It may have come without a name, and is
// then filed under one of its own.
func (q *Queue) whose(ctx context.Context, followsUp, customerKey string) (string, error) {
	key, n, ok := callback.ParseID(followsUp)
	if !ok || key == customerKey {
		return customerKey, nil
	}
	a, sure, err := q.store.Read(ctx, key)
	if err == nil && !sure && (a.Callback == nil || a.Callback.Number < n) {
		a, err = q.store.Load(ctx, key)
	}
	switch {
	case err != nil:
		return "", err
	case a.Callback == nil || a.Callback.Number < n:
		return customerKey, nil
	default:
		return key, nil
	}
}

// inRole gives a completion with a gesture the agent's role, which bounds that.
func (q *Queue) inRole(cmd callback.Command) (callback.Command, error) {
	c, completes := cmd.(callback.Complete)
	if !completes || c.Gesture == (callback.Gesture{}) {
		return cmd, nil
	}
	a, known := q.roster.Agent(c.AgentID)
	if !known && q.roster.Ready() != nil {
		return nil, ErrRosterLoading
	}
	c.Role = a.Role
	return c, nil
}

// Do gives a command to one callback and returns the callback after it. A
// repeated command returns the callback as it stands. It is ErrRosterLoading for a
// gesture whose bound is not known yet.
func (q *Queue) Do(ctx context.Context, id string, cmd callback.Command) (*callback.Callback, error) {
	key, n, ok := callback.ParseID(id)
	if !ok {
		return nil, callback.ErrNoCallback
	}
	cmd, err := q.inRole(cmd)
	if err != nil {
		return nil, err
	}
	a, err := q.update(ctx, key, q.guarded(ctx, id, cmd))
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
