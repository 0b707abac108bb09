package queue_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// action is what an agent asked of one callback, and answer what they were told.
type action struct {
	what, id, agent string
	token           uint64 // the one given; 0 in a claim
	queue           string // of a transfer
}

type answer struct {
	ok    bool
	maybe bool   // no answer came: it may have been granted, or may be yet
	token uint64 // of a claim that was granted
}

// slot is one callback as the agents may know it: nobody's, or in the hands of
// one, who alone can do anything with it; or closed.
type slot struct {
	stage callback.State
	agent string
	token uint64 // the present hold's, else the last one's
}

func (s slot) heldBy(a action, stage callback.State) bool {
	return s.stage == stage && s.agent == a.agent && s.token == a.token
}

// allows reports whether an action may be granted in this state, and what comes
// of it. A command that was granted before is granted again and changes nothing.
func (s slot) allows(a action, token uint64) (bool, slot) {
	next := s
	switch a.what {
	case "claim":
		// The token rises with each hold, so that an old one can never pass.
		next = slot{stage: callback.Assigned, agent: a.agent, token: token}
		return s.stage == callback.Pending && token > s.token, next
	case "offer":
		next = slot{stage: callback.Reserved, agent: a.agent, token: token}
		return s.stage == callback.Pending && token > s.token, next
	case "accept":
		next.stage = callback.Assigned
		return s.heldBy(a, callback.Reserved) || s.heldBy(a, callback.Assigned), next
	case "reject":
		next.stage = callback.Pending
		return s.heldBy(a, callback.Reserved) || s.heldBy(a, callback.Pending), next
	case "release":
		next.stage = callback.Pending
		return s.heldBy(a, callback.Reserved) || s.heldBy(a, callback.Assigned) || s.heldBy(a, callback.Pending), next
	case "start":
		next.stage = callback.Attempting
		return s.heldBy(a, callback.Assigned) || s.heldBy(a, callback.Attempting), next
	case "reached":
		if s.heldBy(a, callback.Completed) {
			return true, s
		}
		next.stage = callback.Wrapping
		return s.heldBy(a, callback.Attempting) || s.heldBy(a, callback.Wrapping), next
	case "complete":
		next.stage = callback.Completed
		return s.heldBy(a, callback.Wrapping) || s.heldBy(a, callback.Completed), next
	}
	return false, s
}

// after are the states that an answer leaves possible.
func (s slot) after(a action, got answer) []any {
	if a.what == "transfer" {
		return s.transferred(got)
	}
	allowed, next := s.allows(a, got.token)
	switch {
	case got.maybe && allowed:
		return []any{s, next}
	case got.maybe:
		return []any{s}
	case got.ok && allowed:
		return []any{next}
	case !got.ok && !allowed:
		return []any{s}
	default:
		return nil
	}
}

// transferred are the states after a transfer: it takes the callback out of any
// hand that has not begun to call, unless it is in that queue already.
func (s slot) transferred(got answer) []any {
	next, movable := s, s.stage == callback.Pending || s.stage == callback.Reserved || s.stage == callback.Assigned
	next.stage = callback.Pending
	switch {
	case movable && (got.ok || got.maybe):
		return []any{s, next}
	case movable, got.ok && s.stage == callback.Completed:
		return nil
	default:
		return []any{s}
	}
}

// exclusive is the model: what agents see of each callback must be explained by
// one state that changes at one moment in each call.
var exclusive = (&porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byCallback := map[string][]porcupine.Operation{}
		for _, op := range history {
			id := op.Input.(action).id
			byCallback[id] = append(byCallback[id], op)
		}
		return slices.Collect(maps.Values(byCallback))
	},
	Init: func() []any { return []any{slot{stage: callback.Pending}} },
	Step: func(state, input, output any) []any {
		s, a, got := state.(slot), input.(action), output.(answer)
		after := s.after(a, got)
		if s.stage == callback.Reserved { // its time may have been over before
			s.stage = callback.Pending
			after = append(after, s.after(a, got)...)
		}
		return after
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
	DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
}).ToModel()
