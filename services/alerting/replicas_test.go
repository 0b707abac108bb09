package alerting_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/alerting/internal/delivery"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

const stormRoutes = `receivers:
  - {name: chat, slack: {url_env: CHAT_URL}}
routes:
  - {name: all, receivers: chat, group_by: theme, wait: 30s, interval: 1m, repeat: 1h}
`

// storm is answers that come to two replicas, on a clock that is moved by hand, while one of
// them is cut off at a random moment, again and again.
type storm struct {
	*stage
	r       *rand.Rand
	killed  int
	senders [2]*delivery.Deliveries

	mu   sync.Mutex
	sent map[string]int // how often each delivery was sent
}

// Send is the receiver, which takes everything and counts.
func (s *storm) Send(_ context.Context, j sender.Job) sender.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent[j.ID]++
	return sender.Outcome{Delivered: true}
}

// Show shows nothing.
func (s *storm) Show(sender.Job) (string, error) { return "", nil }

// begin starts a replica, which also sends what was decided.
func (s *storm) begin(n int) {
	r := s.replicas[n]
	s.start(r)
	d := delivery.New(s.t.Context(), delivery.Options{Bus: newBus(s.t, r.conn), Log: zap.NewNop(), Clock: s.clock, Sender: s})
	require.NoError(s.t, d.Use("notify.yaml", []receiver.Config{{
		Name: "chat", Kind: receiver.KindNATS, Language: "en", Zone: time.UTC, Timeout: time.Second, NATS: &receiver.NATS{Subject: "told.chat"},
	}}))
	ctx, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { _ = d.Follow(ctx) })
	c, err := newBus(s.t, r.conn).Consume(s.t.Context(), topology.Notifications, d.TakeNotification)
	require.NoError(s.t, err)
	s.senders[n] = d
	s.t.Cleanup(func() {
		cancel()
		_ = c.Stop(context.Background())
		_ = d.Stop(context.Background())
		tasks.Wait()
	})
}

// lastWords is how long a replica that was cut off may take to end by itself.
const lastWords = 5 * time.Second

// cutOff ends a replica in the middle of whatever it does: its connection is gone at once, and
// nothing that it wants to store arrives. Another one starts in its place.
func (s *storm) cutOff(n int) {
	r := s.replicas[n]
	r.conn.Close()
	s.killed++
	dead := r.service
	var ending sync.WaitGroup
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	ending.Go(func() { _ = dead.Stop(ctx) }) // it takes its time, and reaches nobody
	s.t.Cleanup(func() { ending.Wait(); cancel() })
	s.begin(n)
}

// Whatever dies when, each notification is decided once, nothing is told too soon, and what
// stands is told.
func TestReplicasThatAreCutOffTellOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := &storm{stage: &stage{
				t: t, server: testkit.Server(t), clock: clock.NewManual(begins), cfg: telling(),
				silences: map[string]string{}, answers: map[string]*eventsv1.ResponseScored{},
			}, r: rand.New(rand.NewPCG(seed, 1)), sent: map[string]int{}}
			s.bus = newBus(t, testkit.Connect(t, s.server))
			require.NoError(t, topology.Ensure(t.Context(), s.bus.JetStream(), topology.Options{}))
			dir := t.TempDir()
			s.cfg.RulesFile, s.cfg.NotifyFile = filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "notify.yaml")
			require.NoError(t, os.WriteFile(s.cfg.RulesFile, []byte(usualRules), 0o600))
			require.NoError(t, os.WriteFile(s.cfg.NotifyFile, []byte(stormRoutes), 0o600))
			for n := range 2 {
				s.replicas = append(s.replicas, &replica{})
				s.begin(n)
			}
			s.run()
			s.check()
			s.checkSent()
		})
	}
}

func (s *storm) run() {
	const themes = 12
	for range 25 {
		for range 10 {
			s.publish(s.r.IntN(themes))
		}
		// Both step at once, without waiting to hear of all; one of them is cut off somewhere.
		victim := s.r.IntN(2)
		cut := s.r.IntN(3) == 0
		var all sync.WaitGroup
		for n, r := range s.replicas {
			all.Go(func() {
				for range 5 {
					_ = r.service.Step(s.t.Context()) // it may be cut off
					s.senders[n].Step(s.clock.Now())
				}
			})
			if cut && n == victim {
				for range s.r.IntN(400_000) { // no time at all, or a little
					_ = s.clock.Now()
				}
				r.conn.Close()
			}
		}
		all.Wait()
		if cut {
			s.cutOff(victim)
		}
		s.clock.Advance(time.Duration(5+s.r.IntN(25)) * time.Second)
	}
	s.settleDown()
}

