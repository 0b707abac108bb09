package queue

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/obs"
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
}

// Claim gives the agent the next best callback, or ErrNoneReady, or
// ErrIndexIncomplete when there may be one that is not known yet.
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
	if cb, err := q.claimedBefore(ctx, r); cb != nil || err != nil {
		return cb, err
	}
	for range maxCandidates {
		e, err := q.index.Reserve(ctx, Reservation{
			Agent: r.AgentID, RequestID: r.RequestID, Queues: r.Queues,
			Now: q.clock.Now(), Hold: reservationHold,
		})
		if err != nil {
			if errors.Is(err, ErrIndexIncomplete) {
				q.hintLost()
			}
			return nil, err
		}
		q.signals.reserved.fire()
		cb, err := q.take(ctx, e, cmd)
		if err == nil {
			return cb, nil
		}
		if !outdated(err) {
			return nil, err
		}
		q.metrics.outdated.Inc()
		q.log.Debug("the index offered an outdated callback", zap.String(obs.CallbackID, e.ID), zap.Error(err))
	}
	return nil, ErrContended
}

// take commits the claim of a reserved entry.
func (q *Queue) take(ctx context.Context, e Entry, cmd callback.Claim) (*callback.Callback, error) {
	a, err := q.updateIf(ctx, e.CustomerKey, cmd, func(a callback.Aggregate) error {
		_, err := a.Find(e.ID)
		return err
	})
	if errors.Is(err, callback.ErrNoCallback) {
		q.forget(ctx, e, a)
	}
	if err != nil {
		return nil, err
	}
	return a.Callback, nil
}

// forget corrects an entry whose callback is not the customer's current one:
// it was closed without the index hearing of it.
func (q *Queue) forget(ctx context.Context, e Entry, a callback.Aggregate) {
	e.Seq, e.State, e.Agent, e.DueAt = max(a.Seq, e.Seq+1), callback.Canceled, "", time.Time{}
	if err := q.index.Apply(ctx, e); err != nil {
		q.log.Warn("an outdated entry stays in the index", zap.String(obs.CallbackID, e.ID), zap.Error(err))
	}
}

// claimedBefore returns the callback that the same request got before, if the
// agent still holds it.
func (q *Queue) claimedBefore(ctx context.Context, r ClaimRequest) (*callback.Callback, error) {
	if r.RequestID == "" {
		return nil, nil //nolint:nilnil // nothing before is no error
	}
	held, err := q.index.HeldBy(ctx, r.AgentID)
	if err != nil {
		return nil, err
	}
	for _, e := range held {
		a, err := q.store.Load(ctx, e.CustomerKey)
		if err != nil {
			return nil, err
		}
		cb, err := a.Find(e.ID)
		if err == nil && cb.Holder != nil && cb.Holder.AgentID == r.AgentID && cb.Holder.RequestID == r.RequestID {
			return cb, nil
		}
	}
	return nil, nil //nolint:nilnil // nothing before is no error
}

// outdated reports whether a claim failed because the index was behind: the
// callback is not there any more, held, closed, or not ready yet.
func outdated(err error) bool {
	var transition *callback.TransitionError
	return errors.As(err, &transition) ||
		errors.Is(err, callback.ErrNoCallback) || errors.Is(err, callback.ErrNotReady) ||
		errors.Is(err, callback.ErrNotHolder) || errors.Is(err, ErrContended)
}
