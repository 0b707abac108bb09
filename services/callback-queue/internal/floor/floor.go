// Package floor is who is at their desk: which agents can be offered something
// now, and since when each has had nothing to do. It also knows at what pace they
// work.
//
// Authority: none. A seat is a hint with an end; who holds a callback is what the
// stream says, and a lease gives back what everybody forgot. Liveness: whoever
// looks after an agent reports the seat again and again; one of which nothing is
// heard until its end is offline. Failure: seats that are lost come back with the
// next reports, a few seconds later, and nobody is offered anything meanwhile.
package floor

import (
	"context"
	"errors"
	"time"
)

// ErrReplaced says that another session of the same agent has taken the seat.
var ErrReplaced = errors.New("the agent has come in elsewhere")

// Status is what an agent says of themselves, and what is made of it.
type Status uint8

// The statuses. An agent says that they are Available or Away; Busy is one who is
// available and has all they can take, Offline is one of whom nothing is heard. Left is
// one whose session ended without a word: they count as Away as long as they may come back.
const (
	Offline Status = iota
	Available
	Busy
	Away
	Left
)

// Seat is one agent's.
type Seat struct {
	Agent string
	// Session is the connection that looks after the agent, unique; empty for one
	// who is heard of by calls only, and asks for work instead of being offered it.
	Session string
	// Status is Available, Away or Left.
	Status Status
	// Capacity is how much the agent takes at once, and Load what they have in hand.
	Capacity, Load int
	// IdleSince is when the agent came in, or last got something or had something end: of
	// those who are free, and have as few in hand as anybody, the one with the earliest is
	// offered the next.
	IdleSince time.Time
	// Until is when the agent is offline, unless they are heard of before.
	Until time.Time
	// TakenUntil is until when somebody is about to offer the agent something.
	TakenUntil time.Time
	// Missed is how many offers in a row the agent let pass.
	Missed int
}

// StatusAt is what the agent is at a moment.
func (s *Seat) StatusAt(now time.Time) Status {
	switch {
	case !now.Before(s.Until):
		return Offline
	case s.Status == Available && s.Load >= s.Capacity:
		return Busy
	case s.Status == Left:
		return Away
	default:
		return s.Status
	}
}

// SaidAway reports whether the agent has said that they want nothing, and it holds.
func (s *Seat) SaidAway(now time.Time) bool { return s.Status == Away && now.Before(s.Until) }

// Free reports whether the agent can be offered something at a moment.
func (s *Seat) Free(now time.Time) bool {
	return s.Session != "" && s.StatusAt(now) == Available && !now.Before(s.TakenUntil)
}

// Floor keeps the seats. All methods are safe for concurrent use; floors that
// share a server share their seats. A seat that has ended stays until somebody
// clears it, so that what the agent had in hand is given back once.
type Floor interface {
	// Sit takes the agent's seat for a session, whoever had it, and returns the
	// seat as it was; was is false when there was none.
	Sit(ctx context.Context, s Seat) (before Seat, was bool, err error)
	// Report brings a seat up to date, all but TakenUntil, which Report ends when
	// settled says that what was taken for has arrived. It is ErrReplaced when the
	// seat is another session's, and sits down anew when the seat is gone.
	Report(ctx context.Context, s Seat, settled bool) error
	// Take keeps others from offering the agent something until then. It is false
	// when the agent is not free, by the seat as it stands.
	Take(ctx context.Context, agent string, now, until time.Time) (bool, error)
	// Untake gives up a Take of which nothing came.
	Untake(ctx context.Context, agent string) error
	// Enter begins to give the agent something, and keeps others from it until then, or
	// until Leave: what an agent has in hand is counted by one at a time. It is false while
	// somebody else is at it; who is names whoever is, and may enter twice. The agent need
	// have no seat.
	Enter(ctx context.Context, agent, who string, now, until time.Time) (bool, error)
	// Leave ends it, unless somebody else is at it by now.
	Leave(ctx context.Context, agent, who string) error
	// Clear takes a seat away that ended then, and has not been heard of since.
	Clear(ctx context.Context, agent string, ended time.Time) error
	// Seats lists all, in no order; those that have ended are among them.
	Seats(ctx context.Context) ([]Seat, error)
	// Seat returns one.
	Seat(ctx context.Context, agent string) (s Seat, known bool, err error)
	// Worked adds to what is known of the work, by queue, done at a moment.
	Worked(ctx context.Context, at time.Time, work map[string]Work) error
	// Work returns, by queue, what was done in the PaceOver before a moment, or a little
	// more.
	Work(ctx context.Context, at time.Time) (map[string]Work, error)
}

// Work is what was done in a queue.
type Work struct {
	// Callbacks is how many were worked on, to an outcome or to another try, and Took
	// how long they were in hands for it, all together.
	Callbacks int
	Took      time.Duration
}

const (
	// PaceOver is how far back the pace is looked at.
	PaceOver = time.Hour
	// PacePart is how finely: what is older than both is forgotten.
	PacePart = 10 * time.Minute
)

// Parts are the parts of time to look at for a moment's pace, by number, the latest
// first; the first is the one that the moment is in.
func Parts(at time.Time) []int64 {
	now := at.UnixMilli() / PacePart.Milliseconds()
	parts := make([]int64, 0, PaceOver/PacePart+1)
	for n := now; n >= now-int64(PaceOver/PacePart); n-- {
		parts = append(parts, n)
	}
	return parts
}
