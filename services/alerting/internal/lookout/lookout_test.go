package lookout

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const soon = 20 * time.Second

// board is alerts as a table of documents keeps them, for several replicas.
type board struct {
	mu      sync.Mutex
	docs    map[string]*eventsv1.AlertState
	changes []string
	away    error
}

func newBoard() *board { return &board{docs: map[string]*eventsv1.AlertState{}} }

func (b *board) Wait(context.Context) error { return nil }

func (b *board) Known() iter.Seq[*eventsv1.AlertState] {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*eventsv1.AlertState
	for _, a := range b.docs {
		all = append(all, proto.CloneOf(a))
	}
	return slices.Values(all)
}

func (b *board) Raise(_ context.Context, n Notice) (*eventsv1.AlertState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return nil, b.away
	}
	key := seriesKey(n.Rule.Name, n.Movement.GetSeries())
	a := b.docs[key]
	switch {
	case a == nil:
		a = &eventsv1.AlertState{Rule: n.Rule.Name}
		b.docs[key] = a
	case a.GetResolution() == eventsv1.AlertState_BY_HAND, !n.Movement.GetUntil().AsTime().After(a.GetMovement().GetUntil().AsTime()):
		return proto.CloneOf(a), nil
	}
	if !stands(a) {
		b.note("raised", key)
		a.Episode++
	}
	a.State, a.Resolution, a.Movement, a.RulesVersion = eventsv1.AlertState_FIRING, 0, n.Movement, n.RulesVersion
	return proto.CloneOf(a), nil
}

func (b *board) Resolve(_ context.Context, rule string, series map[string]string, m *eventsv1.Movement) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return b.away
	}
	a := b.docs[seriesKey(rule, series)]
	if a == nil || !stands(a) && a.GetResolution() != eventsv1.AlertState_BY_HAND {
		return nil
	}
	if m != nil {
		a.Movement = m
	}
	a.State, a.Resolution = eventsv1.AlertState_RESOLVED, eventsv1.AlertState_NO_LONGER_MATCHES
	b.note("resolved", seriesKey(rule, series))
	return nil
}

// put is somebody resolving it by hand.
func (b *board) put(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.docs[key].State, b.docs[key].Resolution = eventsv1.AlertState_RESOLVED, eventsv1.AlertState_BY_HAND
}

func (b *board) note(what, key string) {
	b.changes = append(b.changes, what+" "+strings.ReplaceAll(key, "\x00", " "))
}

func (b *board) seen() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.changes)
}

func (b *board) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = err
}

// bundle is a stream of answers, alerts, a clock, and rules.
type bundle struct {
	t     *testing.T
	bus   *bus.Bus
	board *board
	clock *clock.Manual
	rules atomic.Pointer[rule.Set]
	last  uint64
	sent  int
}

func setup(t *testing.T, metrics string) *bundle {
	b := &bundle{t: t, bus: testkit.Bus(t), board: newBoard(), clock: clock.NewManual(time.Now().AddDate(0, 0, -20).Truncate(time.Hour))}
	b.use(metrics)
	return b
}

func (b *bundle) use(metrics string) {
	set, err := rule.Load("test", []byte("version: 1\nrules: [{name: r, when: may_call}]\nmetrics:\n"+metrics), rule.Options{})
	require.NoError(b.t, err)
	b.rules.Store(set)
}

// answers stores so many, of whom so many are satisfied, received half an hour from now.
func (b *bundle) answers(n, good int) {
	for i := range n {
		b.sent++
		class := eventsv1.Class_DISSATISFIED
		if i < good {
			class = eventsv1.Class_SATISFIED
		}
		receipt, err := b.bus.Append(b.t.Context(), bus.Event{Subject: subject.Score("s", "0af"), ID: fmt.Sprint("e", b.sent), Body: &eventsv1.ResponseScored{
			Received: &eventsv1.ResponseReceived{
				Revision: 1, Bucket: "0af", CustomerKey: strings.Repeat("a", 26), ReceivedAt: timestamppb.New(b.clock.Now().Add(30 * time.Minute)),
				Response: &eventsv1.Response{Id: fmt.Sprint("r", b.sent), Survey: "s", Attributes: map[string]string{"store-id": "x"}},
			},
			Score: &eventsv1.Score{Answers: []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_CSAT, Class: class}}},
		}})
		require.NoError(b.t, err)
		b.last = receipt.Sequence
	}
}

// replica is a lookout that runs.
type replica struct {
	*Lookout
	b     *bundle
	looks chan Look
	stop  func()
}

