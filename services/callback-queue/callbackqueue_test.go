package callbackqueue_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestADeliveryRepeatedOpensOneCallback(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	b.alert(1, "m-1", raised(1, "a-1"))
	b.alert(1, "m-2", raised(1, "a-1")) // what a delivery looks like that comes again
	b.alert(1, "m-3", raised(1, "a-2"))
	b.settled()
	require.Len(t, b.stored(subject.Callbacks), 2)
	_, got := b.get("/v1/callbacks/" + id(1))
	require.Len(t, got["callback"].(object)["reasons"], 2)
	require.Empty(t, b.stored(subject.DeadLetters))
}

func TestACorrectedAnswerCancels(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	b.alert(1, "m-1", raised(1, "a-1"))
	b.alert(1, "m-2", &eventsv1.AlertResolved{AlertId: "a-1", Rule: "detractor", Scored: scored(1, 2)})
	b.settled()
	_, got := b.get("/v1/callbacks/" + id(1))
	cb := got["callback"].(object)
	require.Equal(t, "CANCELED", cb["state"])
	require.NotEmpty(t, cb["cancelReason"])
	require.Equal(t, true, cb["reasons"].([]any)[0].(object)["withdrawn"])
}

// An alert that is held back opens nothing; where it was a reason it no longer counts, and
// where it is not held back any more it opens one.
func TestAnAlertThatIsHeldBack(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	held := func(revision uint32) *eventsv1.AlertRaised {
		m := raised(1, "a-1")
		m.Callback, m.HeldBack, m.Scored = nil, eventsv1.AlertRaised_FATIGUE, scored(1, revision)
		return m
	}
	last := func() *eventsv1.CallbackEvent {
		b.settled()
		all := b.stored(subject.Callbacks)
		e := &eventsv1.CallbackEvent{}
		require.NoError(t, all[len(all)-1].Decode(e))
		return e
	}
	b.alert(1, "m-1", held(1))
	require.Equal(t, eventsv1.CallbackEvent_ALERT_NOTED, last().GetType())
	require.Nil(t, last().GetCallback())
	worse := raised(1, "a-1")
	worse.Scored = scored(1, 2)
	b.alert(1, "m-2", worse)
	require.Equal(t, eventsv1.Callback_PENDING, last().GetCallback().GetState())
	b.alert(1, "m-3", held(3))
	require.Equal(t, eventsv1.Callback_CANCELED, last().GetCallback().GetState())
	require.Contains(t, last().GetCallback().GetCancelReason(), "called lately")
}

func TestAnAlertWithoutAPlanAsksForNoCall(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	m := raised(1, "a-1")
	m.Callback = nil
	b.alert(1, "m-1", m)
	b.settled()
	require.Empty(t, b.stored(subject.Callbacks))
	require.Empty(t, b.stored(subject.DeadLetters))
}

func TestPoisonBecomesADeadLetterAndStopsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	badQueue := raised(1, "a-1")
	badQueue.Callback.Queue = "no such name"
	b.alert(1, "m-1", badQueue)
	noKey := raised(1, "a-2")
	noKey.Scored.Received.CustomerKey = "*"
	b.alert(1, "m-2", noKey)
	b.alert(1, "m-3", &eventsv1.AlertResolved{AlertId: "a-3"})
	b.put(1, bus.Event{ID: "m-4", Body: raised(1, "a-4"), Encoded: []byte("\xff not protobuf")})
	b.alert(1, "m-5", &eventsv1.DeadLetter{})
	_, err := b.bus.Publish(t.Context(), bus.Event{
		Subject: subject.Callback(subject.BucketOf(key(2)), key(2)), ID: "m-6",
		Body: &eventsv1.CallbackEvent{}, Encoded: []byte("\xff not protobuf"),
	})
	require.NoError(t, err)
	b.alert(2, "m-7", raised(2, "a-7")) // for a customer nobody can read
	b.alert(1, "m-8", raised(1, "a-8"))
	b.settled()

	code, _ := b.get("/v1/callbacks/" + id(1))
	require.Equal(t, http.StatusOK, code, "the good one is open")
	reasons := map[string]int{}
	for _, d := range b.stored(subject.DeadLetters) {
		letter := &eventsv1.DeadLetter{}
		require.NoError(t, d.Decode(letter))
		require.NotContains(t, letter.GetDetail(), "Camille")
		reasons[letter.GetReason()]++
	}
	require.Equal(t, map[string]int{
		"invalid_alert": 3, "undecodable": 1, "unexpected_type": 1, "customer_unreadable": 1,
	}, reasons)
}

