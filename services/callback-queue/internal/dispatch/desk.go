package dispatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// maxSignals is how many signals wait for a desk; with more it looks at everything.
const maxSignals = 64

// Hello says who is at a desk.
type Hello struct {
	AgentID string
	// Capacity is how many callbacks the client shows at once; 0 leaves it to the
	// roster.
	Capacity int
	// Away says that the agent wants nothing yet.
	Away bool
}

// Order is what a client asks of its desk, one of three things.
type Order struct {
	// Leave says that the agent leaves for good.
	Leave bool
	// Command, a callback.Accept or callback.Reject, is for the callback with the ID.
	ID      string
	Command callback.Command
	// Status, where it is neither, is the agent's from now on: Available or Away.
	Status floor.Status
}

// Client is the agent's side of a desk. An error of a method ends the desk. They
// are called one after the other.
type Client interface {
	// Welcome begins: what the agent can take, and has in hand.
	Welcome(capacity int, held []*callback.Callback) error
	// Offer shows a callback that waits for the agent's answer.
	Offer(cb *callback.Callback) error
	// Update shows a callback in hand that has changed.
	Update(cb *callback.Callback) error
	// Gone takes a callback away that is in the agent's hands no more; cb is as it
	// stands now, nil when that is not known, and expired says that it was an offer
	// whose time is over.
	Gone(id string, cb *callback.Callback, expired bool) error
	// Status says that the agent's status is another; missed, because of offers that
	// were not answered.
	Status(s floor.Status, missed bool) error
	// Refused says why an order could not be carried out.
	Refused(id string, err error) error
}

// Work looks after one agent until ctx ends, the client's orders do, or something
// fails: floor.ErrReplaced, when the agent comes in elsewhere, ErrUnknownAgent, or
// what the client returned. It is nil when the agent left.
func (d *Dispatcher) Work(ctx context.Context, h Hello, orders <-chan Order, c Client) error {
	capacity, err := d.capacity(ctx, h)
	if err != nil {
		return err
	}
	k := &desk{
		Dispatcher: d, client: c, hello: h, known: make(map[string]inHand), signals: make(chan string, maxSignals), all: make(chan struct{}, 1),
		seat: floor.Seat{
			Agent: h.AgentID, Session: fmt.Sprintf("%s-%d", d.process, d.next.Add(1)), Status: floor.Available, Capacity: capacity,
		},
	}
	if h.Away {
		k.seat.Status = floor.Away
	}
	stop, err := d.Signals.OnSignal(subject.AgentSignal(h.AgentID), k.heard)
	if err != nil {
		return err
	}
	defer stop()
	held, err := k.recall(ctx)
	if err != nil {
		return err
	}
	if err := k.sit(ctx); err != nil {
		return err
	}
	if err = told(c.Welcome(capacity, held)); err == nil {
		err = k.work(ctx, orders)
	}
	k.leave(ctx, err == nil) // from here on the seat is this desk's to give up
	return err
}

// capacity is how much the agent takes: what the roster says, and no more than the
// client shows.
func (d *Dispatcher) capacity(ctx context.Context, h Hello) (int, error) {
	if _, err := d.Queue.Fit(ctx, h.AgentID); err != nil {
		return 0, err
	}
	a, known := d.Roster.Agent(h.AgentID)
	switch {
	case !known:
		return min(max(h.Capacity, 1), roster.MaxCapacity), nil
	case h.Capacity > 0:
		return min(h.Capacity, a.Capacity), nil
	default:
		return a.Capacity, nil
	}
}

// desk is one agent's client, and what it was told.
type desk struct {
	*Dispatcher
	client Client
	hello  Hello
	seat   floor.Seat
	// known is what the client believes to have in hand, by callback.
	known map[string]inHand
	// signals are customers whose callback may have changed; all says that some did
	// not fit.
	signals chan string
	all     chan struct{}
}

// inHand is what the client was told of one callback.
type inHand struct {
	customerKey string
	seq, token  uint64
	state       callback.State
	overdue     bool
}

// heard takes a signal.
func (k *desk) heard(data []byte) {
	select {
	case k.signals <- string(data):
	default:
		select {
		case k.all <- struct{}{}:
		default:
		}
	}
}

// recall finds what the agent has in hand already.
func (k *desk) recall(ctx context.Context) ([]*callback.Callback, error) {
	held, err := k.Queue.Held(ctx, k.seat.Agent)
	if err != nil && !errors.Is(err, queue.ErrIndexIncomplete) { // what is missing is found later
		return nil, err
	}
	shown := make([]*callback.Callback, 0, len(held))
	for _, a := range held {
		k.remember(a)
		shown = append(shown, a.Callback)
	}
	return shown, nil
}

