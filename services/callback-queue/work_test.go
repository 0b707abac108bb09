package callbackqueue_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestAnAgentAtWorkIsOfferedWhatComes(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	amina := b.agent("amina")
	b.open(1)
	cb := amina.offered(id(1))
	require.Equal(t, "Camille Inventée", cb.GetCustomer().GetName())
	require.WithinDuration(t, t0.Add(30*time.Second), cb.GetHolder().GetLeaseExpiresAt().AsTime(), time.Second)
	amina.accept(cb)
	amina.updated(id(1), eventsv1.Callback_ASSIGNED)

	// Another answer of the customer's is on the agent's screen at once.
	b.alert(1, "m-1b", raised(1, "a-1b"))
	require.Len(t, amina.updated(id(1), eventsv1.Callback_ASSIGNED).GetReasons(), 2)

	// She has all she can take; the next one comes when she is free.
	b.open(2)
	b.settled()
	b.finish("amina", id(1))
	amina.lostAtLast(id(1), callbackv1.WorkCallbacksResponse_Gone_COMPLETED)
	cb = amina.offered(id(2))

	// Over HTTP an offer can be answered, too.
	code, got := b.post("/v1/callbacks/"+id(2)+":accept", fmt.Sprintf(`{"agentId":"amina","token":"%d"}`, cb.GetHolder().GetToken()))
	require.Equal(t, http.StatusOK, code, "%v", got)
	amina.updated(id(2), eventsv1.Callback_ASSIGNED)
	amina.silent()
}

func TestTheRosterSaysWhoIsAtWork(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	code, _ := b.post("/v1/agents", aminas)
	require.Equal(t, http.StatusOK, code)
	amina := b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: "amina", Capacity: 1})
	require.NotNil(t, amina.hears().GetWelcome())
	bruno := b.agent("bruno")
	presence := object{"status": "AVAILABLE", "capacity": 1.0, "idleSince": t0.Format(time.RFC3339)}
	b.until("she is at her desk, and bruno is in no roster", func() bool {
		_, got := b.get("/v1/agents")
		list := got["agents"].([]any)
		return len(list) == 1 && assert.ObjectsAreEqual(presence, list[0].(object)["presence"])
	})
	bruno.is(callbackv1.AgentStatus_OFFLINE)
	amina.is(callbackv1.AgentStatus_AWAY)
	require.Equal(t, callbackv1.AgentStatus_AWAY, amina.hears().GetStatus().GetStatus())
	_, got := b.get("/v1/agents/amina")
	presence["status"] = "AWAY"
	require.Equal(t, presence, got["presence"])
}

func TestTheLongestIdleIsOfferedTheNext(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	var agents []*worker
	for _, name := range []string{"chloe", "amina", "bruno"} {
		agents = append(agents, b.agent(name))
		b.clock.Advance(time.Second)
	}
	for n, w := range agents {
		b.open(n + 1)
		w.accept(w.offered(id(n + 1)))
		w.updated(id(n+1), eventsv1.Callback_ASSIGNED)
	}
	// Bruno is done first, and then chloe: what comes next is for bruno, and what he gives
	// back is for her, and not for him again.
	for _, w := range []*worker{agents[2], agents[0]} {
		n := map[string]int{"bruno": 3, "chloe": 1}[w.name]
		b.clock.Advance(time.Second)
		w.calls(id(n))
	}
	b.open(4)
	agents[2].accept(agents[2].offered(id(4)))
	agents[2].updated(id(4), eventsv1.Callback_ASSIGNED)
	code, _ := b.post("/v1/callbacks/"+id(4)+":release", `{"agentId":"bruno"}`)
	require.Equal(t, http.StatusOK, code)
	agents[2].lost(id(4), callbackv1.WorkCallbacksResponse_Gone_WAITS_AGAIN)
	cb := agents[0].offered(id(4))
	require.Equal(t, "bruno", cb.GetDeclined()[0].GetAgentId())
	agents[2].silent()
}

// Who takes several at once is offered the next only when nobody free has fewer in hand;
// among those who have as many, whoever has not got or finished anything for the longest.
func TestWorkIsSharedAmongThoseWhoTakeSeveral(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	agents := map[string]*worker{}
	for _, name := range []string{"amina", "bruno"} {
		agents[name] = b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: name, Capacity: 3})
		require.Empty(t, agents[name].hears().GetWelcome().GetCallbacks())
		b.clock.Advance(time.Second)
	}
	next := func(n int, name string) {
		t.Helper()
		b.open(n)
		agents[name].accept(agents[name].offered(id(n)))
		agents[name].updated(id(n), eventsv1.Callback_ASSIGNED)
		b.clock.Advance(time.Second)
	}
	next(1, "amina")
	next(2, "bruno")
	next(3, "amina")
	next(4, "bruno")
	agents["amina"].calls(id(1)) // she has finished last, and has fewer in hand
	b.clock.Advance(time.Second)
	next(5, "amina")
	next(6, "bruno")
	for _, w := range agents {
		w.silent()
	}
}

