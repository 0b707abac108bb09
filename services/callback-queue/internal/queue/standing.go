package queue

import (
	"context"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Standing says where a callback stands, and why.
type Standing struct {
	// Ready says that it may be claimed now, after Ahead others of its queue; not so
	// when that is not known.
	Ready bool
	Ahead int
	// ReadyAt is when it may first be claimed; zero unless it waits for that, or for
	// the hours in which its customer may be called.
	ReadyAt time.Time
	// Points are what its priority is made of, and Worth is the waiting that the
	// priority weighs as much as.
	Points callback.Points
	Worth  time.Duration
}

// standingTimeout bounds the wait for an index that is away: the callback itself
// is there to be shown.
const standingTimeout = 500 * time.Millisecond

// CallableAt is when a callback may be called: now, or when its moment comes and
// the hours in which its customer may be called. Both are needed.
func (q *Queue) CallableAt(cb *callback.Callback) time.Time {
	at := q.clock.Now()
	if ready := cb.ReadyAt(); ready.After(at) {
		at = ready
	}
	return q.policy.CallableAt(cb, at)
}

// Standing explains an open callback's place. It is as of the moment it is asked
// for, and a hint: the next claim may change it.
func (q *Queue) Standing(ctx context.Context, cb *callback.Callback) Standing {
	s := Standing{Points: cb.Points(), Worth: q.policy.Worth(cb.Priority)}
	now := q.clock.Now()
	switch {
	case cb.State != callback.Pending:
		return s
	case q.CallableAt(cb).After(now):
		s.ReadyAt = q.CallableAt(cb)
		return s
	}
	ctx, cancel := context.WithTimeout(ctx, standingTimeout)
	defer cancel()
	n, ready, err := q.index.Before(ctx, cb.Queue, cb.ID, now)
	if err != nil || !ready { // it is being taken at this moment, or the index does not know it
		return s
	}
	if _, err := q.index.Checkpoint(ctx); err != nil { // others may be missing before it
		return s
	}
	s.Ready, s.Ahead = true, n
	return s
}
