package queue_test

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	floormemory "github.com/rappel-loop/rappel/services/callback-queue/internal/floor/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// eventually bounds every wait of a test.
const eventually = 30 * time.Second

// world is one event store and one index, for any number of replicas.
type world struct {
	*testing.T
	bus   *bus.Bus
	clock clock.Clock
	hand  *clock.Manual // clock, when it is moved by hand
	// index returns a replica's own handle on the shared index.
	index func() queue.Index
	floor floor.Floor
	redis *redis.Client         // nil with the index in memory
	proc  *testkit.RedisProcess // the server, when it is the test's own
}

func newWorld(t *testing.T) *world {
	hand := clock.NewManual(t0)
	return &world{T: t, bus: testkit.Bus(t), clock: hand, hand: hand, floor: floormemory.New()}
}

// inMemory is a world of a single process.
func inMemory(t *testing.T) *world {
	w := newWorld(t)
	x := memory.New()
	w.index = func() queue.Index { return x }
	return w
}

// onRedis is a world whose replicas share a Redis.
func onRedis(t *testing.T) *world {
	w := newWorld(t)
	w.redis = testkit.Redis(t)
	prefix := testkit.RedisPrefix(t)
	w.index = func() queue.Index { return redisindex.New(w.redis, prefix) }
	return w
}

// onOwnRedis is one whose Redis may be flushed or killed.
func onOwnRedis(t *testing.T) *world {
	w := newWorld(t)
	w.proc = testkit.RedisServer(t)
	w.redis = w.proc.Client(t)
	w.index = func() queue.Index { return redisindex.New(w.redis, "p") }
	return w
}

// everywhere runs a test on both indexes.
func everywhere(t *testing.T, test func(*world)) {
	t.Helper()
	t.Parallel()
	for name, make := range map[string]func(*testing.T) *world{"memory": inMemory, "redis": onRedis} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(make(t))
		})
	}
}

// replica is one process: its store, its handle on the index, its queue.
type replica struct {
	*queue.Queue
	world   *world
	store   *store.Store
	index   queue.Index
	logs    *observer.ObservedLogs
	metrics *prometheus.Registry
}

func (w *world) replica(change ...func(*queue.Deps)) *replica {
	w.Helper()
	core, logs := observer.New(zap.InfoLevel)
	r := &replica{world: w, index: w.index(), logs: logs, metrics: prometheus.NewRegistry()}
	found, err := store.NewMetrics(r.metrics)
	require.NoError(w, err)
	r.store = store.New(w.bus, zap.New(core), found, 0)
	m, err := queue.NewMetrics(r.metrics)
	require.NoError(w, err)
	d := queue.Deps{
		Store: r.store, Index: r.index, Roster: roster.List(nil), Floor: w.floor, Policy: callback.DefaultPolicy(),
		Clock: w.clock, Log: zap.New(core), Metrics: m,
	}
	for _, c := range change {
		c(&d)
	}
	r.Queue = queue.New(d)
	r.Hurry(0)
	return r
}

// run projects until the test ends, or the function returned is called.
func (r *replica) run(more ...func(context.Context) error) (stop func()) {
	r.world.Helper()
	ctx, cancel := context.WithCancel(r.world.Context())
	var tasks sync.WaitGroup
	for _, task := range append(more, r.Project) {
		tasks.Go(func() {
			if err := task(ctx); err != nil {
				r.world.Errorf("a background task ended: %v", err)
			}
		})
	}
	stop = func() { cancel(); tasks.Wait() }
	r.world.Cleanup(stop)
	return stop
}

// ready runs the projector and waits until the index is complete.
func (r *replica) ready(more ...func(context.Context) error) *replica {
	r.world.Helper()
	r.run(more...)
	r.indexed()
	return r
}

// indexed waits until the index is complete.
func (r *replica) indexed() {
	r.world.Helper()
	r.world.until("the index is complete", func() bool {
		_, err := r.index.Checkpoint(r.world.Context())
		return err == nil
	})
}

// whole makes the index an empty one that holds everything, without a projector.
func (r *replica) whole() *replica {
	r.world.Helper()
	r.believe()
	return r
}

// sub runs a part of a test in the same world.
func (w *world) sub(name string, f func(*world)) {
	w.Run(name, func(t *testing.T) {
		part := *w
		part.T = t
		f(&part)
	})
}

// until waits for a condition.
func (w *world) until(what string, ok func() bool) {
	w.Helper()
	require.Eventually(w, ok, eventually, 2*time.Millisecond, what)
}

