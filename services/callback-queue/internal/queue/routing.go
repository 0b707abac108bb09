package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// Sentinels of routing.
var (
	// ErrUnknownAgent says that only agents of the roster may take callbacks, and
	// that this one is not in it.
	ErrUnknownAgent = errors.New("the agent is not in the roster")
	// ErrRosterLoading says that the roster is still being read: what this agent can
	// take is not known yet.
	ErrRosterLoading = errors.New("the roster is still being read")
	// ErrAway says that the agent has said that they want nothing now.
	ErrAway = errors.New("the agent is away")
	// ErrAtDesk says that the agent who has the callback is there, and at work on it.
	ErrAtDesk = errors.New("the agent is at their desk")
	// ErrAtCapacity says that the agent has in hand all they can.
	ErrAtCapacity = errors.New("the agent has in hand all they can")
)

// AtCapacityError is ErrAtCapacity with the number.
type AtCapacityError struct{ Capacity int }

// Error names it.
func (e *AtCapacityError) Error() string { return fmt.Sprintf("%v: %d", ErrAtCapacity, e.Capacity) }

// Unwrap makes it an ErrAtCapacity.
func (e *AtCapacityError) Unwrap() error { return ErrAtCapacity }

// Roster says who works here.
type Roster interface {
	// Agent returns what is known of an agent; known is false when nothing is.
	Agent(id string) (a roster.Agent, known bool)
	// All returns all agents, by id.
	All() []roster.Agent
	// Ready is nil once all agents are known: until then of nobody can be said that
	// nothing is known.
	Ready() error
}

// routed is an agent as routing sees them. One of whom nothing is known takes
// everything, one at a time or many.
type routed struct {
	roster.Agent
	known bool
}

// agent finds an agent who may take callbacks, or ErrUnknownAgent, or
// ErrRosterLoading.
func (q *Queue) agent(id string) (routed, error) {
	a, known := q.roster.Agent(id)
	switch {
	case known:
	case q.roster.Ready() != nil:
		return routed{}, ErrRosterLoading
	case q.knownOnly:
		return routed{}, ErrUnknownAgent
	default:
		a.ID = id
	}
	return routed{Agent: a, known: known}, nil
}

// fit says which lines the agent takes, of the named queues or of all: those whose
// needs the agent meets and whose customers may be called now, but for what is kept
// for another who is at their desk.
func (q *Queue) fit(a routed, queues []string, atDesk func(agent string) bool) Fit {
	now := q.clock.Now()
	return func(name, line string) (int64, bool) {
		if len(queues) > 0 && !slices.Contains(queues, name) {
			return 0, false
		}
		needs, preference := callback.ParseLine(name, line), 1
		if a.known {
			p, lacks, _ := a.Fits(needs)
			if len(lacks) > 0 {
				return 0, false
			}
			preference = p
		}
		if !calendar.Open(q.policy.Window(needs), now) {
			return 0, false
		}
		kept := needs.Preferred != "" && needs.Preferred == a.ID
		if needs.Preferred != "" && !kept && atDesk(needs.Preferred) {
			return 0, false
		}
		return q.policy.Behind(preference, kept).Milliseconds(), true
	}
}

// atDesk says which agents are there, busy or not, as of one reading of the floor that
// is made when it is first asked: who looks at many lines asks of many agents. One of
// whom the floor does not say is not waited for.
func (q *Queue) atDesk(ctx context.Context) func(agent string) bool {
	there := sync.OnceValue(func() map[string]bool {
		seats, err := q.floor.Seats(ctx)
		if err != nil {
			return nil
		}
		return q.there(seats)
	})
	return func(agent string) bool { return there()[agent] }
}

// there are those who sit there now.
func (q *Queue) there(seats []floor.Seat) map[string]bool {
	agents := make(map[string]bool, len(seats))
	for i := range seats {
		status := seats[i].StatusAt(q.clock.Now())
		agents[seats[i].Agent] = status == floor.Available || status == floor.Busy
	}
	return agents
}

// load is how many of the callbacks that an agent holds take up their time: all
// but those whose wrap-up is overdue, which anybody may write.
func load(held []Entry) int {
	n := 0
	for _, e := range held {
		if !e.Overdue {
			n++
		}
	}
	return n
}