// What comes while nobody is there is taken by the next, who knows everything
// the one before knew.
func TestARestartGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	b.alert(1, "m-1", raised(1, "a-1"))
	b.settled()
	_, first := b.post("/v1/callbacks:claim", `{"agentId":"amina","requestId":"q-1"}`)
	b.stop()
	b.alert(2, "m-2", raised(2, "a-2"))

	again := on(t, b.bus).ready()
	again.settled()
	code, got := again.post("/v1/callbacks:claim", `{"agentId":"amina","requestId":"q-1"}`)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, first, got, "the same request, the same callback")
	_, got = again.post("/v1/callbacks:claim", `{"agentId":"bruno","requestId":"q-1"}`)
	require.Equal(t, id(2), got["callback"].(object)["id"])
}

func TestALapsedLeaseIsNoticed(t *testing.T) {
	t.Parallel()
	b, _ := one(t)
	b.clock.Advance(callbackqueue.DefaultConfig().AssignedLease)
	b.until("claimable again", func() bool {
		code, _ := b.post("/v1/callbacks:claim", `{"agentId":"bruno","requestId":"q-1"}`)
		return code == http.StatusOK
	})
}

// Two processes over one Redis are one queue.
func TestTwoReplicasAreOneQueue(t *testing.T) {
	t.Parallel()
	shared, prefix := testkit.Redis(t), testkit.RedisPrefix(t)
	withRedis := func(d *callbackqueue.Deps) { d.Redis, d.RedisPrefix = shared, prefix }
	first := setup(t, withRedis).ready()
	second := on(t, first.bus, withRedis).ready()
	const all = 60
	for n := range all {
		first.alert(n, fmt.Sprintf("m-%d", n), raised(n, fmt.Sprintf("a-%d", n)))
	}
	first.settled()
	var mu sync.Mutex
	owner := map[any]string{}
	var agents sync.WaitGroup
	for a := range 6 {
		b := []*bundle{first, second}[a%2]
		agents.Go(func() {
			for i := 0; ; i++ {
				code, got := b.post("/v1/callbacks:claim", fmt.Sprintf(`{"agentId":"agent-%d","requestId":"q-%d"}`, a, i))
				if code != http.StatusOK {
					assert.Equal(t, "NO_CALLBACK_READY", reason(got))
					return
				}
				mu.Lock()
				id := got["callback"].(object)["id"]
				assert.Empty(t, owner[id], "held by two")
				owner[id] = fmt.Sprint(a)
				mu.Unlock()
			}
		})
	}
	agents.Wait()
	require.Len(t, owner, all)
}

func TestTheServiceFailsWithItsConsumer(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	require.NoError(t, b.bus.JetStream().DeleteConsumer(t.Context(), topology.CallbackQueue.Stream, topology.CallbackQueue.Durable))
	select {
	case err := <-b.service.Failed():
		require.ErrorContains(t, err, "callback-queue")
	case <-time.After(eventually):
		t.Fatal("the deleted consumer was not noticed")
	}
}

