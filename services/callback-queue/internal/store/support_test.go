package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// bundle is a store on a server of its own.
type bundle struct {
	*testing.T
	bus     *bus.Bus
	store   *store.Store
	logs    *observer.ObservedLogs
	metrics *prometheus.Registry
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{T: t, bus: testkit.Bus(t), metrics: prometheus.NewRegistry()}
	core, logs := observer.New(zap.InfoLevel)
	m, err := store.NewMetrics(b.metrics)
	require.NoError(t, err)
	b.store, b.logs = store.New(b.bus, zap.New(core), m, 0), logs
	return b
}

// another is a second process's store on the same server.
func (b *bundle) another() *store.Store {
	b.Helper()
	m, err := store.NewMetrics(nil)
	require.NoError(b, err)
	return store.New(b.bus, zap.NewNop(), m, 0)
}

// customer is the n-th customer's key.
func customer(n int) string {
	return strings.Repeat("x", 24) + string([]byte{'a' + byte(n/26), 'a' + byte(n%26)})
}

func alert(k, id string) callback.TakeAlert {
	return callback.TakeAlert{Alert: callback.Alert{
		AlertID: id, Rule: "detractor", Revision: 1, CustomerKey: k, Queue: "care", RaisedAt: now,
		Reason: callback.Reason{ResponseID: "r-" + id, Priority: 50, Verbatim: "Livré en retard."},
	}}
}

// decide takes a decision on what the store loads.
func (b *bundle) decide(s *store.Store, k string, cmd callback.Command) callback.Event {
	b.Helper()
	a, err := s.Load(b.Context(), k)
	require.NoError(b, err)
	e, err := callback.DefaultPolicy().Decide(a, cmd, now)
	require.NoError(b, err)
	return e
}

func (b *bundle) commit(s *store.Store, k string, cmd callback.Command) callback.Aggregate {
	b.Helper()
	a, err := s.Commit(b.Context(), b.decide(s, k, cmd), "")
	require.NoError(b, err)
	return a
}

var (
	claim    = callback.Claim{AgentID: "amina", RequestID: "q-1"}
	start    = callback.StartAttempt{AgentID: "amina"}
	reached  = callback.EndAttempt{AgentID: "amina", Outcome: callback.Reached}
	complete = callback.Complete{AgentID: "amina", Outcome: callback.Resolved, RootCause: "late", Note: "refund"}
)

// follow reads until the stream is caught up with, and returns what came.
func (b *bundle) follow(s *store.Store, from uint64) []callback.Aggregate {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	var got []callback.Aggregate
	err := s.Follow(ctx, from,
		func(c queue.Change) error {
			a, err := c.Read()
			if err != nil {
				require.ErrorIs(b, err, queue.ErrUnreadable)
				return nil
			}
			require.Equal(b, queue.Change{Seq: a.Seq, CustomerKey: a.CustomerKey}, queue.Change{Seq: c.Seq, CustomerKey: c.CustomerKey})
			got = append(got, a)
			return nil
		},
		func() error { cancel(); return nil })
	require.ErrorIs(b, err, context.Canceled)
	return got
}

// gauge is the value of one metric without labels.
func (b *bundle) gauge(name string) float64 {
	b.Helper()
	families, err := b.metrics.Gather()
	require.NoError(b, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	b.Fatalf("no metric %s", name)
	return 0
}
