package collector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestAFullStoreTurnsSourcesAway(t *testing.T) {
	t.Parallel()
	l := start(t, testkit.BusWith(t, topology.Options{MaxBytes: 64 << 10}), zap.NewNop())
	stored := 0
	var refused answer
	for i := range 200 {
		refused = l.post("/v1/responses", fmt.Sprintf(`{"id":"%d","survey":"s","answers":[{"verbatim":"%s"}]}`, i, strings.Repeat("v", 4000)))
		if refused.code != http.StatusAccepted {
			break
		}
		stored++
	}
	require.Greater(t, stored, 5)
	require.Equal(t, http.StatusServiceUnavailable, refused.code, refused.body)
	require.Equal(t, "1", refused.header.Get("Retry-After"))
	require.Equal(t, "STORE_FULL", refused.status(t).reason())
	big := piece("x", "C", says(strings.Repeat("v", 19_000)))
	_, err := l.grpc.SubmitResponse(t.Context(), request(big))
	require.Equal(t, codes.ResourceExhausted, grpcstatus.Code(err))
	require.Equal(t, "STORE_FULL", rpc.Reason(err))

	row := fmt.Sprintf(`{"id":"y","survey":"s","answers":[{"verbatim":"%s"}]}`, strings.Repeat("v", 19_000))
	a := l.post("/v1/responses:batch", `{"responses":[`+row+`,{}]}`)
	require.Equal(t, http.StatusServiceUnavailable, a.code, "when nothing of it was stored")
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Len(t, l.deliveries(), stored)

	// What was stored is still known.
	a = l.post("/v1/responses:batch", `{"responses":[`+row+`,{"id":"0","survey":"s","answers":[{"verbatim":"`+strings.Repeat("v", 4000)+`"}]}]}`)
	require.Equal(t, http.StatusOK, a.code)
	require.Contains(t, a.body, `{"error":{"code":"RESOURCE_EXHAUSTED"`)
	require.Contains(t, a.body, `{"id":"0","revision":1,"duplicate":true}`)
}

func TestAStoreThatIsAwayTurnsSourcesAway(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	b, err := bus.New(testkit.Connect(t, server), bus.Options{Barrier: bus.Replicated{}, AckTimeout: 100 * time.Millisecond})
	require.NoError(t, err)
	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	l := start(t, b, zap.NewNop())
	l.submit(piece("r", "C", nps(2)))
	require.NoError(t, server.Shutdown(t.Context()))
	a := l.post("/v1/responses", good)
	require.Equal(t, http.StatusServiceUnavailable, a.code)
	require.Equal(t, "STORE_UNAVAILABLE", a.status(t).reason())
	require.NotEmpty(t, a.header.Get("Retry-After"))
	// Merging has to read what is held.
	_, err = l.grpc.SubmitResponse(t.Context(), request(piece("r", "C", nps(3))))
	require.Equal(t, codes.Unavailable, grpcstatus.Code(err))
}

// barrier is told when to fail.
type barrier struct{ fails chan bool }

func (b barrier) Wait(context.Context) error {
	select {
	case <-b.fails:
		return errors.New("the disk is gone")
	default:
		return nil
	}
}

// A process that dies between storing and answering leaves an event and a source
// that asks again.
func TestAnAnswerThatWasNeverConfirmedIsKnownAgain(t *testing.T) {
	t.Parallel()
	fails := make(chan bool, 3)
	b, err := bus.New(testkit.Connect(t, testkit.Server(t)), bus.Options{Barrier: barrier{fails}})
	require.NoError(t, err)
	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	l := start(t, b, zap.NewNop())
	fails <- true
	_, err = l.grpc.SubmitResponse(t.Context(), request(piece("r", "C", nps(2))))
	require.Equal(t, codes.Unavailable, grpcstatus.Code(err))
	require.Equal(t, "STORE_UNAVAILABLE", rpc.Reason(err))
	fails <- true
	a := l.post("/v1/responses:batch", `{"responses":[{"id":"s","survey":"s","answers":[{"metric":"NPS","value":0}]},{}]}`)
	require.Equal(t, http.StatusServiceUnavailable, a.code)

	res := l.submit(piece("r", "C", nps(2)))
	require.True(t, res.GetDuplicate())
	require.EqualValues(t, 1, res.GetRevision())
	l.stop()
	again := start(t, b, zap.NewNop())
	res = again.submit(piece("r", "C", nps(2)))
	require.True(t, res.GetDuplicate(), "also when it was the process that died")
	require.EqualValues(t, 1, res.GetRevision())
	require.Len(t, again.events(), 2)

	fails <- true
	s, err := again.grpc.StreamResponses(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Send(&collectorv1.StreamResponsesRequest{RequestNo: 7, Response: piece("t", "C", nps(2))}))
	require.NoError(t, s.CloseSend())
	got, err := s.Recv()
	require.NoError(t, err)
	require.Equal(t, "UNAVAILABLE", got.GetResult().GetError().GetCode())
}

func TestALedgerThatIsNotReadTurnsSourcesAway(t *testing.T) {
	t.Parallel()
	b, err := bus.New(testkit.Connect(t, testkit.Server(t)), bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.Responses)) // the ledger cannot be read
	server := rpc.New(rpc.Options{Log: zap.NewNop(), Metrics: prometheus.NewRegistry()})
	s, err := collector.New(config(), collector.Deps{Bus: b, RPC: server})
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()))
	require.Error(t, s.Start(t.Context()), "started twice")
	server.Health().SetStarted()
	require.Contains(t, server.Health().Ready(), "collector ledger")
	l := &loop{T: t, bus: b}
	listeners, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	stop := server.Serve(listeners, func(err error) { t.Error(err) })
	l.url = "http://" + listeners.HTTP.Addr().String()
	a := l.post("/v1/responses", good)
	require.Equal(t, http.StatusServiceUnavailable, a.code)
	require.Equal(t, "STARTING", a.status(t).reason())
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Equal(t, http.StatusBadRequest, l.post("/v1/responses", "{}").code, "what is wrong is wrong all the same")

	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	l.eventually(func() bool { return len(server.Health().Ready()) == 0 })
	require.Equal(t, http.StatusAccepted, l.post("/v1/responses", good).code)
	http.DefaultClient.CloseIdleConnections()
	require.NoError(t, stop(context.Background()))
	require.NoError(t, s.Stop(context.Background()))
	require.NoError(t, s.Stop(context.Background()), "stopping again does nothing")
	require.Error(t, s.Start(t.Context()))
}

// An event that no collector wrote must not stop the ledger.
func TestAForeignEventIsLeftOut(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	for _, headers := range []map[string]string{nil, {"Rappel-Response": "?"}, {"Rappel-Response": "cg", "Rappel-Revision": "0"}, {"Rappel-Response": "cg", "Rappel-Revision": "1", "Rappel-Digest": "short"}} {
		_, err := b.Publish(t.Context(), bus.Event{
			Subject: "rappel.v1.response.s.abc", ID: fmt.Sprint(headers), Body: &eventsv1.ResponseReceived{}, Headers: headers,
		})
		require.NoError(t, err)
	}
	l := start(t, b, zap.NewNop())
	require.EqualValues(t, 1, l.submit(piece("r", "C", nps(2))).GetRevision())
}
