package queue

import (
	"context"
	"errors"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// claimedBefore returns the callback that the same request got before, if the
// agent still holds it; nil when there is none. It is ErrIndexIncomplete when
// that cannot be known, because the index is being read again.
func (q *Queue) claimedBefore(ctx context.Context, r ClaimRequest) (*callback.Callback, error) {
	if r.RequestID == "" {
		return nil, nil //nolint:nilnil // nothing before is no error
	}
	held, err := q.index.HeldBy(ctx, r.AgentID)
	if err != nil {
		return nil, q.indexError(err)
	}
	for _, e := range held {
		cb, err := q.gotBy(ctx, e, r)
		if cb != nil || err != nil {
			return cb, err
		}
	}
	// Asked after the question, not before: an index that was lost just now has
	// answered that nothing is held.
	_, err = q.index.Checkpoint(ctx)
	return nil, q.indexError(err)
}

// gotBy returns the callback of an entry if this very request got it. No is said
// on what is at hand, as long as it is no older than the entry: a hold does not
// change hands without ending. Yes is said on the truth.
func (q *Queue) gotBy(ctx context.Context, e Entry, r ClaimRequest) (*callback.Callback, error) {
	a, known := q.store.Recall(e.CustomerKey)
	if known && a.Seq >= e.Seq && match(a, e, r) == nil {
		return nil, nil //nolint:nilnil // not this one
	}
	a, err := q.store.Load(ctx, e.CustomerKey)
	switch {
	case errors.Is(err, ErrUnreadable):
		return nil, nil //nolint:nilnil // whatever it is, nobody can work on it
	case err != nil:
		return nil, err
	}
	cb := match(a, e, r)
	if cb == nil {
		return nil, nil //nolint:nilnil // not this one
	}
	return cb, q.store.Durable(ctx)
}

func match(a callback.Aggregate, e Entry, r ClaimRequest) *callback.Callback {
	cb, err := a.Find(e.ID)
	if err != nil || cb.Holder == nil || cb.State == callback.Reserved {
		return nil
	}
	if cb.Holder.AgentID != r.AgentID || cb.Holder.RequestID != r.RequestID {
		return nil
	}
	return cb
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