func TestWhatIsRejectedGoesToTheNext(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	amina := b.agent("amina")
	b.clock.Advance(time.Second)
	bruno := b.agent("bruno")
	b.open(1)
	amina.reject(amina.offered(id(1)))
	amina.lost(id(1), callbackv1.WorkCallbacksResponse_Gone_WAITS_AGAIN)
	cb := bruno.offered(id(1))
	require.Equal(t, "amina", cb.GetDeclined()[0].GetAgentId())

	// Too late for amina: she is told so, and her stream goes on.
	stale := &eventsv1.Callback{Id: id(1), Holder: &eventsv1.Holder{Token: cb.GetHolder().GetToken() - 1}}
	amina.accept(stale)
	refused := amina.hears().GetRefused()
	require.Equal(t, "ABORTED", refused.GetCode())
	require.Equal(t, "STALE_TOKEN", refused.GetReason())

	// Nobody is left who would have it: it waits, and says why.
	bruno.reject(cb)
	bruno.lost(id(1), callbackv1.WorkCallbacksResponse_Gone_WAITS_AGAIN)
	_, got := b.get("/v1/callbacks/" + id(1) + "/routing")
	require.Equal(t, "care", got["queue"])
	require.Equal(t, "fr", got["language"])
	for _, a := range got["agents"].([]any) {
		require.Equal(t, []any{"DECLINED"}, a.(object)["obstacles"])
		require.Equal(t, "AVAILABLE", a.(object)["status"])
	}
	b.clock.Advance(10 * time.Minute)
	amina.is(callbackv1.AgentStatus_AWAY) // reports her seat, too
	bruno.is(callbackv1.AgentStatus_AWAY)
	require.Equal(t, callbackv1.AgentStatus_AWAY, amina.hears().GetStatus().GetStatus())
	require.Equal(t, callbackv1.AgentStatus_AWAY, bruno.hears().GetStatus().GetStatus())
	amina.is(callbackv1.AgentStatus_AVAILABLE)
	require.Equal(t, callbackv1.AgentStatus_AVAILABLE, amina.hears().GetStatus().GetStatus())
	amina.offered(id(1))
	bruno.silent()
}

// Who declined a callback and has been free for longer does not stand before who
// comes later and would take it.
func TestWhatOneDeclinedIsForWhoComesLater(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	amina := b.agent("amina")
	b.open(1)
	amina.reject(amina.offered(id(1)))
	amina.lost(id(1), callbackv1.WorkCallbacksResponse_Gone_WAITS_AGAIN)
	b.clock.Advance(time.Second)
	bruno := b.agent("bruno")
	b.clock.Advance(time.Second)
	chloe := b.agent("chloe")
	bruno.accept(bruno.offered(id(1)))
	bruno.updated(id(1), eventsv1.Callback_ASSIGNED)
	b.open(2)
	amina.offered(id(2)) // the next is hers
	chloe.silent()
}

// patient is a queue that does not take agents to be gone when the clock is moved.
func patient() callbackqueue.Config {
	cfg := callbackqueue.DefaultConfig()
	cfg.AgentLostAfter = 24 * time.Hour
	return cfg
}

func TestOffersThatAreNotAnswered(t *testing.T) {
	t.Parallel()
	b := configured(t, testkit.Bus(t), patient()).ready()
	amina := b.agent("amina")
	b.open(1)
	b.open(2)
	for missed := 1; missed <= 3; missed++ {
		if missed == 3 {
			b.open(3)
		}
		cb := amina.hears().GetOffer().GetCallback()
		require.NotNil(t, cb)
		b.clock.Advance(30 * time.Second)
		amina.lost(cb.GetId(), callbackv1.WorkCallbacksResponse_Gone_OFFER_EXPIRED)
	}
	away := amina.hears().GetStatus()
	require.Equal(t, callbackv1.AgentStatus_AWAY, away.GetStatus())
	require.True(t, away.GetMissedOffers())
	b.open(4)
	b.settled()
	amina.is(callbackv1.AgentStatus_AVAILABLE)
	require.Equal(t, callbackv1.AgentStatus_AVAILABLE, amina.hears().GetStatus().GetStatus())
	amina.offered(id(4)) // the others she let pass a moment ago
}

