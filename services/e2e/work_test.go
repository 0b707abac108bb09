package e2e

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// desk is an agent's stream.
type desk struct {
	t      *testing.T
	stream grpc.BidiStreamingClient[callbackv1.WorkCallbacksRequest, callbackv1.WorkCallbacksResponse]
}

// work opens an agent's stream to the callback queue, and says what they have.
func (l *loop) work(agent string) (*desk, []*eventsv1.Callback) {
	l.t.Helper()
	l.queue.mu.Lock()
	addr := l.queue.grpc
	l.queue.mu.Unlock()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(l.t, err)
	l.t.Cleanup(func() { _ = conn.Close() })
	ctx, cancel := context.WithTimeout(l.t.Context(), startWait)
	l.t.Cleanup(cancel)
	stream, err := callbackv1.NewCallbackServiceClient(conn).WorkCallbacks(ctx)
	require.NoError(l.t, err)
	d := &desk{t: l.t, stream: stream}
	d.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Hello_{
		Hello: &callbackv1.WorkCallbacksRequest_Hello{AgentId: agent},
	}})
	welcome := d.hear().GetWelcome()
	require.NotNil(l.t, welcome)
	return d, welcome.GetCallbacks()
}

func (d *desk) say(m *callbackv1.WorkCallbacksRequest) {
	d.t.Helper()
	require.NoError(d.t, d.stream.Send(m))
}

func (d *desk) hear() *callbackv1.WorkCallbacksResponse {
	d.t.Helper()
	m, err := d.stream.Recv()
	require.NoError(d.t, err)
	return m
}

// offeredAcrossAKill: an offer outlives the process that made it, and the agent who
// comes back finds it.
func offeredAcrossAKill(t *testing.T, l *loop) {
	d, held := l.work("amina")
	require.Empty(t, held)
	l.submit(answer("r-1", "C-1", "NPS", 1))
	cb := d.hear().GetOffer().GetCallback()
	require.Equal(t, "r-1", cb.GetReasons()[0].GetResponseId())
	require.Equal(t, eventsv1.Callback_RESERVED, cb.GetState())

	l.restartQueue() // kill -9
	_, err := d.stream.Recv()
	require.Error(t, err)
	d, held = l.work("amina")
	require.Len(t, held, 1)
	require.Equal(t, cb.GetHolder().GetToken(), held[0].GetHolder().GetToken())
	d.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Accept_{
		Accept: &callbackv1.WorkCallbacksRequest_Accept{Id: cb.GetId(), Token: cb.GetHolder().GetToken()},
	}})
	require.Equal(t, eventsv1.Callback_ASSIGNED, d.hear().GetUpdate().GetCallback().GetState())
	require.Len(t, l.callbacks(), 1)
}
