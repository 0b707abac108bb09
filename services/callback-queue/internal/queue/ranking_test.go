package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// under is a replica whose priority points are worth so much, with the index that it
// shares with those who think alike.
func (w *world) under(worth time.Duration, prefix string) *replica {
	policy := callback.DefaultPolicy()
	policy.AgeingPerPoint = worth
	x := redisindex.Under(w.redis, prefix, queue.Ranking(policy))
	r := w.replica(func(d *queue.Deps) { d.Policy, d.Index = policy, x })
	r.index = x
	return r
}

// Replicas that rank by other settings, as amid a rolling restart, have an index each:
// neither mixes ranks with the other's, nor undoes what the other has built.
func TestReplicasThatRankOtherwiseDoNotMix(t *testing.T) {
	t.Parallel()
	w := onRedis(t)
	prefix := testkit.RedisPrefix(t)
	const old, urgent, third, fourth = 1, 2, 3, 4
	before := w.under(6*time.Minute, prefix)
	before.ready()
	for n, a := range map[int]struct {
		age      time.Duration
		priority int
	}{old: {5 * time.Hour, 10}, urgent: {3 * time.Hour, 60}, third: {2 * time.Hour, 60}, fourth: {4 * time.Hour, 10}} {
		before.openWith(n, func(al *callback.Alert) {
			al.RaisedAt, al.Reason.Priority = t0.Add(-a.age), a.priority
		})
	}
	after := w.under(time.Minute, prefix)
	after.ready()

	before.got("amina", "1", id(urgent)) // 50 points weigh 5 hours
	after.got("bruno", "1", id(old))     // 50 points weigh 50 minutes
	before.got("amina", "2", id(third))
	after.got("bruno", "2", id(fourth))
	before.none("amina", "3")
	after.none("bruno", "3")
	for _, r := range []*replica{before, after} {
		require.Zero(t, r.restarts("index_lost"))
		require.Equal(t, 1, r.logs.FilterMessage("the index is complete").Len(), "built once")
	}

	// Those who think as the first find its index as it is.
	again := w.under(6*time.Minute, prefix)
	again.ready()
	require.Zero(t, again.logs.FilterMessage("histories checked").Len(), "nothing was read from the beginning")
}