// Who comes back finds what they had; who does not gives back what was not begun.
func TestAnAgentWhoDisappears(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	amina := b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: "amina", Capacity: 3})
	require.EqualValues(t, 3, amina.hears().GetWelcome().GetCapacity())
	for n := 1; n <= 3; n++ {
		b.open(n)
		amina.accept(amina.offered(id(n)))
		amina.updated(id(n), eventsv1.Callback_ASSIGNED)
	}
	code, _ := b.post("/v1/callbacks/"+id(3)+":startAttempt", `{"agentId":"amina"}`)
	require.Equal(t, http.StatusOK, code)
	amina.updated(id(3), eventsv1.Callback_ATTEMPTING)
	amina.goes()

	amina = b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: "amina", Capacity: 3})
	require.Len(t, amina.hears().GetWelcome().GetCallbacks(), 3)
	amina.goes()
	b.until("she is not at her desk", func() bool {
		_, got := b.get("/v1/callbacks/" + id(1) + "/routing")
		return got["agents"].([]any)[0].(object)["status"] == "AWAY"
	})
	_, got := b.get("/v1/callbacks/" + id(1))
	require.Equal(t, "ASSIGNED", got["callback"].(object)["state"])
	opened := got["callback"].(object)["openedAt"]

	b.clock.Advance(31 * time.Second)
	bruno := b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: "bruno", Capacity: 2})
	require.Empty(t, bruno.hears().GetWelcome().GetCallbacks())
	var offered []string
	for range 2 {
		cb := bruno.hears().GetOffer().GetCallback()
		require.Equal(t, opened, cb.GetOpenedAt().AsTime().Format("2006-01-02T15:04:05Z"))
		offered = append(offered, cb.GetId())
	}
	require.ElementsMatch(t, []string{id(1), id(2)}, offered)
	_, got = b.get("/v1/callbacks/" + id(3))
	require.Equal(t, "ATTEMPTING", got["callback"].(object)["state"], "the customer is being called")
}

func TestAnAgentWhoLeavesGivesBackAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	amina := b.agent("amina")
	b.open(1)
	amina.offered(id(1))
	bruno := b.agent("bruno")
	amina.is(callbackv1.AgentStatus_OFFLINE)
	require.ErrorIs(t, <-amina.ended, io.EOF)
	bruno.offered(id(1))
}

func TestASecondStreamOfAnAgentEndsTheFirst(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.AgentLostAfter = 3 * time.Second // so that seats are reported each second
	b := configured(t, testkit.Bus(t), cfg).ready()
	first := b.agent("amina")
	b.open(1)
	first.offered(id(1))
	second := b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: "amina"})
	held := second.hears().GetWelcome().GetCallbacks()
	require.Len(t, held, 1)
	first.ends(codes.Aborted, "REPLACED")
	second.accept(held[0])
	second.updated(id(1), eventsv1.Callback_ASSIGNED)
}

func TestHellosThatMakeNoSense(t *testing.T) {
	t.Parallel()
	cfg := callbackqueue.DefaultConfig()
	cfg.KnownAgentsOnly = true
	b := configured(t, testkit.Bus(t), cfg).ready()
	w := b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: "a b", Capacity: 51, Status: callbackv1.AgentStatus_BUSY})
	err := <-w.ended
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	for _, field := range []string{"hello.agentId", "hello.capacity", "hello.status"} {
		require.ErrorContains(t, err, field)
	}
	w = b.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: "mallory"})
	w.ends(codes.FailedPrecondition, "UNKNOWN_AGENT")

	b = setup(t).ready()
	stream, err := b.dial().WorkCallbacks(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&callbackv1.WorkCallbacksRequest{}))
	_, err = stream.Recv()
	require.ErrorContains(t, err, "hello")
	w = b.agent("amina")
	w.say(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Hello_{}})
	w.ends(codes.InvalidArgument, "INVALID_FIELDS")
	w = b.agent("amina")
	w.is(callbackv1.AgentStatus_BUSY)
	w.ends(codes.InvalidArgument, "INVALID_FIELDS")
	w = b.agent("amina")
	w.accept(&eventsv1.Callback{Id: "nonsense"})
	require.Equal(t, "NO_SUCH_CALLBACK", w.hears().GetRefused().GetReason())
	w.reject(&eventsv1.Callback{Id: id(1)})
	require.Equal(t, "NO_SUCH_CALLBACK", w.hears().GetRefused().GetReason())
}