// publish is an answer about a theme.
func (s *storm) publish(theme int) {
	id := fmt.Sprint("r-", len(s.answers)+1)
	key := keyOf(id)
	e := scored(2)
	e.EventId = "s-" + id
	e.Received.EventId, e.Received.CustomerKey, e.Received.Response.Id = "e-"+id, key, id
	e.Score.Verbatims = []*eventsv1.VerbatimAnalysis{{Themes: []*eventsv1.ThemeFound{{Theme: fmt.Sprint("theme_", theme), Polarity: eventsv1.Sentiment_NEGATIVE}}}}
	s.answers[id] = e
	_, err := s.bus.Publish(s.ctx(), bus.Event{Subject: subject.Score("apres-livraison", "0af"), ID: e.EventId, Body: e})
	require.NoError(s.t, err)
}

// settleDown lets what is due be told, with nobody dying any more. What a replica that was
// cut off had in hand comes back when its time is over.
func (s *storm) settleDown() {
	for range 3 {
		s.turn()
		s.clock.Advance(90 * time.Second)
	}
	s.turn()
}

// checkSent has everything sent that was decided, and checks how often each was.
func (s *storm) checkSent() {
	decided := int(s.last(subject.Notifications))
	testkit.Handled(s.t, s.bus, topology.Notifications)
	count := func() (total int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, n := range s.sent {
			total += n
		}
		return total
	}
	require.Eventually(s.t, func() bool {
		s.clock.Advance(time.Minute) // leases of the dead end
		for _, d := range s.senders {
			d.Step(s.clock.Now())
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.sent) == decided
	}, time.Minute, 10*time.Millisecond)
	for _, d := range s.senders {
		d.Wait() // what another has sent may be sent again
	}
	s.t.Logf("%d notifications were sent %d times", decided, count())
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.sent {
		require.LessOrEqual(s.t, n, 1+s.killed, "%s was sent more often than replicas died", id)
	}
}

// check reads all that was decided.
func (s *storm) check() {
	last := map[string]*eventsv1.GroupNotified{}
	knows := map[string]bool{}
	for seq := uint64(1); seq <= s.last(subject.Notifications); seq++ {
		d, err := s.bus.At(s.ctx(), subject.Notifications, seq)
		require.NoError(s.t, err)
		e := &eventsv1.GroupNotified{}
		require.NoError(s.t, d.Decode(e))
		key, was := e.GetGroup().GetKey(), last[e.GetGroup().GetKey()]
		require.Equal(s.t, was.GetGroup().GetNumber()+1, e.GetGroup().GetNumber(), "each number once, and none left out")
		if was != nil {
			require.GreaterOrEqual(s.t, e.GetGroup().GetNotifiedAt().AsTime().Sub(was.GetGroup().GetNotifiedAt().AsTime()), time.Minute)
		}
		require.NotEqual(s.t, eventsv1.Notification_RESOLVED, e.GetNotification().GetKind(), "nothing has ended")
		fresh := 0
		for _, entry := range e.GetGroup().GetFiring() {
			if !knows[key+" "+entry] {
				fresh++
			}
			knows[key+" "+entry] = true
		}
		if e.GetNotification().GetKind() == eventsv1.Notification_NEW {
			require.Positive(s.t, fresh, "it is news")
		}
		last[key] = e
	}
	require.Len(s.t, knows, len(s.answers), "everybody who answered is told of, once")
	ids := map[string]bool{}
	for entry := range knows {
		ids[plan.AlertID(entry)] = true
	}
	require.Len(s.t, ids, len(s.answers))
	s.t.Logf("%d answers, %d notifications, cut off %d times", len(s.answers), s.last(subject.Notifications), s.killed)
	require.Positive(s.t, s.killed)
}

// A service tells on its own, by the machine's clock.
func TestTheServiceTellsByItself(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	cfg := withRules(t, usualRules)
	cfg.NotifyFile = filepath.Join(t.TempDir(), "notify.yaml")
	require.NoError(t, os.WriteFile(cfg.NotifyFile, []byte("receivers: [{name: chat, slack: {url_env: A}}]\nroutes: [{name: all, receivers: chat, wait: 0s}]\n"), 0o600))
	metrics := prometheus.NewRegistry()
	s, err := alerting.New(cfg, alerting.Deps{Bus: b, RPC: newRPC(t), Metrics: metrics})
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	answer := scored(2)
	answer.Received.ReceivedAt = timestamppb.Now()
	bundle{bus: b}.put(t, "m-1", answer)
	require.Eventually(t, func() bool { return len(stored(t, b, subject.Notifications)) == 1 }, 30*time.Second, 10*time.Millisecond)
	e := &eventsv1.GroupNotified{}
	require.NoError(t, stored(t, b, subject.Notifications)[0].Decode(e))
	require.Equal(t, []string{"chat"}, e.GetReceivers())
	require.Len(t, e.GetNotification().GetFiring(), 1)

	cfg.NotifyFile = filepath.Join(t.TempDir(), "wrong.yaml")
	require.NoError(t, os.WriteFile(cfg.NotifyFile, []byte("routes: [{}]"), 0o600))
	_, err = alerting.New(cfg, alerting.Deps{Bus: b, RPC: newRPC(t)})
	require.ErrorContains(t, err, "wrong.yaml:1: receivers: is required")
}