// sit takes the seat, and keeps the agent's place among the idle when they were
// there a moment ago.
func (k *desk) sit(ctx context.Context) error {
	now := k.Clock.Now()
	k.seat.IdleSince, k.seat.Until, k.seat.Load = now, now.Add(k.LostAfter), k.load()
	before, was, err := k.Floor.Sit(ctx, k.seat)
	if err != nil {
		return err
	}
	if was && before.StatusAt(now) != floor.Offline {
		k.seat.IdleSince, k.seat.Missed = before.IdleSince, before.Missed
	}
	return nil
}

// work goes on until something ends it. It begins with a report: only from then on,
// and not before the client was welcomed, is the agent looked for work.
func (k *desk) work(ctx context.Context, orders <-chan Order) error {
	if err := k.report(ctx, false); err != nil && !k.passes(err) {
		return err
	}
	beat, resync := time.NewTicker(k.LostAfter/3), time.NewTicker(k.pace.resync)
	defer beat.Stop()
	defer resync.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case o, more := <-orders:
			if !more {
				return ErrHungUp
			}
			if o.Leave {
				return nil
			}
			err = k.obey(ctx, o)
		case key := <-k.signals:
			err = k.look(ctx, key)
		case <-k.all:
			err = k.resync(ctx)
		case <-resync.C:
			err = k.resync(ctx)
		case <-beat.C:
			err = k.beat(ctx)
		}
		if err != nil && !k.passes(err) {
			return err
		}
	}
}

// beat says that the agent is still there, with what they can take by now.
func (k *desk) beat(ctx context.Context) error {
	capacity, err := k.capacity(ctx, k.hello)
	if err != nil {
		return err
	}
	k.seat.Capacity = capacity
	return k.report(ctx, false)
}

// ErrHungUp says that the client went without a word.
var ErrHungUp = errors.New("the agent's client hung up")

// clientError is what the client returned: nothing more can be told to it.
type clientError struct{ err error }

func (e *clientError) Error() string { return e.err.Error() }
func (e *clientError) Unwrap() error { return e.err }

func told(err error) error {
	if err == nil {
		return nil
	}
	return &clientError{err}
}

// passes reports whether a failure is one that the next try may not have: the desk
// stays open while the store, the index or the floor is away.
func (k *desk) passes(err error) bool {
	var client *clientError
	if errors.As(err, &client) || errors.Is(err, floor.ErrReplaced) || errors.Is(err, queue.ErrUnknownAgent) {
		return false
	}
	k.Log.Debug("a desk could not be looked after; it is tried again", zap.String(obs.Desk, obs.DeskOf(k.seat.Agent)), zap.Error(err))
	return true
}

// obey carries an order out.
func (k *desk) obey(ctx context.Context, o Order) error {
	if o.Command == nil {
		return k.setStatus(ctx, o.Status, false)
	}
	cb, err := k.Queue.Do(ctx, o.ID, o.Command)
	if err != nil {
		return told(k.client.Refused(o.ID, err))
	}
	return k.look(ctx, cb.CustomerKey)
}

func (k *desk) setStatus(ctx context.Context, s floor.Status, missed bool) error {
	if s == k.seat.Status {
		return nil
	}
	if s == floor.Available {
		k.seat.IdleSince, k.seat.Missed = k.Clock.Now(), 0
	}
	k.seat.Status = s
	err := k.report(ctx, false)
	return errors.Join(err, told(k.client.Status(s, missed)))
}

// look tells the client what became of a customer's callback.
func (k *desk) look(ctx context.Context, customerKey string) error {
	a, err := k.Queue.Look(ctx, customerKey)
	if err != nil {
		return err
	}
	return k.see(ctx, a)
}

// resync looks at everything that the agent has in hand, or had. One that cannot be
// read keeps none of the others.
func (k *desk) resync(ctx context.Context) error {
	held, err := k.Queue.Held(ctx, k.seat.Agent)
	if err != nil && !errors.Is(err, queue.ErrIndexIncomplete) {
		return err
	}
	var failed []error
	seen := make(map[string]bool, len(held))
	for _, a := range held {
		seen[a.Callback.ID] = true
		failed = append(failed, k.see(ctx, a))
	}
	for _, id := range slices.Sorted(maps.Keys(k.known)) {
		if before, still := k.known[id]; still && !seen[id] {
			failed = append(failed, k.look(ctx, before.customerKey))
		}
	}
	return errors.Join(failed...)
}