// A server that stops tells its agents to go elsewhere, and does not wait for them.
func TestAServerThatStopsSendsAgentsElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t).ready()
	w := b.agent("amina")
	asked := time.Now()
	b.stop()
	w.ends(codes.Unavailable, "GOING_AWAY")
	require.Less(t, time.Since(asked), 5*time.Second)
}

// Agents at work with any replica are offered what any other stored, and what a
// replica had offered that dies goes to the next.
func TestOffersReachAgentsOfEveryReplica(t *testing.T) {
	t.Parallel()
	events, server := testkit.Bus(t), testkit.RedisServer(t)
	hand := clock.NewManual(t0)
	replica := func() *bundle {
		return configured(t, events, patient(), func(d *callbackqueue.Deps) {
			d.Redis, d.RedisPrefix, d.Clock = redis.UniversalClient(server.Client(t)), "p", hand
		}).ready()
	}
	one, two := replica(), replica()
	amina := one.agent("amina")
	hand.Advance(time.Second)
	bruno := two.agent("bruno")
	hand.Advance(time.Second)
	chloe := one.agent("chloe")
	// Whichever replica takes the alerts, and offers: each agent is offered one.
	mine := map[string]string{}
	for n := 1; n <= 3; n++ {
		one.open(n)
	}
	for _, w := range []*worker{amina, bruno, chloe} {
		cb := w.hears().GetOffer().GetCallback()
		require.NotNil(t, cb, w.name)
		mine[cb.GetId()] = w.name
		mine[w.name] = cb.GetId()
	}
	require.Len(t, mine, 6)
	// The supervisor talks to the other replica.
	code, got := two.post("/v1/callbacks/"+mine["amina"]+":cancel", `{"reason":"opted out","by":"sam"}`)
	require.Equal(t, http.StatusOK, code, "%v", got)
	amina.lost(mine["amina"], callbackv1.WorkCallbacksResponse_Gone_CANCELED)

	// Redis forgets everything: seats and all come back by themselves.
	require.NoError(t, server.Client(t).FlushAll(t.Context()).Err())
	amina.is(callbackv1.AgentStatus_AWAY)
	require.Equal(t, callbackv1.AgentStatus_AWAY, amina.hears().GetStatus().GetStatus())
	bruno.accept(&eventsv1.Callback{Id: mine["bruno"]})
	bruno.updated(mine["bruno"], eventsv1.Callback_ASSIGNED)

	// One dies with an offer open: chloe's goes to amina, who has come back elsewhere.
	one.stop()
	amina.ends(codes.Unavailable, "GOING_AWAY")
	chloe.ends(codes.Unavailable, "GOING_AWAY")
	two.ready()
	amina = two.work(&callbackv1.WorkCallbacksRequest_Hello{AgentId: "amina"})
	require.NotNil(t, amina.hears().GetWelcome())
	hand.Advance(30 * time.Second)
	amina.offered(mine["chloe"])
}

// However callbacks come, each is offered to one agent at a time, and all are done.
func TestManyAgentsShareTheWork(t *testing.T) {
	t.Parallel()
	const agents, callbacks = 16, 200
	b := setup(t, func(d *callbackqueue.Deps) { d.Clock = clock.System{} }).ready()
	done := b.crew("agent", agents, callbacks)
	for n := range callbacks {
		b.open(n)
	}
	b.allDone(done, callbacks)
}

// The same with agents at two replicas whose Redis forgets everything, again and
// again: seats, lines and holds come back by themselves.
func TestWorkGoesOnWhileRedisForgets(t *testing.T) {
	t.Parallel()
	const agents, callbacks, flushes = 6, 90, 6
	events, server := testkit.Bus(t), testkit.RedisServer(t)
	cfg := callbackqueue.DefaultConfig()
	cfg.AgentLostAfter = 3 * time.Second // seats are reported each second
	replica := func() *bundle {
		return configured(t, events, cfg, func(d *callbackqueue.Deps) {
			d.Redis, d.RedisPrefix, d.Clock = redis.UniversalClient(server.Client(t)), "p", clock.System{}
		}).ready()
	}
	one, two := replica(), replica()
	done := make(chan string, callbacks)
	for _, b := range []*bundle{one, two} {
		finished := b.crew(fmt.Sprintf("of-%p", b), agents, callbacks)
		go func() {
			for {
				select {
				case id := <-finished:
					done <- id
				case <-b.Context().Done():
					return
				}
			}
		}()
	}
	admin := server.Client(t)
	for n := range callbacks {
		one.open(n)
		if n%(callbacks/flushes) == 0 {
			require.NoError(t, admin.FlushAll(t.Context()).Err())
		}
	}
	one.allDone(done, callbacks)
}
