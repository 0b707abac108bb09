package transport_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/transport"
)

// fields are the names of the fields an error finds wrong.
func fields(t *testing.T, err error) []string {
	t.Helper()
	require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", err)
	var names []string
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				names = append(names, v.GetField())
				require.NotEmpty(t, v.GetDescription())
			}
		}
	}
	return names
}

// Every wrong field is named in one answer, as JSON spells it, before anybody is
// asked: the queue behind would refuse for another reason.
func TestEveryWrongFieldIsNamed(t *testing.T) {
	t.Parallel()
	s := transport.New(transport.Deps{Queue: refusing{}})
	ctx := t.Context()
	long := strings.Repeat("x", 5000)

	_, err := s.ClaimCallback(ctx, &callbackv1.ClaimCallbackRequest{AgentId: "no agent!", RequestId: long, Queues: []string{"ok", "a b", ""}})
	require.ElementsMatch(t, []string{"agentId", "requestId", "queues"}, fields(t, err))
	_, err = s.ClaimCallback(ctx, &callbackv1.ClaimCallbackRequest{Queues: make([]string, 101)})
	require.ElementsMatch(t, []string{"agentId", "queues"}, fields(t, err))
	_, err = s.StartAttempt(ctx, &callbackv1.StartAttemptRequest{})
	require.Equal(t, []string{"agentId"}, fields(t, err))
	_, err = s.EndAttempt(ctx, &callbackv1.EndAttemptRequest{
		Note: long, Outcome: 99, CallAgainAt: &timestamppb.Timestamp{Nanos: -1},
	})
	require.ElementsMatch(t, []string{"agentId", "outcome", "callAgainAt", "note"}, fields(t, err))
	_, err = s.EndAttempt(ctx, &callbackv1.EndAttemptRequest{AgentId: "amina", Outcome: eventsv1.Attempt_CALL_LATER})
	require.Equal(t, []string{"callAgainAt"}, fields(t, err))
	_, err = s.EndAttempt(ctx, &callbackv1.EndAttemptRequest{
		AgentId: "amina", Outcome: eventsv1.Attempt_CALL_LATER, CallAgainAt: &timestamppb.Timestamp{Seconds: math.MaxInt64},
	})
	require.Equal(t, []string{"callAgainAt"}, fields(t, err))
	_, err = s.CompleteCallback(ctx, &callbackv1.CompleteCallbackRequest{Outcome: eventsv1.WrapUp_UNREACHABLE, Note: " "})
	require.ElementsMatch(t, []string{"agentId", "outcome", "rootCause", "note"}, fields(t, err))
	_, err = s.ReleaseCallback(ctx, &callbackv1.ReleaseCallbackRequest{Reason: long})
	require.ElementsMatch(t, []string{"agentId", "reason"}, fields(t, err))
	_, err = s.CancelCallback(ctx, &callbackv1.CancelCallbackRequest{})
	require.ElementsMatch(t, []string{"reason", "by"}, fields(t, err))
	_, err = s.ReopenCallback(ctx, &callbackv1.ReopenCallbackRequest{})
	require.ElementsMatch(t, []string{"reason", "by"}, fields(t, err))
	_, err = s.RescheduleCallback(ctx, &callbackv1.RescheduleCallbackRequest{NotBefore: &timestamppb.Timestamp{Nanos: -1}})
	require.ElementsMatch(t, []string{"notBefore", "by"}, fields(t, err))
	_, err = s.TransferCallback(ctx, &callbackv1.TransferCallbackRequest{Queue: "a b"})
	require.ElementsMatch(t, []string{"queue", "reason", "by"}, fields(t, err))
	_, err = s.EscalateCallback(ctx, &callbackv1.EscalateCallbackRequest{Points: 1 << 31, Role: "a b"})
	require.ElementsMatch(t, []string{"points", "role", "reason", "by"}, fields(t, err))
	_, err = s.ListCallbacks(ctx, &callbackv1.ListCallbacksRequest{
		States: []eventsv1.Callback_State{1, 0, 99}, Queue: "a b", AgentId: "no agent!", PageSize: 201, PageToken: "?",
		OpenedFrom: &timestamppb.Timestamp{Nanos: -1}, OpenedBefore: &timestamppb.Timestamp{Seconds: 1 << 60},
	})
	require.ElementsMatch(t, []string{"states", "queue", "agentId", "pageSize", "pageToken", "openedFrom", "openedBefore"}, fields(t, err))
	_, err = s.ListCallbacks(ctx, &callbackv1.ListCallbacksRequest{PageSize: -1})
	require.Equal(t, []string{"pageSize"}, fields(t, err))
}
