package queue

import (
	"context"
	"errors"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// claimedBefore returns the callback that the same request got before, if the
// agent still holds it; nil when there is none, and there is room for another:
// else an *AtCapacityError. It is ErrIndexIncomplete when that cannot be known,
// because the index is being read again.
//
// It is for requests that come again after a while. One that comes again while
// the first is under way, or just after, is caught by the commit: the store takes
// a request's name once.
func (q *Queue) claimedBefore(ctx context.Context, r ClaimRequest, agent routed) (*callback.Callback, error) {
	if r.RequestID == "" && !agent.known {
		return nil, nil //nolint:nilnil // nothing before is no error
	}
	held, whole := q.index.HeldBy(ctx, r.AgentID)
	for _, e := range held {
		if r.RequestID == "" {
			break
		}
		// No is said on what is at hand, as long as it is no older than the entry: a
		// hold does not change hands without ending. Yes is said on the truth.
		if a, known := q.store.Recall(e.CustomerKey); known && a.Seq >= e.Seq && !r.got(a.Callback) {
			continue
		}
		cb, err := q.heldUnder(ctx, e.CustomerKey, r)
		if cb != nil || err != nil {
			return cb, err
		}
	}
	if agent.known && load(held) >= agent.Capacity {
		return nil, &AtCapacityError{Capacity: agent.Capacity}
	}
	return nil, q.indexError(whole)
}

// heldUnder returns the customer's callback if the agent holds it by this very
// request, once that is on disk.
func (q *Queue) heldUnder(ctx context.Context, customerKey string, r ClaimRequest) (*callback.Callback, error) {
	a, err := q.store.Load(ctx, customerKey)
	switch {
	case errors.Is(err, ErrUnreadable):
		return nil, nil //nolint:nilnil // whatever it is, nobody can work on it
	case err != nil:
		return nil, err
	case !r.got(a.Callback):
		return nil, nil //nolint:nilnil // not this one
	default:
		return a.Callback, q.store.Durable(ctx)
	}
}

// got reports whether the callback is in the agent's hands by this request.
func (r ClaimRequest) got(cb *callback.Callback) bool {
	return cb != nil && cb.Holder != nil && cb.State != callback.Reserved &&
		cb.Holder.AgentID == r.AgentID && cb.Holder.RequestID == r.RequestID
}

// indexError tells the index's own answers from its failure, and wakes the
// projector when the index says that it is not whole.
func (q *Queue) indexError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrIndexIncomplete):
		hint(q.lost)
		return err
	case errors.Is(err, ErrNoneReady), errors.Is(err, ErrBadPageToken):
		return err
	default:
		return &indexFailure{err}
	}
}

// indexFailure is ErrIndexUnavailable with what the index said.
type indexFailure struct{ err error }

func (e *indexFailure) Error() string   { return ErrIndexUnavailable.Error() + ": " + e.err.Error() }
func (e *indexFailure) Unwrap() []error { return []error{ErrIndexUnavailable, e.err} }
