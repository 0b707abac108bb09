package queue_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// onCluster is a world on three NATS nodes, with a shared Redis, and the node
// that leads CALLBACKS. Its own bus is of a client of another.
func onCluster(t *testing.T) (*world, *testkit.Cluster, int) {
	t.Helper()
	c := testkit.NATSCluster(t)
	leader := c.Leader(t, subject.Callbacks)
	hand := clock.NewManual(t0)
	w := &world{T: t, bus: c.Bus(t, c.Others(leader)[0]), clock: hand, hand: hand, redis: testkit.Redis(t)}
	prefix := testkit.RedisPrefix(t)
	w.index = func() queue.Index { return redisindex.New(w.redis, prefix) }
	return w, c, leader
}

// Two replicas at two nodes share a Redis; the leader of CALLBACKS is lost while
// agents claim, and comes back. What the agents see is what one callback, one
// holder would look like, and in the end every callback can still be had.
func TestNoCallbackIsHeldByTwoOrLostWhileTheLeaderIs(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	const customers, agents = 120, 8
	w, c, leader := onCluster(t)
	f := newFloor(w, customers, 1, calm)
	f.patient = true
	there := *w
	there.bus = c.Bus(t, c.Others(leader)[1])
	f.replicas = append(f.replicas, there.replica().ready())

	step := make(chan func(), 2)
	step <- func() { c.Stop(t, leader) }
	step <- func() { c.Start(t, leader) }
	f.work(agents, max(12*time.Second, duration()), func() {
		select {
		case next := <-step:
			next()
			c.Leader(t, subject.Callbacks)
		default:
		}
	})
	require.Empty(t, step, "the leader was stopped and came back")
	c.AwaitHealthy(t)
	require.Equal(t, porcupine.Ok, f.check(), "%s", f)
	f.requestsGotOne()
	w.inLine()
	f.nothingIsLost(customers)
}

// nothingIsLost finds every customer's last callback in the stream, open or
// closed, and lets one agent claim all that nobody holds.
func (f *shift) nothingIsLost(customers int) {
	f.Helper()
	last := map[string]callback.State{}
	for _, a := range f.world.history() {
		last[a.CustomerKey] = a.Callback.State
	}
	require.Len(f, last, customers)
	free := 0
	for _, state := range last {
		if state == callback.Pending {
			free++
		}
	}
	got := map[string]bool{}
	for range free {
		cb, err := f.replicas[1].claim("zoe", "z-"+string(rune('a'+len(got)/26))+string(rune('a'+len(got)%26)))
		require.NoError(f, err, "%d of %d were claimed", len(got), free)
		require.Equal(f, callback.Pending, last[cb.CustomerKey])
		got[cb.ID] = true
	}
	require.Len(f, slices.Collect(maps.Keys(got)), free)
	f.replicas[0].none("zoe", "one more")
}
