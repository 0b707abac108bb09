package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

const nobodyThere = `version: 1
rules:
  - {name: detractor, severity: low, when: nps.class == Class.DETRACTOR, callback: {queue: care, priority: 10}, fallback: nobody}
fallbacks:
  - {name: nobody, queue: care, begins_above: 4h, ends_below: 2h, for: 1m, also_when_unstaffed: true, raise_bar: {severity: high}}
`

// nearby is alerting and the callback queue in this process, by a clock of the test's own:
// minutes of waiting pass in a second.
type nearby struct {
	*testing.T
	bus   *bus.Bus
	clock *clock.Manual
	calls callbackv1.CallbackServiceClient
}

func newNearby(t *testing.T) *nearby {
	t.Helper()
	n := &nearby{T: t, bus: testkit.Bus(t), clock: clock.NewManual(time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC))}
	rules := alerting.DefaultConfig()
	rules.RulesFile, rules.FallbacksCheck = filepath.Join(t.TempDir(), "rules.yaml"), 100*time.Millisecond
	require.NoError(t, os.WriteFile(rules.RulesFile, []byte(nobodyThere), 0o600))
	server := rpc.New(rpc.Options{})
	a, err := alerting.New(rules, alerting.Deps{Bus: n.bus, RPC: server, Clock: n.clock})
	require.NoError(t, err)
	require.NoError(t, a.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, a.Stop(context.Background())) })
	queues := callbackqueue.DefaultConfig()
	queues.StatsEvery = time.Second
	q, err := callbackqueue.New(queues, callbackqueue.Deps{Bus: n.bus, RPC: server, Clock: n.clock})
	require.NoError(t, err)
	require.NoError(t, q.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, q.Stop(context.Background())) })
	server.Health().SetStarted()
	l, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	stop := server.Serve(l, func(err error) { t.Errorf("serve: %v", err) })
	t.Cleanup(func() { require.NoError(t, stop(context.Background())) })
	conn, err := grpc.NewClient(l.GRPC.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	n.calls = callbackv1.NewCallbackServiceClient(conn)
	return n
}

// answers stores a scored answer of a customer, at a revision.
func (n *nearby) answers(customer string, revision uint32) {
	n.Helper()
	nps := 2.0
	key := strings.Repeat(customer, 26)
	response := &eventsv1.Response{Id: "r-" + customer, Survey: "s", Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &nps}}}
	score := &eventsv1.Score{Answers: []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Value: nps, Class: eventsv1.Class_DETRACTOR, Satisfaction: 20}}}
	e := &eventsv1.ResponseScored{
		EventId: fmt.Sprintf("s-%s-%d", customer, revision), Score: score,
		Received: &eventsv1.ResponseReceived{
			Revision: revision, ReceivedAt: timestamppb.New(n.clock.Now()), CustomerKey: key, Bucket: subject.BucketOf(key), Response: response,
		},
	}
	if revision > 1 {
		e.Received.Previous, e.PreviousScore = response, score
	}
	_, err := n.bus.Publish(n.Context(), bus.Event{Subject: subject.Score("s", e.GetReceived().GetBucket()), ID: e.GetEventId(), Body: e})
	require.NoError(n, err)
}

// state is where a customer's callback stands; unspecified when there is none.
func (n *nearby) state(customer string) eventsv1.Callback_State {
	resp, err := n.calls.GetCallback(n.Context(), &callbackv1.GetCallbackRequest{Id: strings.Repeat(customer, 26) + "-1"})
	if err != nil {
		return eventsv1.Callback_STATE_UNSPECIFIED
	}
	return resp.GetCallback().GetState()
}

// raised is the last alert of a customer.
func (n *nearby) raised(customer string) *eventsv1.AlertRaised {
	d, err := n.bus.Latest(n.Context(), subject.Alert("detractor", subject.BucketOf(strings.Repeat(customer, 26))))
	if err != nil {
		return nil
	}
	e := &eventsv1.AlertRaised{}
	require.NoError(n, d.Decode(e))
	return e
}

// until lets time pass, half a minute at a time and never faster than the queues are
// measured, until something is so.
func (n *nearby) until(what string, ok func() bool) {
	n.Helper()
	require.Eventually(n, func() bool {
		n.clock.Advance(30 * time.Second)
		return ok()
	}, time.Minute, 500*time.Millisecond, what)
}

func (n *nearby) applies() bool {
	d, err := n.bus.Latest(n.Context(), subject.Fallback("nobody"))
	if err != nil {
		return false
	}
	e := &eventsv1.FallbackChanged{}
	require.NoError(n, d.Decode(e))
	return e.GetActive()
}

// The queue as it is measured decides: callbacks are ready and nobody is there, so the next
// customer's is held back, until the queue is empty; then their next revision opens it.
func TestWhatTheQueueSaysBeginsAndEndsAFallback(t *testing.T) {
	t.Parallel()
	n := newNearby(t)
	n.answers("a", 1)
	n.until("the first callback is open", func() bool { return n.state("a") == eventsv1.Callback_PENDING })
	n.until("the fallback applies", n.applies)
	n.answers("b", 1)
	n.until("the second alert is raised", func() bool { return n.raised("b") != nil })
	require.Equal(t, "nobody", n.raised("b").GetFallback())
	require.Nil(t, n.raised("b").GetCallback())
	require.Equal(t, eventsv1.Callback_STATE_UNSPECIFIED, n.state("b"))

	_, err := n.calls.CancelCallback(t.Context(), &callbackv1.CancelCallbackRequest{Id: strings.Repeat("a", 26) + "-1", By: "sam", Reason: "spoken to in the shop"})
	require.NoError(t, err)
	n.until("the fallback has ended", func() bool { return !n.applies() })
	n.answers("b", 2)
	n.until("the second callback is open", func() bool { return n.state("b") == eventsv1.Callback_PENDING })
	require.Empty(t, n.raised("b").GetFallback())
}
