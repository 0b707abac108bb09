package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/transport"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// refusing is a queue that refuses everything for one reason.
type refusing struct{ err error }

func (q refusing) Claim(context.Context, queue.ClaimRequest) (*callback.Callback, error) {
	return nil, q.err
}

func (q refusing) Do(context.Context, string, callback.Command) (*callback.Callback, error) {
	return nil, q.err
}

func (q refusing) Forbid(context.Context, string, string) (*callback.Callback, error) {
	return nil, q.err
}

func (q refusing) Standing(context.Context, *callback.Callback) queue.Standing {
	return queue.Standing{}
}

func (q refusing) Explain(context.Context, *callback.Callback) (queue.Routing, error) {
	return queue.Routing{}, q.err
}

func (q refusing) Get(context.Context, string) (*callback.Callback, error) { return nil, q.err }

func (q refusing) List(context.Context, queue.Filter, string, int) ([]*callback.Callback, string, error) {
	return nil, "", q.err
}

func (q refusing) States(context.Context, ...string) ([]queue.State, error) { return nil, q.err }

// calls are all the ways in, each with a request that is right in itself.
func calls(s *transport.Server) map[string]func(context.Context) error {
	ignore := func(_ any, err error) error { return err }
	return map[string]func(context.Context) error{
		"claim": func(ctx context.Context) error {
			return ignore(s.ClaimCallback(ctx, &callbackv1.ClaimCallbackRequest{AgentId: "amina"}))
		},
		"accept": func(ctx context.Context) error {
			return ignore(s.AcceptCallback(ctx, &callbackv1.AcceptCallbackRequest{AgentId: "amina"}))
		},
		"reject": func(ctx context.Context) error {
			return ignore(s.RejectCallback(ctx, &callbackv1.RejectCallbackRequest{AgentId: "amina"}))
		},
		"explain": func(ctx context.Context) error {
			return ignore(s.ExplainRouting(ctx, &callbackv1.ExplainRoutingRequest{}))
		},
		"start": func(ctx context.Context) error {
			return ignore(s.StartAttempt(ctx, &callbackv1.StartAttemptRequest{AgentId: "amina"}))
		},
		"end": func(ctx context.Context) error {
			return ignore(s.EndAttempt(ctx, &callbackv1.EndAttemptRequest{AgentId: "amina", Outcome: eventsv1.Attempt_BUSY}))
		},
		"complete": func(ctx context.Context) error {
			return ignore(s.CompleteCallback(ctx, &callbackv1.CompleteCallbackRequest{
				AgentId: "amina", Outcome: eventsv1.WrapUp_RESOLVED, RootCause: "late", Note: "refund",
			}))
		},
		"release": func(ctx context.Context) error {
			return ignore(s.ReleaseCallback(ctx, &callbackv1.ReleaseCallbackRequest{AgentId: "amina"}))
		},
		"cancel": func(ctx context.Context) error {
			return ignore(s.CancelCallback(ctx, &callbackv1.CancelCallbackRequest{Reason: "moved", By: "sam"}))
		},
		"reopen": func(ctx context.Context) error {
			return ignore(s.ReopenCallback(ctx, &callbackv1.ReopenCallbackRequest{Reason: "moved back", By: "sam"}))
		},
		"reschedule": func(ctx context.Context) error {
			return ignore(s.RescheduleCallback(ctx, &callbackv1.RescheduleCallbackRequest{By: "sam"}))
		},
		"transfer": func(ctx context.Context) error {
			return ignore(s.TransferCallback(ctx, &callbackv1.TransferCallbackRequest{Queue: "q", Reason: "technical", By: "sam"}))
		},
		"requeue": func(ctx context.Context) error {
			return ignore(s.RequeueCallback(ctx, &callbackv1.RequeueCallbackRequest{Reason: "gone", By: "sam"}))
		},
		"escalate": func(ctx context.Context) error {
			return ignore(s.EscalateCallback(ctx, &callbackv1.EscalateCallbackRequest{Reason: "press", By: "sam"}))
		},
		"get": func(ctx context.Context) error { return ignore(s.GetCallback(ctx, &callbackv1.GetCallbackRequest{})) },
		"list": func(ctx context.Context) error {
			return ignore(s.ListCallbacks(ctx, &callbackv1.ListCallbacksRequest{}))
		},
		"stats": func(ctx context.Context) error {
			return ignore(s.GetQueueStats(ctx, &callbackv1.GetQueueStatsRequest{}))
		},
	}
}

func TestEveryErrorHasItsStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		code   codes.Code
		http   int
		reason string
		retry  string // Retry-After, in seconds
	}{
		{queue.ErrNoneReady, codes.NotFound, 404, "NO_CALLBACK_READY", ""},
		{callback.ErrNoCallback, codes.NotFound, 404, "NO_SUCH_CALLBACK", ""},
		{queue.ErrUnknownAgent, codes.FailedPrecondition, 400, "UNKNOWN_AGENT", ""},
		{queue.ErrAtDesk, codes.FailedPrecondition, 400, "AGENT_AT_DESK", ""},
		{queue.ErrAway, codes.FailedPrecondition, 400, "AGENT_AWAY", ""},
		{&queue.AtCapacityError{Capacity: 2}, codes.FailedPrecondition, 400, "AT_CAPACITY", ""},
		{callback.ErrDeclined, codes.FailedPrecondition, 400, "DECLINED", ""},
		{callback.ErrStaleToken, codes.Aborted, 409, "STALE_TOKEN", ""},
		{callback.ErrLeaseOver, codes.Aborted, 409, "LEASE_OVER", ""},
		{callback.ErrNotHolder, codes.Aborted, 409, "NOT_HOLDER", ""},
		{&callback.TransitionError{From: callback.Pending, Command: "complete"}, codes.FailedPrecondition, 400, "NOT_POSSIBLE_NOW", ""},
		{&callback.NotReadyError{ReadyAt: time.Unix(0, 0)}, codes.FailedPrecondition, 400, "NOT_READY", ""},
		{&callback.TooLateError{Until: time.Unix(0, 0)}, codes.FailedPrecondition, 400, "TOO_LATE", ""},
		{callback.ErrSuperseded, codes.FailedPrecondition, 400, "SUPERSEDED", ""},
		{&callback.ValidationError{Fields: []callback.FieldError{{Field: "root_cause"}}}, codes.InvalidArgument, 400, "INVALID_FIELDS", ""},
		{queue.ErrBadPageToken, codes.InvalidArgument, 400, "INVALID_FIELDS", ""},
		{queue.ErrIndexIncomplete, codes.Unavailable, 503, "INDEX_REBUILDING", "1"},
		{queue.ErrIndexUnavailable, codes.Unavailable, 503, "INDEX_UNAVAILABLE", "1"},
		{queue.ErrRosterLoading, codes.Unavailable, 503, "ROSTER_LOADING", "1"},
		{queue.ErrContended, codes.Unavailable, 503, "CONTENDED", "1"},
		{queue.ErrConflict, codes.Unavailable, 503, "CONTENDED", "1"},
		{bus.ErrUnavailable, codes.Unavailable, 503, "STORE_UNAVAILABLE", "1"},
		{bus.ErrFull, codes.ResourceExhausted, 503, "STORE_FULL", "5"},
	} {
		for name, call := range calls(transport.New(transport.Deps{Queue: refusing{fmt.Errorf("while working: %w", c.err)}})) {
			err := call(t.Context())
			require.Equal(t, c.code, status.Code(err), "%s: %v", name, c.err)
			require.Equal(t, c.reason, rpc.Reason(err), name)
			w := httptest.NewRecorder()
			rpc.WriteError(w, err)
			require.Equal(t, c.http, w.Code, "%s: %v", name, c.err)
			require.Equal(t, c.retry, w.Header().Get("Retry-After"), "%s: %v", name, c.err)
			require.NotContains(t, status.Convert(err).Message(), "while working", "the inside stays inside")
		}
	}
}

// What nobody foresaw goes on as it is: the server logs it and says INTERNAL.
func TestAnUnknownErrorIsLeftToTheServer(t *testing.T) {
	t.Parallel()
	for _, unknown := range []error{errors.New("what"), queue.ErrUnreadable, callback.ErrNotLoaded, context.DeadlineExceeded} {
		for name, call := range calls(transport.New(transport.Deps{Queue: refusing{unknown}})) {
			require.Equal(t, unknown, call(t.Context()), name)
		}
	}
}
