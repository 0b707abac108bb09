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
	// spoke is the hold in which the customer was spoken to last, unless somebody called since.
	spoke uint64
	// pressed: the customer has complained since they were spoken to, and the wrap-up is
	// given no longer than that may wait.
	pressed bool
}

// complain is what a customer does, and concerns whichever callback is theirs then.
const complain = "complain"

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
		next = slot{stage: callback.Assigned, agent: a.agent, token: token, spoke: s.spoke}
		return s.stage == callback.Pending && token > s.token, next
	case "offer":
		next = slot{stage: callback.Reserved, agent: a.agent, token: token, spoke: s.spoke}
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
		next.stage, next.spoke = callback.Attempting, 0
		return s.heldBy(a, callback.Assigned) || s.heldBy(a, callback.Attempting), next
	case "reached":
		if s.spoke == a.token {
			return true, s
		}
		next.stage, next.spoke = callback.Wrapping, a.token
		return s.heldBy(a, callback.Attempting), next
	case "complete":
		next.stage = callback.Completed
		return s.heldBy(a, callback.Wrapping) || s.heldBy(a, callback.Completed), next
	}
	return false, s
}

// after are the states that an answer leaves possible.
func (s slot) after(a action, got answer) []any {
	switch a.what {
	case "transfer":
		return s.transferred(got)
	case complain:
		return s.complained(got)
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

// complained are the states after a complaint, which shortens a wrap-up and nothing else.
func (s slot) complained(got answer) []any {
	next := s
	next.pressed = s.stage == callback.Wrapping
	if got.maybe {
		return []any{s, next}
	}
	return []any{next}
}

// overtaken reports whether the state may have ended by itself before: an offer's time is
// over, or a wrap-up's, for a complaint that is to be called for.
func (s slot) overtaken() (slot, bool) {
	over := s.stage == callback.Reserved || s.stage == callback.Wrapping && s.pressed
	s.stage, s.pressed = callback.Pending, false
	return s, over
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
		byCallback, complaints := map[string][]porcupine.Operation{}, map[string][]porcupine.Operation{}
		for _, op := range history {
			a := op.Input.(action)
			if a.what == complain {
				customer, _, _ := callback.ParseID(a.id)
				complaints[customer] = append(complaints[customer], op)
				continue
			}
			byCallback[a.id] = append(byCallback[a.id], op)
		}
		for id := range byCallback {
			customer, _, _ := callback.ParseID(id)
			byCallback[id] = append(byCallback[id], complaints[customer]...)
		}
		return slices.Collect(maps.Values(byCallback))
	},
	Init: func() []any { return []any{slot{stage: callback.Pending}} },
	Step: func(state, input, output any) []any {
		s, a, got := state.(slot), input.(action), output.(answer)
		after := s.after(a, got)
		if free, over := s.overtaken(); over {
			after = append(after, free.after(a, got)...)
		}
		return after
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
	DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
}).ToModel()
