package queue

import (
	"context"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Signals are the steps a test may wait for, or fail at.
type Signals struct {
	Reserved, ClaimDecided, ClaimCommitted, ClaimApplied, Reset, Complete, Walking, Flushed, Watched func()
}

// Hook sets what is called at each step; before the queue is used.
func (q *Queue) Hook(s Signals) {
	q.signals = signals{
		reserved: s.Reserved, claimDecided: s.ClaimDecided, claimCommitted: s.ClaimCommitted, claimApplied: s.ClaimApplied,
		reset: s.Reset, complete: s.Complete, walking: s.Walking, flushed: s.Flushed, watched: s.Watched,
	}
}

// Hurry makes the background quick, with a projector that lags so far behind.
func (q *Queue) Hurry(lag time.Duration) {
	q.pace = pace{
		flush: 2 * time.Millisecond, lag: lag, check: 10 * time.Millisecond, alone: 50 * time.Millisecond,
		retry: 10 * time.Millisecond, due: 2 * time.Millisecond, attend: 2 * time.Millisecond, heed: 2 * time.Millisecond, tidy: 5 * time.Millisecond,
	}
}

// Unwatched makes the projector never look by itself whether the index is whole.
func (q *Queue) Unwatched() { q.pace.check = time.Hour }

// Entry is what the index shall know of an aggregate.
func (q *Queue) Entry(a callback.Aggregate) Entry { return q.entry(a) }

// Expire handles what is due once and reports whether there may be more.
func (q *Queue) Expire(ctx context.Context) bool {
	w := deadlines{queue: q, failing: map[string]int{}}
	return w.round(ctx)
}

// Attendance is what one process sees of who attends to what.
type Attendance = attendance

// Attendance returns a process that has seen nothing yet.
func (q *Queue) Attendance() *Attendance { return &attendance{queue: q, since: map[Line]episode{}} }

// Look looks once.
func (a *attendance) Look(ctx context.Context) error { return a.look(ctx) }

// Bounds that tests go beyond.
const (
	ReservationHold = reservationHold
	MaxCandidates   = maxCandidates
	DueBatch        = dueBatch
	DueHold         = dueHold
)
