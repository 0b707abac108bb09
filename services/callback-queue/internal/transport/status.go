package transport

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// toStatus is where an error becomes a status, with agentStatus below. What it does not
// know stays as it is; the server logs it and says INTERNAL.
func toStatus(err error) error {
	var invalid *callback.ValidationError
	var transition *callback.TransitionError
	var early *callback.NotReadyError
	var late *callback.TooLateError
	var full *queue.AtCapacityError
	var beyond *callback.GoodwillError
	switch {
	case errors.As(err, &invalid):
		var w wrong
		w.invalid(invalid)
		return w.Err()
	case errors.As(err, &beyond):
		return rpc.Refused(codes.PermissionDenied, "GOODWILL_LIMIT", beyond.Error()+"; complete the callback with less, or without, and have it given by somebody who may")
	case errors.As(err, &transition):
		return rpc.Refused(codes.FailedPrecondition, "NOT_POSSIBLE_NOW", transition.Error())
	case errors.Is(err, queue.ErrNoneReady):
		return rpc.Refused(codes.NotFound, "NO_CALLBACK_READY", "no callback is ready for you now")
	case errors.Is(err, queue.ErrUnknownAgent):
		return rpc.Refused(codes.FailedPrecondition, "UNKNOWN_AGENT", "only agents of the roster take callbacks here; have yourself added to it")
	case errors.Is(err, queue.ErrAtDesk):
		return rpc.Refused(codes.FailedPrecondition, "AGENT_AT_DESK", "the agent who has it is at their desk, and calls the customer or writes down what came of it: ask them")
	case errors.Is(err, queue.ErrAway):
		return rpc.Refused(codes.FailedPrecondition, "AGENT_AWAY", "you have said that you are away; say that you are available, and ask again")
	case errors.As(err, &full):
		return rpc.Refused(codes.FailedPrecondition, "AT_CAPACITY",
			fmt.Sprintf("you have %d in hand, which is all you take at once; finish or release one", full.Capacity))
	case errors.Is(err, callback.ErrDoNotCall):
		return rpc.Refused(codes.FailedPrecondition, "DO_NOT_CALL", "the customer is not to be called: they are on the do-not-call list")
	case errors.Is(err, callback.ErrDeclined):
		return rpc.Refused(codes.FailedPrecondition, "DECLINED", "the agent was offered this callback a short while ago and did not take it")
	case errors.Is(err, callback.ErrNoCallback):
		return rpc.Refused(codes.NotFound, "NO_SUCH_CALLBACK", "there is no callback with this id")
	case errors.Is(err, callback.ErrLeaseOver):
		return rpc.Refused(codes.Aborted, "LEASE_OVER", "your time with this callback is over; claim again")
	case errors.Is(err, callback.ErrStaleToken):
		return rpc.Refused(codes.Aborted, "STALE_TOKEN", "your hold on this callback has ended; get it again before going on")
	case errors.Is(err, callback.ErrNotHolder):
		return rpc.Refused(codes.Aborted, "NOT_HOLDER", "another agent holds this callback")
	case errors.As(err, &early):
		return rpc.Refused(codes.FailedPrecondition, "NOT_READY", early.Error())
	case errors.As(err, &late):
		return rpc.Refused(codes.FailedPrecondition, "TOO_LATE", late.Error())
	case errors.Is(err, callback.ErrSuperseded):
		return rpc.Refused(codes.FailedPrecondition, "SUPERSEDED", "the customer has a newer callback; go on with that one")
	case errors.Is(err, queue.ErrBadPageToken):
		return rpc.Invalid(rpc.Field{Path: "pageToken", Problem: badPageToken})
	default:
		return notNow(err)
	}
}

// agentStatus is toStatus for what can go wrong with the roster.
func agentStatus(err error) error {
	var invalid *roster.ValidationError
	var declared *directory.DeclaredError
	switch {
	case errors.As(err, &invalid):
		var w wrong
		w.agent(invalid)
		return w.Err()
	case errors.As(err, &declared):
		return rpc.Refused(codes.FailedPrecondition, "DECLARED_IN_CONFIGURATION",
			fmt.Sprintf("callback.agents_file declares agent %s: change it at %s", declared.ID, declared.Where))
	case errors.Is(err, directory.ErrExists):
		return rpc.Refused(codes.AlreadyExists, "AGENT_EXISTS", "there is another agent with this id; update that one, or choose another id")
	case errors.Is(err, directory.ErrNoAgent):
		return rpc.Refused(codes.NotFound, "NO_SUCH_AGENT", "there is no agent with this id")
	case errors.Is(err, directory.ErrStale):
		return rpc.Refused(codes.Aborted, "STALE_REVISION", "the agent has changed since this revision; get it again before changing it")
	case errors.Is(err, directory.ErrTooMany):
		return rpc.Refused(codes.ResourceExhausted, "TOO_MANY_AGENTS", fmt.Sprintf("the roster holds at most %d agents", directory.MaxAgents))
	case errors.Is(err, directory.ErrLoading):
		return rpc.TryLater(codes.Unavailable, "ROSTER_LOADING", "the roster is being read; ask again in a moment", time.Second)
	case errors.Is(err, directory.ErrContended):
		return notNow(queue.ErrContended)
	default:
		return notNow(err)
	}
}

// notNow are the refusals that asking again may mend.
func notNow(err error) error {
	switch {
	case errors.Is(err, queue.ErrIndexIncomplete):
		return rpc.TryLater(codes.Unavailable, "INDEX_REBUILDING", "the queue is being read again; nothing is lost, ask again in a moment", time.Second)
	case errors.Is(err, queue.ErrIndexUnavailable):
		return rpc.TryLater(codes.Unavailable, "INDEX_UNAVAILABLE", "the queue's index does not answer; ask again with the same request", time.Second)
	case errors.Is(err, queue.ErrRosterLoading):
		return rpc.TryLater(codes.Unavailable, "ROSTER_LOADING", "the roster is still being read; ask again in a moment", time.Second)
	case errors.Is(err, queue.ErrListLoading):
		return rpc.TryLater(codes.Unavailable, "DO_NOT_CALL_LOADING", "the do-not-call list is still being read; ask again in a moment", time.Second)
	case errors.Is(err, donotcall.ErrContended), errors.Is(err, queue.ErrContended), errors.Is(err, queue.ErrConflict):
		return rpc.TryLater(codes.Unavailable, "CONTENDED", "too many are working on this at once; ask again", time.Second)
	default:
		return rpc.Stored(err)
	}
}
