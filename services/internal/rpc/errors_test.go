package rpc_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Too many calls of one caller are the caller's affair (429), too little room is the
// server's (503); both say when to come back.
func TestACallersRateIsNoStateOfTheServer(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]int{
		rpc.RateLimited: http.StatusTooManyRequests,
		"STORE_FULL":    http.StatusServiceUnavailable,
	} {
		w := httptest.NewRecorder()
		rpc.WriteError(w, rpc.TryLater(codes.ResourceExhausted, reason, "come back", 1200*time.Millisecond))
		require.Equal(t, want, w.Code, reason)
		require.Equal(t, "2", w.Header().Get("Retry-After"), "rounded up")
	}
}

func TestWhatACallerMayNotSendIsNamed(t *testing.T) {
	t.Parallel()
	err := rpc.Forbidden("KEY_SCOPE", rpc.Field{Path: "survey", Problem: "is not this key's"})
	require.Equal(t, codes.PermissionDenied, status.Code(err))
	require.Equal(t, "KEY_SCOPE", rpc.Reason(err))
	require.ErrorContains(t, err, "survey: is not this key's")
	w := httptest.NewRecorder()
	rpc.WriteError(w, err)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Contains(t, w.Body.String(), `"fieldViolations"`)
}