func (b *bundle) start() *replica {
	r := &replica{b: b, looks: make(chan Look, 10_000)}
	r.Lookout = New(Deps{
		Bus: b.bus, Log: zap.NewNop(), Clock: b.clock, Alerts: b.board, Rules: b.rules.Load,
		Told: func(l Look) { r.looks <- l },
	})
	r.pace = pace{look: time.Millisecond, retry: time.Millisecond}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		require.NoError(b.t, <-done)
	})
	r.stop = stop
	b.t.Cleanup(stop)
	return r
}

// await waits for a look at what ended by now.
func (r *replica) await() {
	r.b.t.Helper()
	for timeout := time.After(soon); ; {
		select {
		case l := <-r.looks:
			if !l.At.Before(r.b.clock.Now()) {
				return
			}
		case <-timeout:
			r.mu.Lock()
			defer r.mu.Unlock()
			require.Fail(r.b.t, "no look", "seen %d of %d, read %v, next %s, now %s", r.seen, r.b.last, r.read, r.windows.Next(), r.b.clock.Now())
		}
	}
}

// reads waits until all that is stored is read: made-up time, unlike the real one, goes on
// before that.
func (r *replica) reads() {
	r.b.t.Helper()
	require.Eventually(r.b.t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.seen >= r.b.last
	}, soon, time.Millisecond)
}

// settled waits until what a look found is stored.
func (r *replica) settled() {
	r.b.t.Helper()
	require.Eventually(r.b.t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.owed) == 0
	}, soon, time.Millisecond)
}

// hours lets so many pass, with so many answers in each, and all replicas look.
func (b *bundle) hours(hours, n, good int, replicas ...*replica) {
	for range hours {
		b.answers(n, good)
		for _, r := range replicas {
			r.reads()
		}
		b.clock.Advance(time.Hour)
		for _, r := range replicas {
			r.await()
			r.settled()
		}
	}
}

const csat = "  - {name: csat, measure: CSAT, by: [survey, attributes.store-id], window: 24h, drops_by: 20, severity: high}\n"

// Several replicas see the same, at once; the alert is raised once, kept up to date, and
// resolved by itself.
func TestReplicasRaiseAnAlertOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, csat)
	one, two := b.start(), b.start()
	b.hours(48, 5, 5, one, two)
	require.Empty(t, b.board.seen())
	b.hours(24, 5, 2, one, two)
	require.Equal(t, []string{"raised csat store_id x survey s"}, b.board.seen())
	for a := range b.board.Known() {
		m := a.GetMovement()
		require.Equal(t, "CSAT", m.GetMeasure())
		require.InDelta(t, 40, m.GetFigure(), 1e-9, "as it is now, not as it was when it was raised")
		require.InDelta(t, 100, m.GetReference(), 1e-9)
		require.EqualValues(t, 120, m.GetAnswers())
		require.EqualValues(t, 120, m.GetReferenceAnswers())
		require.Less(t, m.GetPValue(), 1e-4)
		require.Equal(t, map[string]string{"survey": "s", "store_id": "x"}, m.GetSeries())
		require.Equal(t, 24*time.Hour, m.GetWindow().AsDuration())
		require.True(t, m.GetUntil().AsTime().Equal(b.clock.Now()))
	}
	b.hours(36, 5, 2, one, two)
	require.Equal(t, []string{"raised csat store_id x survey s", "resolved csat store_id x survey s"}, b.board.seen())
}

// A process that dies while the alert stands: the next makes the figures anew, raises nothing
// again, and resolves it in time.
func TestARestartGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := setup(t, csat)
	one := b.start()
	b.hours(48, 5, 5, one)
	b.hours(20, 5, 2, one)
	require.Len(t, b.board.seen(), 1)
	was, _ := one.Show()
	one.stop()
	two := b.start()
	b.hours(1, 5, 2, two)
	is, at := two.Show()
	require.True(t, at.Equal(b.clock.Now()))
	require.Len(t, is[0].Series, 1)
	require.True(t, is[0].Series[0].Firing)
	require.Equal(t, was[0].Series[0].Answers, is[0].Series[0].Answers)
	require.Len(t, b.board.seen(), 1)
	b.hours(40, 5, 2, two)
	require.Equal(t, []string{"raised csat store_id x survey s", "resolved csat store_id x survey s"}, b.board.seen())
}