func newRPC(t *testing.T) *rpc.Server {
	t.Helper()
	s := rpc.New(rpc.Options{Log: zap.NewNop()})
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s, err := callbackqueue.New(callbackqueue.DefaultConfig(), callbackqueue.Deps{Bus: b, RPC: newRPC(t)})
	require.NoError(t, err)
	require.Nil(t, s.Failed())
	require.NoError(t, s.Start(t.Context()))
	failed := s.Failed()
	require.Equal(t, failed, s.Failed(), "asking starts nothing")
	require.Error(t, s.Start(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.Error(t, s.Start(t.Context()))

	never, err := callbackqueue.New(callbackqueue.DefaultConfig(), callbackqueue.Deps{Bus: b, RPC: newRPC(t)})
	require.NoError(t, err)
	require.NoError(t, never.Stop(t.Context()))

	require.NoError(t, b.JetStream().DeleteConsumer(t.Context(), topology.CallbackQueue.Stream, topology.CallbackQueue.Durable))
	unable, err := callbackqueue.New(callbackqueue.DefaultConfig(), callbackqueue.Deps{Bus: b, RPC: newRPC(t)})
	require.NoError(t, err)
	require.ErrorContains(t, unable.Start(t.Context()), "callback-queue")
	require.NoError(t, unable.Stop(t.Context()))
}

// Started and stopped again and again, in the midst of work, it loses nothing.
func TestStartStopStress(t *testing.T) {
	t.Parallel()
	b := &bundle{T: t, bus: testkit.Bus(t)}
	const rounds = 25
	for i := range rounds {
		s, err := callbackqueue.New(callbackqueue.DefaultConfig(), callbackqueue.Deps{Bus: b.bus, RPC: newRPC(t), Clock: clock.NewManual(t0)})
		require.NoError(t, err)
		require.NoError(t, s.Start(t.Context()))
		for n := range 4 {
			b.alert(4*i+n, fmt.Sprintf("m-%d", 4*i+n), raised(4*i+n, fmt.Sprintf("a-%d", 4*i+n)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), eventually)
		require.NoError(t, s.Stop(ctx))
		cancel()
	}
	last := on(t, b.bus).ready()
	last.settled()
	require.Len(t, last.stored(subject.Callbacks), 4*rounds)
	require.Empty(t, last.stored(subject.DeadLetters))
}

func TestConfigAndDepsAreChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, callbackqueue.DefaultConfig().Validate())
	require.ErrorContains(t, callbackqueue.Config{}.Validate(), "retry_gaps")
	short := callbackqueue.DefaultConfig()
	short.ListClosedFor, short.HistoryKept = time.Hour, time.Minute
	require.ErrorContains(t, short.Validate(), "list_closed_for")
	require.ErrorContains(t, short.Validate(), "history_kept")
	short.ListClosedFor, short.HistoryKept = 0, 0
	require.NoError(t, short.Validate())
	odd := callbackqueue.DefaultConfig()
	odd.TimesOfDay, odd.TimeZone = []string{"09:00-12:00", "11:00-14:00"}, "Europe/Pari"
	require.ErrorContains(t, odd.Validate(), "times_of_day: hours: sun: 09:00-12:00 overlaps 11:00-14:00")
	require.ErrorContains(t, odd.Validate(), `time_zone: "Europe/Pari" is no time zone`)
	odd.TimesOfDay = []string{"mornings"}
	require.ErrorContains(t, odd.Validate(), `"mornings" is no period, as 09:00-12:30`)
	_, err := callbackqueue.New(callbackqueue.Config{}, callbackqueue.Deps{})
	require.ErrorContains(t, err, "max_attempts")
	_, err = callbackqueue.New(callbackqueue.DefaultConfig(), callbackqueue.Deps{})
	require.ErrorContains(t, err, "bus")

	b := setup(t)
	_, err = callbackqueue.New(callbackqueue.DefaultConfig(), callbackqueue.Deps{Bus: b.bus, RPC: newRPC(t), Metrics: b.metrics})
	require.ErrorContains(t, err, "metrics", "registered twice is an error, and no panic")
}

func TestModuleRunsInAProcess(t *testing.T) {
	t.Parallel()
	p := host.NewProcess("test", zap.NewNop(), clock.NewManual(t0))
	t.Cleanup(func() { require.NoError(t, p.RPC.Close()) })
	b := &bundle{T: t, bus: testkit.Bus(t)}
	edges := host.Module{Name: "bus", Start: func(_ context.Context, p *host.Process) error {
		p.Bus = b.bus
		return nil
	}}
	require.NoError(t, p.Start(t.Context(), edges, callbackqueue.Module(callbackqueue.DefaultConfig(), host.DefaultRedisConfig())))
	b.alert(1, "m-1", raised(1, "a-1"))
	b.settled()
	require.Len(t, b.stored(subject.Callbacks), 1)
	require.Eventually(t, func() bool { return len(p.RPC.Health().Ready()) == 0 }, eventually, 5*time.Millisecond)
	require.NoError(t, p.Stop())
	require.NotEmpty(t, p.RPC.Health().Ready())

	require.ErrorContains(t, p.Start(t.Context(), edges, callbackqueue.Module(callbackqueue.Config{}, host.RedisConfig{})), "max_attempts")
}

// The event that is stored is whole: what product teams and rebuilds read.
func TestTheStoredEventIsWhole(t *testing.T) {
	t.Parallel()
	b, cb := one(t)
	events := b.stored(subject.Callbacks)
	require.Len(t, events, 2)
	claimed := &eventsv1.CallbackEvent{}
	require.NoError(t, events[1].Decode(claimed))
	require.Equal(t, subject.Callback(subject.BucketOf(key(1)), key(1)), events[1].Subject)
	require.NotEmpty(t, claimed.GetEventId())
	require.NotContains(t, events[1].ID, "amina", "the message id names the request, and does not spell it")
	require.Equal(t, eventsv1.CallbackEvent_CLAIMED, claimed.GetType())
	require.Equal(t, "amina", claimed.GetActor())
	require.EqualValues(t, 2, claimed.GetEventNo())
	require.Equal(t, cb["id"], claimed.GetCallback().GetId())
	require.Len(t, claimed.GetTakenAlerts(), 1)
	require.NotZero(t, proto.Size(claimed.GetCallback().GetCustomer()))
}
