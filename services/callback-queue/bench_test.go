package callbackqueue_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// agentsAtOnce is how many claim at the same time.
const agentsAtOnce = 32

// BenchmarkClaim measures a claim from the question to the answer, when it is on
// disk: through the queue, and beside it through a bare program that does the
// same and no more: reserve the lowest of a heap or a sorted set, store as many
// bytes by compare-and-set, wait for the same barrier, drop the reservation.
// Each has a durable store of its own with the same backlog. A claim's speed must
// not depend on the backlog.
func BenchmarkClaim(b *testing.B) {
	contenders := []struct {
		name string
		new  func(*testing.B, *site) contender
	}{{"queue", newQueue}, {"bare", newBare}}
	for _, kind := range []string{"memory", "redis"} {
		backlogs := []int{1_000, 400_000}
		if testing.Short() {
			backlogs = backlogs[:1]
		}
		for _, backlog := range backlogs {
			for _, who := range contenders {
				name := fmt.Sprintf("%s/%d/%s", kind, backlog, who.name)
				b.Run(name, func(b *testing.B) {
					c := who.new(b, newSite(b, kind, backlog))
					b.Run("claims", func(b *testing.B) { measure(b, backlog, c) })
				})
			}
		}
	}
}

// contender claims callbacks, and opens more.
type contender interface {
	open(b *testing.B, n int)
	claim(ctx context.Context, agent string) error
}

// measure claims b.N callbacks, agentsAtOnce at a time. What is claimed is opened
// anew, which is not measured: the backlog is never less than half of what it
// should be.
func measure(b *testing.B, backlog int, c contender) {
	b.StopTimer()
	took := make([]time.Duration, b.N)
	var working time.Duration
	for done := 0; done < b.N; {
		n := min(b.N-done, backlog/2)
		start := time.Now()
		b.StartTimer()
		claimRound(b, c, took[done:done+n])
		b.StopTimer()
		working += time.Since(start)
		done += n
		c.open(b, n)
	}
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/working.Seconds(), "claims/s")
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
}

// agents names agents: in life one holds a few callbacks, and not thousands.
var agents atomic.Int64

func claimRound(b *testing.B, c contender, took []time.Duration) {
	var next atomic.Int64
	var working sync.WaitGroup
	for range agentsAtOnce {
		working.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(took); i = int(next.Add(1)) - 1 {
				agent := fmt.Sprintf("agent-%d", agents.Add(1)/4)
				start := time.Now()
				if err := c.claim(context.Background(), agent); err != nil {
					b.Errorf("claim: %v", err)
					return
				}
				took[i] = time.Since(start)
			}
		})
	}
	working.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// site is a durable store with open callbacks, and perhaps a Redis.
type site struct {
	bus    *bus.Bus
	redis  *redis.Client // nil for an index in memory
	opened int           // customers so far
	at     []place       // where each one's callback was opened
}

// place is one callback as the bare program knows it.
type place struct {
	subject string
	seq     uint64
	rank    int64
}

func newSite(b *testing.B, kind string, backlog int) *site {
	b.Helper()
	server, err := embednats.Start(embednats.Config{Dir: b.TempDir()}, zap.NewNop())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, server.Shutdown(context.Background())) })
	events, err := bus.New(testkit.Connect(b, server), bus.Options{Barrier: server.Barrier()})
	require.NoError(b, err)
	require.NoError(b, topology.Ensure(b.Context(), events.JetStream(), topology.Options{}))
	s := &site{bus: events}
	if kind == "redis" {
		s.redis = testkit.RedisServer(b).Client(b)
	}
	s.open(b, backlog)
	return s
}

// began is about when callbacks are opened: long before, what is promised would be
// broken by now, and deadlines be worked off beside what is measured.
var began = time.Now()

// customerAlert is the n-th customer's; ranks and sequences are in no relation.
func customerAlert(n int) callback.Alert {
	return callback.Alert{
		AlertID: fmt.Sprintf("a-%d", n), Rule: "detractor", Revision: 1, CustomerKey: key(n), Queue: "care",
		RaisedAt: began.Add(-time.Duration(n*7919%1_000_003) * time.Millisecond),
		Customer: callback.Customer{ID: fmt.Sprint(n), Name: "Camille Exemple", Phone: "+33639981234", Language: "fr"},
		Reason: callback.Reason{
			Survey: "apres-livraison", ResponseID: fmt.Sprint(n), Metric: callback.NPS, Class: callback.Detractor,
			Value: 2, HasValue: true, Satisfaction: 20, Scale: callback.Scale{Max: 10}, Priority: 50,
			Verbatim: "Livré en retard, et personne au téléphone pour me dire où en était le colis.",
			Channel:  "email", Touchpoint: "delivery", SubmittedAt: began,
		},
	}
}

// decided is the event of a command, with what is published of it.
func decided(a callback.Aggregate, cmd callback.Command) (callback.Event, bus.Event, error) {
	e, err := callback.DefaultPolicy().Decide(a, cmd, began)
	if err != nil {
		return e, bus.Event{}, err
	}
	k := a.CustomerKey
	m := wire.Event(e, fmt.Sprintf("%s-%d", k, e.Next.EventNo))
	body, err := proto.Marshal(m)
	return e, bus.Event{Subject: subject.Callback(subject.BucketOf(k), k), ID: m.GetEventId(), Body: m, Encoded: body}, err
}

// open opens n more callbacks in the stream.
func (s *site) open(b *testing.B, n int) {
	b.Helper()
	s.at = append(s.at, make([]place, n)...)
	s.spread(b, n, func(i int) error {
		e, m, err := decided(callback.NewAggregate(key(i)), callback.TakeAlert{Alert: customerAlert(i)})
		if err != nil {
			return err
		}
		r, err := s.bus.Append(b.Context(), m)
		s.at[i] = place{subject: m.Subject, seq: r.Sequence, rank: callback.DefaultPolicy().Rank(e.Next.Callback)}
		return err
	})
	require.NoError(b, s.bus.Durable(b.Context()))
}

// spread calls f for the next n customers, many at once.
func (s *site) spread(b *testing.B, n int, f func(i int) error) {
	b.Helper()
	var next atomic.Int64
	next.Store(int64(s.opened))
	s.opened += n
	var writers sync.WaitGroup
	for range 128 {
		writers.Go(func() {
			for i := int(next.Add(1)) - 1; i < s.opened; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					b.Errorf("open: %v", err)
					return
				}
			}
		})
	}
	writers.Wait()
	if b.Failed() {
		b.FailNow()
	}
}
