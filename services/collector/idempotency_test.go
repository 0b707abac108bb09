package collector_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

const (
	nameless  = `{"survey":"s","customer":{"id":"C-1"},"answers":[{"metric":"NPS","value":2}]}`
	nameless2 = `{"survey":"s","customer":{"id":"C-1"},"answers":[{"metric":"NPS","value":9}]}`
)

func TestACallThatNamesItselfIsTakenOnce(t *testing.T) {
	t.Parallel()
	l := setup(t)
	first := l.post("/v1/responses", nameless, "Idempotency-Key", "call-1")
	require.Equal(t, 202, first.code, first.body)
	again := l.post("/v1/responses", nameless, "Idempotency-Key", "call-1")
	require.Equal(t, 202, again.code)
	require.JSONEq(t, strings.Replace(first.body, "false", "true", 1), again.body)
	l.clock.Advance(3_000_000_000)
	require.JSONEq(t, again.body, l.post("/v1/responses", nameless, "Idempotency-Key", "call-1").body, "later, too")

	other := l.post("/v1/responses", nameless2, "Idempotency-Key", "call-1")
	require.Equal(t, 409, other.code)
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", other.status(t).reason())
	require.Equal(t, 409, l.post("/v1/responses:batch", `{"responses":[`+nameless+`]}`, "Idempotency-Key", "call-1").code, "another call")
	require.Len(t, l.events(), 1)

	// What is refused binds no key.
	require.Equal(t, 400, l.post("/v1/responses", `{"survey":"s"}`, "Idempotency-Key", "call-2").code)
	require.Equal(t, 202, l.post("/v1/responses", nameless, "Idempotency-Key", "call-2").code)
	require.Len(t, l.events(), 2, "another key is another call")

	for _, wrong := range []string{strings.Repeat("x", 256), "clé", " "} {
		a := l.post("/v1/responses", nameless, "Idempotency-Key", wrong)
		require.Equal(t, 400, a.code, wrong)
		require.Equal(t, []string{"Idempotency-Key"}, a.status(t).fields())
	}
}

func TestABatchThatNamesItself(t *testing.T) {
	t.Parallel()
	l := setup(t)
	batch := `{"responses":[` + nameless + `,` + nameless2 + `,{"survey":"s","id":"own","answers":[{"metric":"NPS","value":1}]},{"survey":"s"}]}`
	first := l.post("/v1/responses:batch", batch, "Idempotency-Key", "b")
	require.Equal(t, 200, first.code, first.body)
	again := l.post("/v1/responses:batch", batch, "Idempotency-Key", "b")
	require.JSONEq(t, strings.ReplaceAll(first.body, "false", "true"), again.body)
	require.Len(t, l.events(), 3)
	require.Contains(t, first.body, `"id":"own"`)
	require.Equal(t, 409, l.post("/v1/responses:batch", strings.Replace(batch, "own", "owned", 1), "Idempotency-Key", "b").code)
}

func TestAGRPCCallThatNamesItself(t *testing.T) {
	t.Parallel()
	l := setup(t)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "idempotency-key", "g")
	req := request(piece("", "C-1", nps(2)))
	first, err := l.grpc.SubmitResponse(ctx, req)
	require.NoError(t, err)
	l.clock.Advance(3_000_000_000)
	again, err := l.grpc.SubmitResponse(ctx, req)
	require.NoError(t, err)
	require.Equal(t, first.GetId(), again.GetId())
	require.True(t, again.GetDuplicate())
	_, err = l.grpc.SubmitResponse(ctx, request(piece("", "C-1", nps(9))))
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", rpc.Reason(err))
	_, err = l.grpc.SubmitResponses(ctx, &collectorv1.SubmitResponsesRequest{Responses: []*eventsv1.Response{req.GetResponse()}})
	require.Equal(t, codes.AlreadyExists, grpcstatus.Code(err))
}

// Whoever comes first, one of two calls under one key is stored.
func TestTwoCallsUnderOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t)
	for n := range 10 {
		var wg sync.WaitGroup
		got := make([]int, 8)
		for i := range got {
			wg.Go(func() {
				body := []string{nameless, nameless2}[i%2]
				got[i] = l.post("/v1/responses", body, "Idempotency-Key", fmt.Sprint("race-", n)).code
			})
		}
		wg.Wait()
		winner := 0
		if got[0] != 202 {
			winner = 1
		}
		for i, code := range got {
			want := 409
			if i%2 == winner {
				want = 202
			}
			require.Equal(t, want, code, "%v", got)
		}
		require.Len(t, l.events(), n+1)
	}
}
