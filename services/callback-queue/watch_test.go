package callbackqueue_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

func TestQueuesAreWatched(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	stream, err := b.dial().WatchQueues(t.Context(), &callbackv1.WatchQueuesRequest{})
	require.NoError(t, err)
	next := func() *callbackv1.QueueStats {
		t.Helper()
		got, err := stream.Recv()
		require.NoError(t, err)
		if len(got.GetQueues()) == 0 {
			return nil
		}
		return got.GetQueues()[0]
	}
	require.Nil(t, next(), "the first count comes at once")
	b.open(1)
	require.EqualValues(t, 1, next().GetUnattended())
	amina := b.agent("amina")
	amina.accept(amina.offered(id(1)))
	for now := next(); now.GetHeld() != 1; now = next() { // it may be seen on its way
		require.LessOrEqual(t, now.GetReady(), int64(1))
	}
	go b.stop()
	for err == nil {
		_, err = stream.Recv()
	}
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.Equal(t, "GOING_AWAY", rpc.Reason(err))
}

func TestQueuesAreWatchedOverHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	b.open(1)
	b.settled()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/v1/queues:watch", http.NoBody)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadBytes('\n')
	require.NoError(t, err)
	var got object
	require.NoError(t, json.Unmarshal(line, &got))
	require.Equal(t, "care", got["result"].(object)["queues"].([]any)[0].(object)["queue"])
}

// The wait is predicted from what was worked, on whatever replica.
func TestTheWaitIsPredictedFromTheWork(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	b.open(1)
	b.settled()
	present := func() {
		code, got := b.post("/v1/agents/amina:reportPresence", `{"status":"AVAILABLE"}`)
		require.Equal(t, http.StatusOK, code, "%v", got)
	}
	queue := func() object {
		present()
		_, got := b.get("/v1/queues")
		return got["queues"].([]any)[0].(object)
	}
	require.NotContains(t, queue(), "predictedWait")
	b.post("/v1/callbacks:claim", `{"agentId":"amina"}`)
	b.clock.Advance(5 * time.Minute)
	b.finish("amina", id(1))
	b.open(2)
	b.settled()
	b.until("two times five minutes, for one agent", func() bool { return queue()["predictedWait"] == "600s" })
}
