package measuring

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// queues are what there is to be measured.
type queues struct {
	mu    sync.Mutex
	rows  []queue.State
	err   error
	asked []string
}

func (q *queues) set(rows ...queue.State) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rows = rows
}

func (q *queues) States(_ context.Context, also ...string) ([]queue.State, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked = also
	rows := slices.Clone(q.rows)
	for _, name := range also {
		if !slices.ContainsFunc(rows, func(s queue.State) bool { return s.Queue == name }) {
			rows = append(rows, queue.State{Queue: name, Agents: 2, Free: 2, WaitKnown: true})
		}
	}
	return rows, q.err
}

func replica(t *testing.T, b *bus.Bus, q *queues, c clock.Clock, log *zap.Logger) *Measurer {
	m := New(Deps{Bus: b, Log: log, Clock: c, Queues: q, Every: 10 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = m.Follow(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	require.NoError(t, m.known.Wait(ctx))
	return m
}

func stored(t *testing.T, b *bus.Bus) []*eventsv1.QueueMeasured {
	s, err := b.JetStream().Stream(t.Context(), subject.QueueStats)
	require.NoError(t, err)
	var all []*eventsv1.QueueMeasured
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		d, err := b.At(t.Context(), subject.QueueStats, seq)
		require.NoError(t, err)
		e := &eventsv1.QueueMeasured{}
		require.NoError(t, d.Decode(e))
		all = append(all, e)
	}
	return all
}

func TestReplicasMeasureOnceASlot(t *testing.T) {
	t.Parallel()
	b, c, q := testkit.Bus(t), clock.NewManual(t0), &queues{}
	q.set(
		queue.State{Queue: "care", Ready: 3, Held: 1, Agents: 2, OldestReady: t0.Add(-time.Minute), Wait: 90 * time.Second, WaitKnown: true},
		queue.State{Queue: "vip", Ready: 1},
	)
	replicas := []*Measurer{replica(t, b, q, c, zap.NewNop()), replica(t, b, q, c, zap.NewNop()), replica(t, b, q, c, zap.NewNop())}
	const slots = 5
	for range slots {
		var all sync.WaitGroup
		for _, m := range replicas {
			all.Go(func() { m.Step(t.Context()) })
		}
		all.Wait()
		c.Advance(3 * time.Second) // within the slot
		replicas[0].Step(t.Context())
		c.Advance(7 * time.Second)
	}
	got := stored(t, b)
	require.Len(t, got, 2*slots)
	ids := map[string]bool{}
	for _, e := range got {
		ids[e.GetEventId()] = true
		if e.GetQueue() == "vip" {
			require.Nil(t, e.PredictedWaitSeconds)
			continue
		}
		require.InDelta(t, 90, e.GetPredictedWaitSeconds(), 0)
		require.EqualValues(t, 3, e.GetReady())
		require.EqualValues(t, 1, e.GetHeld())
		require.EqualValues(t, 2, e.GetAgents())
		require.GreaterOrEqual(t, e.GetOldestSeconds(), 60.0)
	}
	require.Len(t, ids, 2*slots)
}

func TestAQueueThatIsEmptyIsMeasuredOnceMore(t *testing.T) {
	t.Parallel()
	b, c, q := testkit.Bus(t), clock.NewManual(t0), &queues{}
	m := replica(t, b, q, c, zap.NewNop())
	q.set(queue.State{Queue: "care", Ready: 3}, queue.State{Queue: "no name"})
	m.Step(t.Context())
	q.set()
	for range 3 {
		c.Advance(10 * time.Second)
		m.Step(t.Context())
	}
	got := stored(t, b)
	require.Len(t, got, 2)
	require.Zero(t, got[1].GetReady())
	require.NotNil(t, got[1].PredictedWaitSeconds)
	require.Zero(t, got[1].GetPredictedWaitSeconds())
	q.set(queue.State{Queue: "care", Ready: 1})
	m.Step(t.Context())
	m.Step(t.Context())
	require.Len(t, stored(t, b), 3)
}

// A measurement of a clock that is far ahead keeps nobody from measuring.
func TestAClockThatIsAheadIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	b, q := testkit.Bus(t), &queues{}
	q.set(queue.State{Queue: "care", Ready: 3})
	replica(t, b, q, clock.NewManual(t0.Add(time.Hour)), zap.NewNop()).Step(t.Context())
	replica(t, b, q, clock.NewManual(t0), zap.NewNop()).Step(t.Context())
	require.Len(t, stored(t, b), 2)
}

func TestWhatCannotBeMeasuredIsLeftOutUntilItCan(t *testing.T) {
	t.Parallel()
	b, c, q := testkit.Bus(t), clock.NewManual(t0), &queues{}
	core, logs := observer.New(zapcore.InfoLevel)
	m := replica(t, b, q, c, zap.New(core))
	q.set(queue.State{Queue: "care", Ready: 3})
	q.err = errors.New("the index is being built")
	m.Step(t.Context())
	require.Zero(t, logs.Len(), "that passes")
	q.err = nil
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 { // nothing can be stored
		m.Step(gone)
		c.Advance(10 * time.Second)
	}
	require.Equal(t, 1, logs.FilterMessageSnippet("not told").Len())
	require.Empty(t, stored(t, b))
	m.Step(t.Context())
	m.Step(t.Context())
	require.Len(t, stored(t, b), 1)
	require.Equal(t, 1, logs.FilterMessageSnippet("told again").Len())
}

// One queue that cannot be stored, as its last measurement is no event any more, leaves the
// others measured.
func TestOneQueueThatCannotBeStoredHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b, c, q := testkit.Bus(t), clock.NewManual(t0), &queues{}
	_, err := b.Publish(t.Context(), bus.Event{Subject: subject.QueueStat("care"), ID: "damaged", Body: &eventsv1.RulesStored{}})
	require.NoError(t, err)
	m := replica(t, b, q, c, zap.NewNop())
	q.set(queue.State{Queue: "care", Ready: 3}, queue.State{Queue: "vip", Ready: 2})
	m.Step(t.Context())
	e, known := m.known.Get("vip")
	require.True(t, known)
	require.EqualValues(t, 2, e.GetReady())
}
