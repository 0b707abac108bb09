package fallback

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// told is what an outbox was given, once an id and receiver, as deliveries are made.
type told struct {
	mu   sync.Mutex
	by   map[string]*eventsv1.Notification
	fail int // so many calls fail
}

func (o *told) Tell(_ context.Context, n *eventsv1.Notification, receivers []string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail > 0 {
		o.fail--
		return errors.New("the store is away")
	}
	for _, r := range receivers {
		o.by[n.GetId()+" "+r] = n
	}
	return nil
}

func (o *told) TellCustomer(ctx context.Context, receiver string, n *eventsv1.Notification, _ uint64) error {
	return o.Tell(ctx, n, []string{receiver})
}

// floor is a deployment's worth of watchers.
type floor struct {
	*testing.T
	bus   *bus.Bus
	clock *clock.Manual
	rules *rule.Set
	out   *told
	n     int
}

func newFloor(t *testing.T) *floor {
	return &floor{
		T: t, bus: testkit.Bus(t), clock: clock.NewManual(t0), out: &told{by: map[string]*eventsv1.Notification{}},
		rules: &rule.Set{Version: "1+00000000", Fallbacks: []*rule.Fallback{busy()}},
	}
}

// watcher is one more replica.
func (f *floor) watcher(change ...func(*Deps)) *Watcher {
	f.Helper()
	d := Deps{Bus: f.bus, Log: zap.NewNop(), Clock: f.clock, Rules: func() *rule.Set { return f.rules }, Outbox: f.out}
	for _, c := range change {
		c(&d)
	}
	w := New(d)
	ctx, cancel := context.WithCancel(f.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = w.Follow(ctx) })
	f.Cleanup(func() { cancel(); done.Wait() })
	require.NoError(f, w.Wait(ctx))
	require.NoError(f, w.stats.Wait(ctx))
	return w
}

// measured stores how the queue stands: its wait, or that it is not known.
func (f *floor) measured(wait *float64) {
	f.Helper()
	f.n++
	e := &eventsv1.QueueMeasured{
		EventId: "care-" + f.clock.Now().String(), At: timestamppb.New(f.clock.Now()), Queue: "care", Ready: 9, Agents: 1, PredictedWaitSeconds: wait,
	}
	_, err := f.bus.Publish(f.Context(), bus.Event{Subject: subject.QueueStat("care"), ID: e.GetEventId(), Body: e})
	require.NoError(f, err)
}

// look has every watcher look at once, when each has heard of everything.
func (f *floor) look(all ...*Watcher) {
	f.Helper()
	for _, w := range all {
		require.NoError(f, w.stats.Settle(f.Context()))
		require.NoError(f, w.states.Settle(f.Context()))
	}
	var done sync.WaitGroup
	for _, w := range all {
		done.Go(func() { require.NoError(f, w.Step(f.Context())) })
	}
	done.Wait()
	for _, w := range all {
		require.NoError(f, w.states.Settle(f.Context()))
	}
}

// pass lets so many minutes go by, each with a measurement and a look.
func (f *floor) pass(minutes int, wait *float64, all ...*Watcher) {
	f.Helper()
	for range minutes {
		f.measured(wait)
		f.look(all...)
		f.clock.Advance(time.Minute)
	}
}

func (f *floor) changes() []*eventsv1.FallbackChanged {
	f.Helper()
	s, err := f.bus.JetStream().Stream(f.Context(), subject.Fallbacks)
	require.NoError(f, err)
	var all []*eventsv1.FallbackChanged
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		d, err := f.bus.At(f.Context(), subject.Fallbacks, seq)
		require.NoError(f, err)
		e := &eventsv1.FallbackChanged{}
		require.NoError(f, d.Decode(e))
		all = append(all, e)
	}
	return all
}

var long, short = proto.Float64(5 * 3600), proto.Float64(3600)

func TestReplicasBeginAndEndAFallbackOnce(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	all := []*Watcher{f.watcher(), f.watcher(), f.watcher()}
	f.pass(5, long, all...)
	require.Empty(t, f.changes(), "it has not held for 5 minutes")
	f.pass(3, long, all...)
	got := f.changes()
	require.Len(t, got, 1)
	require.True(t, proto.Equal(&eventsv1.FallbackChanged{
		EventId: "busy-1", Name: "busy", Changes: 1, At: timestamppb.New(t0.Add(5 * time.Minute)), Active: true, Queue: "care",
		WaitSeconds: long, BeginsSeconds: 14400, EndsSeconds: 7200, RulesVersion: "1+00000000",
		Measures: []string{"raise_bar", "tell", "acknowledge_customer"}, Tell: []string{"lead"},
	}, got[0]), "%v", got[0])
	for _, w := range all {
		require.True(t, w.Applies("busy"))
	}
	f.pass(8, short, all...)
	require.Len(t, f.changes(), 2)
	require.False(t, f.changes()[1].GetActive())
	require.Equal(t, "busy-2", f.changes()[1].GetEventId())
	for _, w := range all {
		require.False(t, w.Applies("busy"))
	}
	require.Len(t, f.out.by, 2, "each change is told once, whoever tells")
	n := f.out.by["fallback-busy-1 lead"]
	require.Equal(t, eventsv1.Notification_FALLBACK, n.GetKind())
	require.True(t, n.GetFallback().GetActive())
	require.False(t, f.out.by["fallback-busy-2 lead"].GetFallback().GetActive())
}

