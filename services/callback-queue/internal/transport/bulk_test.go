package transport_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/transport"
)

// A refusal is one callback's answer; what is no answer ends the call, and is
// logged by whoever serves it.
func TestOnlyAnswersStandInABulkResult(t *testing.T) {
	t.Parallel()
	req := &callbackv1.BulkCallbacksRequest{
		Ids:     []string{"abcdefghijklmnopqrstuvwxyz-1", "abcdefghijklmnopqrstuvwxyz-2"},
		Command: &callbackv1.BulkCallbacksRequest_Reschedule{Reschedule: &callbackv1.RescheduleCallbackRequest{By: "sam"}},
	}
	s := transport.New(transport.Deps{Queue: refusing{&callback.ValidationError{Fields: []callback.FieldError{{Field: "not_before", Message: "is too far ahead"}}}}})
	resp, err := s.BulkCallbacks(t.Context(), req)
	require.NoError(t, err)
	require.Len(t, resp.GetResults(), 2)
	for i, r := range resp.GetResults() {
		require.Equal(t, req.GetIds()[i], r.GetId())
		require.Equal(t, "INVALID_ARGUMENT", r.GetError().GetCode())
		require.Equal(t, "INVALID_FIELDS", r.GetError().GetReason())
		require.Equal(t, "the request has wrong fields: notBefore: is too far ahead", r.GetError().GetMessage())
	}
	unknown := errors.New("a defect")
	_, err = transport.New(transport.Deps{Queue: refusing{unknown}}).BulkCallbacks(t.Context(), req)
	require.ErrorIs(t, err, unknown)
}