// see compares an aggregate with what the client knows, and tells the difference.
func (k *desk) see(ctx context.Context, a callback.Aggregate) error {
	var err error
	arrived := false
	cb := a.Callback
	if cb != nil && cb.Holder != nil && cb.Holder.AgentID == k.seat.Agent {
		before, had := k.known[cb.ID]
		if !had && cb.State == callback.Reserved && k.seat.Status == floor.Away {
			return k.sendBack(ctx, cb)
		}
		if had && before.seq >= a.Seq {
			return nil
		}
		arrived = !had || before.token != cb.Holder.Token
		if cb.State != callback.Reserved {
			k.seat.Missed = 0
		}
		k.remember(a)
		err = k.show(cb, arrived)
	}
	// Whatever else of this customer the client believes to have is gone.
	for id, before := range k.known {
		if before.customerKey == a.CustomerKey && (before.seq < a.Seq || a.Seq == 0) { // 0: erased
			delete(k.known, id)
			err = errors.Join(err, k.goneFrom(id, before, cb))
		}
	}
	if n := k.load(); arrived || n != k.seat.Load {
		if arrived || n < k.seat.Load {
			k.seat.IdleSince = k.Clock.Now()
		}
		k.seat.Load = n
		err = errors.Join(err, k.report(ctx, arrived))
	}
	return errors.Join(err, k.mind(ctx))
}

// sendBack gives an offer to the next that was on its way when the agent said that they
// are away.
func (k *desk) sendBack(ctx context.Context, cb *callback.Callback) error {
	_, err := k.Queue.Do(ctx, cb.ID, callback.Reject{AgentID: k.seat.Agent, Token: cb.Holder.Token, Reason: "away"})
	return err
}

// show shows a callback that the agent has in hand.
func (k *desk) show(cb *callback.Callback, arrived bool) error {
	if !arrived || cb.State != callback.Reserved {
		return told(k.client.Update(cb))
	}
	if err := k.client.Offer(cb); err != nil {
		return told(err)
	}
	k.Metrics.sent(k.Clock.Now().Sub(cb.Holder.Since))
	return nil
}

// goneFrom tells the client that a callback is in the agent's hands no more. cb is
// the customer's, as it stands now.
func (k *desk) goneFrom(id string, before inHand, cb *callback.Callback) error {
	if cb != nil && cb.ID != id { // the customer's next one
		cb = nil
	}
	expired := false
	if before.state == callback.Reserved && cb != nil && cb.LastHolder != nil && cb.LastHolder.Token == before.token {
		expired = !cb.LastHolder.EndedAt.Before(cb.LastHolder.LeaseExpiresAt)
	}
	switch {
	case expired:
		k.seat.Missed++
	case before.state == callback.Reserved:
		k.seat.Missed = 0
	}
	return told(k.client.Gone(id, cb, expired))
}

// mind sets an agent away who lets one offer after the other pass.
func (k *desk) mind(ctx context.Context) error {
	if k.seat.Missed < k.MaxMissed || k.seat.Status == floor.Away {
		return nil
	}
	return k.setStatus(ctx, floor.Away, true)
}

func (k *desk) remember(a callback.Aggregate) {
	cb := a.Callback
	k.known[cb.ID] = inHand{
		customerKey: a.CustomerKey, seq: a.Seq, token: cb.Holder.Token, state: cb.State, overdue: cb.WrapUpOverdue(),
	}
}

// load is how much of what the agent has in hand takes up their time.
func (k *desk) load() int {
	n := 0
	for _, h := range k.known {
		if !h.overdue {
			n++
		}
	}
	return n
}

// report brings the seat up to date, and has it looked for work when the agent is
// free. settled says that what the agent was taken for is here.
func (k *desk) report(ctx context.Context, settled bool) error {
	k.seat.Until = k.Clock.Now().Add(k.LostAfter)
	if err := k.Floor.Report(ctx, k.seat, settled); err != nil {
		return err
	}
	if k.seat.Status == floor.Available && k.seat.Load < k.seat.Capacity {
		k.hint(hint{freed: true})
	}
	return nil
}

// leave gives up the seat: at once when the agent said so, else after a while, in
// which they may come back. Nothing is offered to them meanwhile.
func (k *desk) leave(ctx context.Context, forGood bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeFor)
	defer cancel()
	now := k.Clock.Now()
	k.seat.Status, k.seat.Until = floor.Left, now.Add(k.LostAfter)
	if forGood {
		k.seat.Until = now
	}
	if err := k.Floor.Report(ctx, k.seat, false); err != nil && !errors.Is(err, floor.ErrReplaced) {
		k.Log.Debug("a desk could not be closed; it closes by itself", zap.String(obs.Desk, obs.DeskOf(k.seat.Agent)), zap.Error(err))
	}
}