// Other rules are taken up: what has not changed keeps its figures, what is new has its past,
// and the alert of what is gone is resolved.
func TestOtherRulesAreTakenUp(t *testing.T) {
	t.Parallel()
	b := setup(t, csat)
	one := b.start()
	b.hours(48, 5, 5, one)
	b.hours(20, 5, 2, one)
	require.Equal(t, []string{"raised csat store_id x survey s"}, b.board.seen())
	b.use(csat + "  - {name: many, measure: count, window: 24h, above: 100, severity: low}\n")
	b.hours(1, 5, 2, one)
	shown, _ := one.Show()
	require.Len(t, shown, 2)
	require.EqualValues(t, 120, shown[1].Series[0].Answers)
	require.Equal(t, []string{"raised csat store_id x survey s", "raised many"}, b.board.seen())
	b.use("  - {name: many, measure: count, window: 24h, above: 1000}\n")
	require.Eventually(t, func() bool { return slices.Contains(b.board.seen(), "resolved csat store_id x survey s") }, soon, time.Millisecond)
	b.hours(10, 5, 2, one)
	require.Equal(t, "resolved many", b.board.seen()[3])
	b.use("  []\n")
	b.hours(5, 5, 2)
	b.use(csat)
	b.hours(1, 5, 2, one)
	shown, _ = one.Show()
	require.EqualValues(t, 120, shown[0].Series[0].Answers, "what came while there was no rule is there, too")
}

// Without any metric rule the alerts of those that were are resolved.
func TestTheLastRuleThatIsGoneLeavesNoAlert(t *testing.T) {
	t.Parallel()
	b := setup(t, csat)
	one := b.start()
	b.hours(48, 5, 5, one)
	b.hours(20, 5, 2, one)
	one.stop()
	b.use("  []\n")
	b.start()
	require.Eventually(t, func() bool { return len(b.board.seen()) == 2 }, soon, time.Millisecond)
}

// Who has put an alert away is not told again before it was over.
func TestAnAlertThatIsPutAwayStaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, csat)
	one := b.start()
	b.hours(48, 5, 5, one)
	b.hours(14, 5, 1, one)
	require.Len(t, b.board.seen(), 1)
	b.board.put(seriesKey("csat", map[string]string{"survey": "s", "store_id": "x"}))
	b.hours(4, 5, 1, one)
	require.Len(t, b.board.seen(), 1)
	one.stop()
	two := b.start()
	b.hours(40, 5, 1, two)
	require.Equal(t, []string{"raised csat store_id x survey s", "resolved csat store_id x survey s"}, b.board.seen(), "it is over, as any other is")
	b.hours(24, 5, 5, two)
	b.hours(24, 5, 1, two)
	require.Equal(t, "raised csat store_id x survey s", b.board.seen()[2])
}

func TestWhatCannotBeStoredIsStoredLater(t *testing.T) {
	t.Parallel()
	b := setup(t, csat)
	one := b.start()
	b.hours(48, 5, 5, one)
	b.board.fail(errors.New("the store is away"))
	for range 20 {
		b.answers(5, 2)
		one.reads()
		b.clock.Advance(time.Hour)
		one.await()
	}
	require.Empty(t, b.board.seen())
	b.board.fail(nil)
	one.settled()
	require.Equal(t, []string{"raised csat store_id x survey s"}, b.board.seen())
}

// A rule that is gone before its alert could be stored raises none afterwards.
func TestWhatCouldNotBeStoredGoesWithItsRule(t *testing.T) {
	t.Parallel()
	b := setup(t, csat)
	one := b.start()
	b.hours(48, 5, 5, one)
	b.board.fail(errors.New("the store is away"))
	for range 20 {
		b.answers(5, 2)
		one.reads()
		b.clock.Advance(time.Hour)
		one.await()
	}
	b.use("  []\n")
	require.Eventually(t, func() bool {
		one.mu.Lock()
		defer one.mu.Unlock()
		return one.read && len(one.set.Metrics) == 0
	}, soon, time.Millisecond)
	b.board.fail(nil)
	one.settled()
	require.Empty(t, b.board.seen())
}

// A scorer that is behind is not taken for silence.
func TestNothingIsJudgedWhileTheScorerIsBehind(t *testing.T) {
	t.Parallel()
	b := setup(t, "  - {name: silent, measure: count, window: 24h, below: 50}\n")
	one := b.start()
	b.hours(48, 5, 5, one)
	_, err := b.bus.Publish(t.Context(), bus.Event{Subject: subject.Response("s", "0af"), ID: "waits", Body: &eventsv1.ResponseReceived{}})
	require.NoError(t, err)
	b.clock.Advance(40 * 24 * time.Hour)
	for range 20 { // none of these finds that it may look
		ready, err := one.ready(t.Context(), b.clock.Now())
		require.NoError(t, err)
		require.False(t, ready)
	}
	require.Empty(t, b.board.seen())
	c, err := b.bus.JetStream().Consumer(t.Context(), topology.Scorer.Stream, topology.Scorer.Durable)
	require.NoError(t, err)
	batch, err := c.Fetch(1)
	require.NoError(t, err)
	require.NotNil(t, <-batch.Messages())
	one.await()
	one.settled()
	require.Equal(t, []string{"raised silent"}, b.board.seen())
}
