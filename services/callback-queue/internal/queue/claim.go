package queue

import (
	"context"
	"errors"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

const (
	// maxCandidates is how many reservations one claim may find outdated.
	maxCandidates = 32
	// reservationHold is how long a claim may take before its callback is
	// offered to others; a claim takes some milliseconds.
	reservationHold = 5 * time.Second
)

// ClaimRequest asks for the next best callback.
type ClaimRequest struct {
	// AgentID is who asks.
	AgentID string
	// RequestID makes the claim repeatable: as long as the agent holds what it
	// got, the same request gets the same callback.
	RequestID string
	// Queues limits the choice; empty means every queue.
	Queues []string
	// Languages limits it to what is to be spoken in one of them, as fr or fr-CA; Skills
	// to what asks for one of them, by name. Empty means all that the agent can take.
	Languages, Skills []string
}

// name is the one name of a request that can be repeated, empty for others.
func (r ClaimRequest) name() string {
	if r.RequestID == "" {
		return ""
	}
	return "claim by " + r.AgentID + ": " + r.RequestID
}

// Claim gives the agent the next best callback that they can take, or
// ErrNoneReady, or ErrIndexIncomplete when there may be one that is not known yet.
// It is ErrAway when the agent has said that they want nothing now, an *AtCapacityError when the agent has in hand all they can, as far as the
// index knows, and ErrUnknownAgent when they may not take any.
func (q *Queue) Claim(ctx context.Context, r ClaimRequest) (*callback.Callback, error) {
	start := time.Now()
	cb, err := q.claim(ctx, r)
	q.metrics.claimed(start, err)
	return cb, err
}

func (q *Queue) claim(ctx context.Context, r ClaimRequest) (*callback.Callback, error) {
	cmd := callback.Claim{AgentID: r.AgentID, RequestID: r.RequestID}
	if err := callback.Check(cmd); err != nil {
		return nil, err
	}
	agent, err := q.agent(r.AgentID)
	if err != nil {
		return nil, err
	}
	cmd.Team = agent.Team
	leave, err := q.enter(ctx, agent, r.name())
	if err != nil {
		return nil, err
	}
	defer leave()
	if cb, err := q.claimedBefore(ctx, r, agent); cb != nil || err != nil {
		return cb, err
	}
	if err := q.wants(ctx, r.AgentID); err != nil {
		return nil, err
	}
	c := candidates{queue: q, agent: agent, request: r, fits: r.narrow(q.fit(agent, r.Queues, q.atDesk(ctx)))}
	once := r.name()
	for range maxCandidates {
		e, err := c.next(ctx)
		if errors.Is(err, ErrNoneReady) {
			// What the request got may have come to the index since it was asked.
			if cb, again := q.claimedBefore(ctx, r, agent); cb != nil || again != nil {
				return cb, again
			}
		}
		if err != nil {
			return nil, err
		}
		q.signals.reserved.fire()
		a, err := q.take(ctx, e, cmd, once)
		var done *DoneError
		switch {
		case err == nil:
			return a.Callback, nil
		case errors.As(err, &done):
			// The same request, elsewhere, was quicker. If its callback is out of the
			// agent's hands again, it may have another.
			if cb, err := q.heldUnder(ctx, done.CustomerKey, r); cb != nil || err != nil {
				return cb, err
			}
			once = ""
		case outdated(err):
			c.refused(ctx, e, a, err)
		default:
			return nil, err
		}
	}
	return nil, q.outpaced(ctx)
}

// outpaced says why a claim found nothing but outdated entries: an index that is
// being read again is full of what has happened since.
func (q *Queue) outpaced(ctx context.Context) error {
	if _, err := q.index.Checkpoint(ctx); errors.Is(err, ErrIndexIncomplete) {
		return err
	}
	return ErrContended
}

// Offer reserves the next best callback for the agent, who has as long as the
// policy says to accept it. The errors are Claim's. What the agent did not take a
// short while ago is passed over: where nothing else is ready, it is
// callback.ErrDeclined instead of ErrNoneReady.
func (q *Queue) Offer(ctx context.Context, agentID string) (*callback.Callback, error) {
	agent, err := q.agent(agentID)
	if err != nil {
		return nil, err
	}
	leave, err := q.enter(ctx, agent, "")
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := q.hasRoom(ctx, agent); err != nil {
		return nil, err
	}
	c := candidates{queue: q, agent: agent, request: ClaimRequest{AgentID: agentID}, fits: q.fit(agent, nil, q.atDesk(ctx))}
	defer func() { c.putBack(ctx) }()
	for range maxCandidates {
		e, err := c.next(ctx)
		if errors.Is(err, ErrNoneReady) && len(c.passed) > 0 {
			err = callback.ErrDeclined
		}
		if err != nil {
			return nil, err
		}
		if err := q.wants(ctx, agentID); err != nil { // they may have said so since they were chosen
			c.passed = append(c.passed, e)
			return nil, err
		}
		a, err := q.take(ctx, e, callback.Offer{AgentID: agentID, Team: agent.Team}, "")
		switch {
		case err == nil:
			return a.Callback, nil
		case errors.Is(err, callback.ErrDeclined):
			c.passed = append(c.passed, e)
		case outdated(err):
			c.refused(ctx, e, a, err)
		default:
			return nil, err
		}
	}
	if len(c.passed) > 0 {
		return nil, callback.ErrDeclined
	}
	return nil, q.outpaced(ctx)
}

// take commits what is done with a reserved entry. A commit on a state older than
// the entry proves that the entry was made from another life of the stream.
func (q *Queue) take(ctx context.Context, e Entry, cmd callback.Command, once string) (callback.Aggregate, error) {
	var base uint64
	a, err := q.update(ctx, e.CustomerKey, change{cmd: cmd, once: once, fits: func(a callback.Aggregate) error {
		base = a.Seq
		cb, err := a.Find(e.ID)
		if err == nil && (cb.Queue != e.Queue || cb.Needs().Line() != e.Line) {
			err = errMoved
		}
		return err
	}})
	if err == nil && base < e.Seq {
		q.disown(e)
	}
	return a, err
}

// errMoved says that a callback is not in the queue and line that an entry says.
var errMoved = errors.New("the callback is in another queue or line")

// outdated reports whether a claim failed for a reason that is the callback's
// own: it is not there any more, held, closed, not ready yet, or unreadable. The
// next one may do.
func outdated(err error) bool {
	var transition *callback.TransitionError
	return errors.As(err, &transition) ||
		errors.Is(err, callback.ErrNoCallback) || errors.Is(err, callback.ErrNotReady) ||
		errors.Is(err, callback.ErrNotHolder) || errors.Is(err, callback.ErrDoNotCall) || errors.Is(err, errMoved) || errors.Is(err, ErrContended) || errors.Is(err, ErrUnreadable)
}

// candidates are the reservations of one claim.
type candidates struct {
	queue   *Queue
	agent   routed
	request ClaimRequest
	fits    Fit
	last    Entry // the one refused last
	skipped int
	passed  []Entry // held, and not for this agent
}

// putBack leaves to others what was not for this agent. If it fails, the holds end
// by themselves.
func (c *candidates) putBack(ctx context.Context) {
	if len(c.passed) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	if err := c.queue.index.Release(ctx, c.queue.clock.Now(), c.passed...); err != nil {
		c.queue.log.Warn("what an agent had declined is held for a moment", zap.Error(err))
	}
}

// next reserves another entry.
func (c *candidates) next(ctx context.Context) (Entry, error) {
	e, err := c.reserve(ctx)
	if err == nil && c.request.RequestID != "" && e.ID == c.last.ID && e.Seq == c.last.Seq {
		// The index answers the same question in the same way, and nothing can be
		// put right there: ask another.
		c.skipped++
		e, err = c.reserve(ctx)
	}
	return e, err
}

func (c *candidates) reserve(ctx context.Context) (Entry, error) {
	question := c.request.RequestID
	if c.skipped > 0 {
		question += "\x00" + strconv.Itoa(c.skipped)
	}
	e, err := c.queue.index.Reserve(ctx, Reservation{
		Agent: c.request.AgentID, RequestID: question, Fits: c.fits,
		Now: c.queue.clock.Now(), Hold: reservationHold,
	})
	return e, c.queue.indexError(err)
}

// refused puts the index right about an entry that the truth refused.
func (c *candidates) refused(ctx context.Context, e Entry, a callback.Aggregate, err error) {
	c.last = e
	c.queue.metrics.outdated.Inc()
	if errors.Is(err, ErrUnreadable) {
		c.queue.log.Error("a callback cannot be read and is passed over", zap.String(obs.CallbackID, e.ID), zap.Error(err))
		return
	}
	c.queue.log.Debug("the index offered an outdated callback", zap.String(obs.CallbackID, e.ID), zap.Error(err))
	if !errors.Is(err, ErrContended) {
		c.queue.settle(ctx, e, a)
	}
}