func TestARestartFindsWhatApplies(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pass(7, long, f.watcher())
	again := f.watcher()
	require.True(t, again.Applies("busy"))
	list, err := again.List()
	require.NoError(t, err)
	require.True(t, list[0].Active)
	require.Equal(t, t0.Add(5*time.Minute), list[0].Since)
	require.Equal(t, hours(5), list[0].Reading)
	f.pass(5, short, again)
	require.True(t, again.Applies("busy"), "it must have held since the restart")
	f.pass(1, short, again)
	require.False(t, again.Applies("busy"))
}

// The queue is not measured any more: who is not known to have too much to do is treated as
// the rules say.
func TestWhatIsNotHeardOfEnds(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	w := f.watcher()
	f.pass(7, long, w)
	require.True(t, w.Applies("busy"))
	for range 2 + 5 {
		f.look(w)
		require.True(t, w.Applies("busy"))
		f.clock.Advance(time.Minute)
	}
	f.look(w)
	require.False(t, w.Applies("busy"))
	require.Nil(t, f.changes()[1].WaitSeconds)
}

func TestNobodyAtTheirDesksChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	w := f.watcher()
	f.pass(20, nil, w)
	require.Empty(t, f.changes())
	f.pass(7, long, w)
	f.pass(600, nil, w)
	require.Len(t, f.changes(), 1, "nor overnight")
}

func TestAFallbackThatTheRulesDropEnds(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	w := f.watcher()
	f.pass(7, long, w)
	with := f.rules
	f.rules = &rule.Set{Version: "2+00000000"}
	f.look(w)
	f.rules = with // a replica that had other rules for a moment
	f.look(w)
	require.True(t, w.Applies("busy"))
	f.rules = &rule.Set{Version: "2+00000000"}
	f.look(w)
	f.clock.Advance(time.Minute)
	f.look(w)
	require.False(t, w.Applies("busy"))
	got := f.changes()[1]
	require.Equal(t, "2+00000000", got.GetRulesVersion())
	require.Equal(t, "care", got.GetQueue())
	require.Contains(t, f.out.by, "fallback-busy-2 lead", "who was told of its beginning is told of its end")
	f.rules = with // declared again, it must hold anew
	f.pass(5, long, w)
	require.False(t, w.Applies("busy"))
}

// Other bounds, another queue: what was seen before says nothing of them.
func TestOtherBoundsAreHeldAnew(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	w := f.watcher()
	f.pass(4, long, w)
	other := busy()
	other.BeginsAbove = 3 * time.Hour
	f.rules = &rule.Set{Version: "2+00000000", Fallbacks: []*rule.Fallback{other}}
	f.pass(5, long, w)
	require.False(t, w.Applies("busy"))
	f.pass(1, long, w)
	require.True(t, w.Applies("busy"))
}

// Between the storing of a change and the telling of it the process died, or the store was
// away: the next look tells, and another replica's does.
func TestWhatWasNotToldIsToldLater(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	core, logs := observer.New(zapcore.WarnLevel)
	w := f.watcher(func(d *Deps) { d.Log = zap.New(core) })
	f.out.fail = 3
	f.pass(6, long, w)
	require.Empty(t, f.out.by)
	again := f.watcher()
	f.pass(2, long, w)
	require.Empty(t, f.out.by)
	require.Equal(t, 1, logs.FilterMessageSnippet("told of a fallback yet").Len())
	f.look(again)
	require.Len(t, f.out.by, 1)
	f.clock.Advance(25 * time.Hour)
	f.out.by = map[string]*eventsv1.Notification{}
	f.look(f.watcher())
	require.Empty(t, f.out.by, "what is a day old is no news")
}

func TestWithoutDeliveriesThatIsSaidOnce(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	core, logs := observer.New(zapcore.WarnLevel)
	w := f.watcher(func(d *Deps) { d.Log, d.Outbox = zap.New(core), nil })
	f.pass(15, long, w)
	require.Equal(t, 1, logs.Len())
	for range 3 {
		require.NoError(t, w.Acknowledge(t.Context(), "mail", "busy", "a-1", 1, timestamppb.New(t0)))
	}
	require.Equal(t, 2, logs.Len())
}

// While the stream is away nothing is decided, and what applied still does.
func TestWithoutTheStreamItStaysAsItIs(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	w := f.watcher()
	f.pass(7, long, w)
	f.pass(5, short, w)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, w.Step(gone))
	require.True(t, w.Applies("busy"))
	f.look(w)
	require.False(t, w.Applies("busy"))
}
