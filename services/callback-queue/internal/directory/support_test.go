package directory_test

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(patient{m}) }

// patient waits for the library's readers of streams that were deleted: one that
// looks for its stream sleeps up to 10 s before it hears that nobody needs it.
type patient struct{ *testing.M }

func (p patient) Run() int {
	code := p.M.Run()
	for range 20 { // each looks for a second or so
		if goleak.Find() == nil {
			break
		}
	}
	return code
}

const eventually = 30 * time.Second

var now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// bundle is a directory on a server of its own, which nobody follows yet.
type bundle struct {
	*testing.T
	*directory.Directory
	bus     *bus.Bus
	logs    *observer.ObservedLogs
	metrics *prometheus.Registry
	stop    func()
}

func setup(t *testing.T, declared ...*directory.Entry) *bundle {
	t.Helper()
	return on(t, testkit.Bus(t), declared...)
}

// on is a process's directory on a bus.
func on(t *testing.T, events *bus.Bus, declared ...*directory.Entry) *bundle {
	t.Helper()
	b := &bundle{T: t, bus: events, metrics: prometheus.NewRegistry()}
	core, logs := observer.New(zap.InfoLevel)
	m, err := directory.NewMetrics(b.metrics)
	require.NoError(t, err)
	b.logs = logs
	b.Directory = directory.New(directory.Deps{Bus: events, Log: zap.New(core), Metrics: m, Clock: clock.NewManual(now), Declared: declared})
	b.Hurry()
	return b
}

// follow begins to follow, until the test ends or stop is called.
func (b *bundle) follow() *bundle {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Follow(ctx) }()
	stopped := false
	b.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			require.NoError(b, err)
		case <-time.After(eventually):
			b.Error("following does not end")
		}
	}
	b.Cleanup(b.stop)
	return b
}

func (b *bundle) ready() *bundle {
	b.Helper()
	b.until("ready", func() bool { return b.Ready() == nil })
	return b
}

func (b *bundle) until(what string, ok func() bool) {
	b.Helper()
	require.Eventually(b, ok, eventually, time.Millisecond, what)
}

// ids are those of every agent, in the order of Entries.
func (b *bundle) ids() []string {
	ids := []string{}
	for _, e := range b.Entries() {
		ids = append(ids, e.Agent.ID)
	}
	return ids
}

func (b *bundle) untilThere(ids ...string) {
	b.Helper()
	b.until("there", func() bool {
		have := b.ids()
		if len(have) != len(ids) {
			return false
		}
		for i := range ids {
			if have[i] != ids[i] {
				return false
			}
		}
		return true
	})
}

func (b *bundle) create(a roster.Agent) *directory.Entry {
	b.Helper()
	e, err := b.Create(b.Context(), a, "sam")
	require.NoError(b, err)
	return e
}

// put stores an event behind the directory's back.
func (b *bundle) put(id string, last uint64, event *eventsv1.AgentEvent) {
	b.Helper()
	_, err := b.bus.PublishAt(b.Context(), bus.Event{Subject: subject.Agent(subject.AgentKeyOf(id)), ID: event.GetEventId(), Body: event}, last)
	require.NoError(b, err)
}

func created(a roster.Agent) *eventsv1.AgentEvent {
	return &eventsv1.AgentEvent{
		EventId: "e-" + a.ID, EventNo: 1, Type: eventsv1.AgentEvent_CREATED, OccurredAt: timestamppb.New(now), By: "alex", Agent: wire.Agent(a),
	}
}

// events reads everything that AGENTS holds.
func (b *bundle) events() []*eventsv1.AgentEvent {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), eventually)
	defer cancel()
	var all []*eventsv1.AgentEvent
	err := b.bus.Follow(ctx, bus.FollowOptions{Stream: subject.Agents}, func(d bus.Delivery) error {
		e := &eventsv1.AgentEvent{}
		all = append(all, e)
		return d.Decode(e)
	}, func() error { cancel(); return nil })
	require.ErrorIs(b, err, context.Canceled)
	return all
}

func amina() roster.Agent {
	return roster.Agent{
		ID: "amina", Skills: []callback.Skill{{Name: "billing", Level: 5}}, Languages: []string{"fr", "en"},
		Queues: []roster.QueuePreference{{Queue: "retention", Preference: 1}}, Capacity: 2, Team: "lille", Role: "senior", Zone: "Europe/Paris",
	}
}

func agent(id string) roster.Agent { return roster.Agent{ID: id, Capacity: 1} }

func (b *bundle) gauge(name, source string) float64 {
	b.Helper()
	families, err := b.metrics.Gather()
	require.NoError(b, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (source == "" || m.GetLabel()[0].GetValue() == source) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	b.Fatalf("no metric %s", name)
	return 0
}
