package redislimit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/access/redislimit"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limiters are all there are: what holds of one holds of each.
var limiters = map[string]func(*testing.T) access.Limiter{
	"memory": func(*testing.T) access.Limiter { return access.NewMemory(clock.System{}, 1000) },
	"redis": func(t *testing.T) access.Limiter {
		t.Helper()
		return redislimit.New(testkit.Redis(t), testkit.RedisPrefix(t))
	},
	"redis cluster": func(t *testing.T) access.Limiter {
		t.Helper()
		return redislimit.New(testkit.RedisCluster(t, 3), testkit.RedisPrefix(t))
	},
	"redis with memory beside": func(t *testing.T) access.Limiter {
		t.Helper()
		return access.NewFallback(redislimit.New(testkit.Redis(t), testkit.RedisPrefix(t)), refusing{}, time.Minute, clock.System{}, zap.NewNop())
	},
}

// refusing is a limiter that nobody shall ask.
type refusing struct{ access.Limiter }

func each(t *testing.T, story func(t *testing.T, take func(bucket string, l access.Limit, n int) time.Duration)) {
	t.Helper()
	for name, make := range limiters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := make(t)
			story(t, func(bucket string, limit access.Limit, n int) time.Duration {
				t.Helper()
				wait, err := l.Take(t.Context(), bucket, limit, n)
				require.NoError(t, err)
				return wait
			})
		})
	}
}

// slow rates change nothing while a test runs.
func slow(burst int) access.Limit { return access.Limit{Rate: 0.001, Burst: burst} }

func TestABucketIsFullAtFirstAndEachHasItsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, take func(string, access.Limit, int) time.Duration) {
		for _, burst := range []int{1, 3, 7, 10, 100, 1000, 1_000_000} {
			bucket := string(rune('a' + burst%26))
			require.Zero(t, take("whole:"+bucket, slow(burst), burst), "all of it at once: %d", burst)
			require.NotZero(t, take("whole:"+bucket, slow(burst), 1))
		}
		for range 5 {
			require.Zero(t, take("b", slow(5), 1))
		}
		require.NotZero(t, take("b", slow(5), 1))
		require.Zero(t, take("c", slow(5), 1))
	})
}

// At high rates the time between two answers is near what a float of seconds can tell.
func TestAFullBucketIsGivenWholeAtAnyRate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, take func(string, access.Limit, int) time.Duration) {
		for i, rate := range []float64{0.001, 0.3, 1, 7, 50, 999.9, 10_000, 100_000} {
			for j := range 20 {
				require.Zero(t, take(string(rune('a'+i))+string(rune('a'+j)), access.Limit{Rate: rate, Burst: 13}, 13), "%v", rate)
			}
		}
	})
}

func TestWhatIsRefusedTakesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, take func(string, access.Limit, int) time.Duration) {
		require.Zero(t, take("a", slow(10), 6))
		for range 10 {
			require.NotZero(t, take("a", slow(10), 5))
		}
		require.Zero(t, take("a", slow(10), 4))
	})
}

func TestTheWaitIsWhatItTakes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, take func(string, access.Limit, int) time.Duration) {
		l := access.Limit{Rate: 0.5, Burst: 10}
		require.Zero(t, take("a", l, 10))
		require.InDelta(t, 2, take("a", l, 1).Seconds(), 1)
		require.InDelta(t, 20, take("a", l, 10).Seconds(), 1)
		fast := access.Limit{Rate: 20, Burst: 10}
		require.Zero(t, take("b", fast, 10))
		require.Eventually(t, func() bool { return take("b", fast, 5) == 0 }, 10*time.Second, 5*time.Millisecond)
	})
}

func TestManyAtOnceGetNoMoreThanThereIs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, take func(string, access.Limit, int) time.Duration) {
		var granted atomic.Int32
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				for range 10 {
					if take("a", slow(40), 1) == 0 {
						granted.Add(1)
					}
				}
			})
		}
		callers.Wait()
		require.EqualValues(t, 40, granted.Load())
	})
}

func TestKeysBeginWithThePrefixAndEnd(t *testing.T) {
	t.Parallel()
	client, prefix := testkit.Redis(t), testkit.RedisPrefix(t)
	l := redislimit.New(client, prefix)
	_, err := l.Take(t.Context(), "key:shop", access.Limit{Rate: 1, Burst: 10}, 10)
	require.NoError(t, err)
	ttl, err := client.TTL(t.Context(), prefix+":collector:rate:key:shop").Result()
	require.NoError(t, err)
	require.Greater(t, ttl, time.Duration(0))
	require.LessOrEqual(t, ttl, 10*time.Second)
}

func TestCollectorsShareTheirLimits(t *testing.T) {
	t.Parallel()
	client, prefix := testkit.Redis(t), testkit.RedisPrefix(t)
	granted := 0
	for i := range 10 {
		wait, err := redislimit.New(client, prefix).Take(t.Context(), "a", slow(4), 1)
		require.NoError(t, err)
		if wait == 0 {
			granted++
		}
		require.Equal(t, min(i+1, 4), granted)
	}
}

// A server that is silent, or gone, costs a caller a moment and no answer; then it is
// asked again.
func TestARedisThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	testkit.NeedRealRedis(t)
	for name, away := range map[string]struct{ leave, come func(*testkit.RedisProcess) }{
		"it is silent": {func(p *testkit.RedisProcess) { p.Pause(t) }, func(p *testkit.RedisProcess) { p.Resume(t) }},
		"it is killed": {func(p *testkit.RedisProcess) { p.Kill(t) }, func(p *testkit.RedisProcess) { p.Restart(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testkit.RedisServer(t)
			options := *server.Client(t).Options()
			options.ContextTimeoutEnabled, options.DialerRetries = true, 1 // as host.OpenRedis has them
			client := redis.NewClient(&options)
			t.Cleanup(func() { _ = client.Close() })
			c := clock.NewManual(time.Now())
			core, logs := observer.New(zap.WarnLevel)
			f := access.NewFallback(redislimit.New(client, "p"), access.NewMemory(c, 10), 2*time.Second, c, zap.New(core))
			take := func() time.Duration {
				t.Helper()
				wait, err := f.Take(t.Context(), "a", slow(1), 1)
				require.NoError(t, err)
				return wait
			}
			require.Zero(t, take())
			require.NotZero(t, take())
			away.leave(server)
			before := time.Now()
			require.Zero(t, take(), "memory has a bucket of its own")
			require.Less(t, time.Since(before), 10*time.Second, "2 s, on a machine that has time")
			require.NotZero(t, take())
			require.Equal(t, 1, logs.Len())
			away.come(server)
			require.Eventually(t, func() bool {
				c.Advance(time.Second)
				logs.TakeAll()
				for range 62 { // past the minute of silence: a miss would be said
					c.Advance(time.Second)
				}
				take()
				return logs.Len() == 0
			}, 20*time.Second, 10*time.Millisecond, "it is asked again")
		})
	}
}
