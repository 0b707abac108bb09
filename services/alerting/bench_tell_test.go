package alerting_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/alerting/internal/delivery"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

const morningRoutes = `receivers: [{name: hook, slack: {url_env: CHAT_URL}}]
routes: [{name: all, receivers: hook, group_by: customer, wait: 30s}]
`

// commitsAtOnce is how many notifications a process commits at once.
const commitsAtOnce = 64

// BenchmarkTell is a morning on which many groups are due at the same moment: first one
// process decides whom to tell and stores it, then it brings all of it to one webhook, four at
// a time. Each decision, and each try before and after it, is on disk first. raw is as many
// events of the same size, stored by as many hands.
func BenchmarkTell(b *testing.B) {
	groups := 10_000
	if testing.Short() {
		groups = 50
	}
	m := begun(b, groups)
	for _, one := range []struct {
		name string
		deal func()
	}{{"decided", m.decide}, {"brought", m.bring}, {"raw", m.raw}} {
		began := time.Now()
		one.deal()
		rate := float64(groups) / time.Since(began).Seconds() // it can be done once only
		b.Run(one.name, func(b *testing.B) { b.ReportMetric(rate, "notifications/s") })
	}
}

type morning struct {
	b       *testing.B
	bus     *bus.Bus
	clock   *clock.Manual
	service *alerting.Service
	groups  int
}

// begun is a service that knows of an alert of each of many customers, of which nobody was told.
func begun(b *testing.B, groups int) *morning {
	b.Helper()
	m := &morning{b: b, bus: testkit.Bus(b), clock: clock.NewManual(begins), groups: groups}
	cfg := alerting.DefaultConfig()
	dir := b.TempDir()
	cfg.RulesFile, cfg.NotifyFile = filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "notify.yaml")
	require.NoError(b, os.WriteFile(cfg.RulesFile, []byte(usualRules), 0o600))
	require.NoError(b, os.WriteFile(cfg.NotifyFile, []byte(morningRoutes), 0o600))
	server := rpc.New(rpc.Options{})
	var err error
	m.service, err = alerting.NewByHand(cfg, alerting.Deps{Bus: m.bus, Clock: m.clock, RPC: server})
	require.NoError(b, err)
	require.NoError(b, m.service.Start(b.Context()))
	b.Cleanup(func() {
		require.NoError(b, m.service.Stop(context.Background()))
		require.NoError(b, server.Close())
	})
	m.store(func(i int) bus.Event {
		e := scored(2)
		e.EventId, e.Received.CustomerKey, e.Received.Response.Id = fmt.Sprint("s-", i), customerKey(i), fmt.Sprint("r-", i)
		return bus.Event{Subject: subject.Score("s", "0af"), ID: e.GetEventId(), Body: e}
	})
	for _, c := range []topology.Consumer{topology.Alerting, topology.AlertStates} {
		m.until(func() bool { return m.left(c) == 0 })
	}
	require.NoError(b, m.service.Settle(b.Context()))
	m.clock.Advance(time.Minute)
	return m
}

// left is how much a consumer has not handled.
func (m *morning) left(c topology.Consumer) uint64 {
	s, err := m.bus.JetStream().Stream(m.b.Context(), c.Stream)
	require.NoError(m.b, err)
	consumer, err := m.bus.JetStream().Consumer(m.b.Context(), c.Stream, c.Durable)
	require.NoError(m.b, err)
	info, err := consumer.Info(m.b.Context())
	require.NoError(m.b, err)
	return s.CachedInfo().State.LastSeq - info.AckFloor.Stream
}

func (m *morning) until(done func() bool) {
	require.Eventually(m.b, done, 5*time.Minute, 5*time.Millisecond)
}

// store appends as many events as there are groups, by as many hands as decide.
func (m *morning) store(event func(i int) bus.Event) {
	var next atomic.Int64
	var storing sync.WaitGroup
	for range commitsAtOnce {
		storing.Go(func() {
			for i := int(next.Add(1)) - 1; i < m.groups; i = int(next.Add(1)) - 1 {
				if _, err := m.bus.Publish(m.b.Context(), event(i)); err != nil {
					m.b.Error(err)
					return
				}
			}
		})
	}
	storing.Wait()
}

func (m *morning) decide() {
	require.NoError(m.b, m.service.Step(m.b.Context()))
	s, err := m.bus.JetStream().Stream(m.b.Context(), subject.Notifications)
	require.NoError(m.b, err)
	require.EqualValues(m.b, m.groups, s.CachedInfo().State.LastSeq)
}

func (m *morning) bring() {
	var told atomic.Int64
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told.Add(1) }))
	defer hook.Close()
	m.b.Setenv("CHAT_URL", hook.URL)
	own := sender.New(sender.Options{AllowPrivate: true})
	defer own.Close()
	d := delivery.New(m.b.Context(), delivery.Options{Bus: m.bus, Log: zap.NewNop(), Clock: m.clock, Sender: own, Settings: receiver.Settings{AllowPrivate: true}})
	require.NoError(m.b, d.Use("notify.yaml", []receiver.Config{{
		Name: "hook", Kind: receiver.KindSlack, Language: "en", Zone: time.UTC, Timeout: 10 * time.Second,
		Hook: &receiver.Hook{Address: receiver.Secret{Env: "CHAT_URL"}},
	}}))
	ctx, cancel := context.WithCancel(m.b.Context())
	var tasks sync.WaitGroup
	tasks.Go(func() { _ = d.Follow(ctx) })
	tasks.Go(func() { _ = d.Run(ctx) })
	c, err := m.bus.Consume(ctx, topology.Notifications, d.TakeNotification)
	require.NoError(m.b, err)
	m.until(func() bool { return int(told.Load()) == m.groups })
	require.NoError(m.b, c.Stop(context.Background()))
	require.NoError(m.b, d.Stop(context.Background()))
	cancel()
	tasks.Wait()
}

func (m *morning) raw() {
	d, err := m.bus.At(m.b.Context(), subject.Notifications, 1)
	require.NoError(m.b, err)
	m.store(func(i int) bus.Event {
		return bus.Event{Subject: subject.Notification(fmt.Sprint("raw-", i)), ID: fmt.Sprint("raw-", i), Body: &eventsv1.GroupNotified{}, Encoded: d.Data}
	})
}
