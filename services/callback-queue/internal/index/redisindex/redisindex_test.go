package redisindex_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/indextest"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestIndex(t *testing.T) {
	t.Parallel()
	exercise(t, testkit.Redis(t))
}

func TestIndexOnACluster(t *testing.T) {
	t.Parallel()
	exercise(t, testkit.RedisCluster(t, 3))
}

func exercise(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	indextest.Exercise(t, func(t *testing.T) queue.Index {
		return redisindex.New(client, testkit.RedisPrefix(t))
	})
}

func BenchmarkIndexClaim(b *testing.B) {
	indextest.BenchmarkClaim(b, newIndex, 1_000, 400_000)
}

func BenchmarkApply(b *testing.B) {
	indextest.BenchmarkApply(b, newIndex, 100_000)
}

func newIndex(b *testing.B) queue.Index {
	return redisindex.New(testkit.Redis(b), testkit.RedisPrefix(b))
}