// key is the n-th customer's key.
func key(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

func id(n int) string { return callback.ID(key(n), 1) }

// alert is a detractor's; the lower n, the longer it waits.
func alert(n int, alertID string) callback.Alert {
	return callback.Alert{
		AlertID: alertID, Rule: "detractor", Revision: 1, CustomerKey: key(n), Queue: "care",
		RaisedAt: t0.Add(time.Duration(n)*time.Millisecond - time.Hour),
		Reason:   callback.Reason{ResponseID: "r-" + alertID, Priority: 50, Verbatim: "Livré en retard."},
	}
}

// open opens the callbacks of customers from to to-1.
func (r *replica) open(from, to int) {
	r.world.Helper()
	for n := from; n < to; n++ {
		require.NoError(r.world, r.TakeAlert(r.world.Context(), alert(n, fmt.Sprintf("a-%d", n))))
	}
}

func (r *replica) claim(agent, request string) (*callback.Callback, error) {
	return r.Claim(r.world.Context(), queue.ClaimRequest{AgentID: agent, RequestID: request})
}

// got claims and wants that callback.
func (r *replica) got(agent, request, want string) *callback.Callback {
	r.world.Helper()
	cb, err := r.claim(agent, request)
	require.NoError(r.world, err)
	require.Equal(r.world, want, cb.ID)
	require.Equal(r.world, callback.Assigned, cb.State)
	require.Equal(r.world, agent, cb.Holder.AgentID)
	require.NotZero(r.world, cb.Holder.Token)
	return cb
}

func (r *replica) none(agent, request string) {
	r.world.Helper()
	_, err := r.claim(agent, request)
	require.ErrorIs(r.world, err, queue.ErrNoneReady)
}

// do gives a command that must work.
func (r *replica) do(id string, cmd callback.Command) *callback.Callback {
	r.world.Helper()
	cb, err := r.Do(r.world.Context(), id, cmd)
	require.NoError(r.world, err)
	return cb
}

// finish calls, reaches and completes what an agent has claimed.
func (r *replica) finish(cb *callback.Callback) *callback.Callback {
	r.world.Helper()
	agent, token := cb.Holder.AgentID, cb.Holder.Token
	r.do(cb.ID, callback.StartAttempt{AgentID: agent, Token: token})
	r.do(cb.ID, callback.EndAttempt{AgentID: agent, Token: token, Outcome: callback.Reached})
	return r.do(cb.ID, callback.Complete{
		AgentID: agent, Token: token, Outcome: callback.Resolved, RootCause: "late", Note: "refund",
	})
}

// history reads every event there is, whatever any queue believes.
func (w *world) history() []callback.Aggregate {
	w.Helper()
	var all []callback.Aggregate
	w.eachEvent(func(e *eventsv1.CallbackEvent, d bus.Delivery) {
		all = append(all, wire.Aggregate(e, d.Data, d.Sequence))
	})
	return all
}

// eachEvent hands over every event there is.
func (w *world) eachEvent(each func(*eventsv1.CallbackEvent, bus.Delivery)) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), eventually)
	defer cancel()
	err := w.bus.Follow(ctx, bus.FollowOptions{Stream: subject.Callbacks}, func(d bus.Delivery) error {
		var e eventsv1.CallbackEvent
		if d.Decode(&e) == nil && e.GetCustomerKey() != "" {
			each(&e, d)
		}
		return nil
	}, func() error { cancel(); return nil })
	require.ErrorIs(w, err, context.Canceled)
}

// truth is what an index must hold: the last of each callback.
func (w *world) truth() map[string]queue.Entry {
	w.Helper()
	r := w.replica()
	want := map[string]queue.Entry{}
	for _, a := range w.history() {
		if a.Callback != nil {
			e := r.Entry(a)
			e.OpenedAt, e.ReadyAt, e.DueAt = e.OpenedAt.UTC(), e.ReadyAt.UTC(), e.DueAt.UTC()
			e.Former, e.MarkedUntil = "", time.Time{}
			want[e.ID] = e
		}
	}
	return want
}

// content is what the index holds.
func (w *world) content() map[string]queue.Entry {
	w.Helper()
	x, got := w.index(), map[string]queue.Entry{}
	for after := ""; ; {
		p, err := x.Page(w.Context(), queue.Filter{}, after, 200)
		if err != nil {
			return nil // it is away: the caller looks again
		}
		for _, e := range p.Entries {
			got[e.ID] = e
		}
		if p.Next == "" {
			return got
		}
		after = p.Next
	}
}

// inLine waits until the index is complete and says what the stream says by then:
// a timer may still have something to add to both.
func (w *world) inLine() {
	w.Helper()
	var want, got map[string]queue.Entry
	matches := func() bool {
		want = w.truth()
		if _, err := w.index().Checkpoint(w.Context()); err != nil {
			return false
		}
		got = w.content()
		for id, e := range got {
			// What was retired stands under a later event of its customer's.
			if right, known := want[id]; known && right.State.Terminal() && e.Seq > right.Seq {
				e.Seq = right.Seq
				got[id] = e
			}
		}
		return fmt.Sprint(got) == fmt.Sprint(want)
	}
	if !eventuallyTrue(matches) {
		require.Equal(w, want, got, "the index is not in line with the stream")
	}
}

func eventuallyTrue(ok func() bool) bool {
	deadline := time.Now().Add(eventually)
	for pause := 2 * time.Millisecond; !ok(); pause = min(2*pause, 50*time.Millisecond) { // a look may cost a consumer
		if time.Now().After(deadline) {
			return false
		}
		<-time.After(pause)
	}
	return true
}

// claims counts, for each callback, how often it was claimed.
func (w *world) claims() map[string]int {
	w.Helper()
	count := map[string]int{}
	held := map[string]uint64{} // callback -> token seen last
	for _, a := range w.history() {
		if cb := a.Callback; cb != nil && cb.Holder != nil && cb.Holder.Token != held[cb.ID] {
			held[cb.ID] = cb.Holder.Token
			count[cb.ID]++
		}
	}
	return count
}

// errCrash stands for a process that died.
var errCrash = errors.New("crash")

// crash runs f in a process that dies when it reaches the step.
func crash(t *testing.T, r *replica, step func(*queue.Signals, func()), f func()) {
	t.Helper()
	var s queue.Signals
	step(&s, func() { panic(errCrash) })
	r.Hook(s)
	defer func() { require.Equal(t, errCrash, recover(), "the step was not reached") }()
	f()
}

func is(err, target error) bool { return errors.Is(err, target) }

// recreateStream makes the stream of callbacks another one, and empty.
func (w *world) recreateStream() {
	w.Helper()
	js := w.bus.JetStream()
	require.NoError(w, js.DeleteStream(w.Context(), subject.Callbacks))
	require.NoError(w, topology.Ensure(w.Context(), js, topology.Options{}))
}
