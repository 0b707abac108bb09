package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// RequireReal is the environment variable that forbids to skip: with
// REQUIRE_REAL=1 a test that finds no server to run against fails.
const RequireReal = "REQUIRE_REAL"

var (
	sharedRedis = sync.OnceValues(func() (*RedisProcess, error) { return startRedis() })
	redisPrefix atomic.Uint64
)

// Redis returns a client of the one real redis-server that all tests of this
// binary share. Keep to keys under RedisPrefix; take RedisServer for a test
// that flushes, pauses or kills. Without a redis-server the test is skipped,
// or fails when REQUIRE_REAL=1.
func Redis(t testing.TB) *redis.Client {
	t.Helper()
	needRedis(t)
	server, err := sharedRedis()
	require.NoError(t, err, "start the shared redis-server")
	return server.Client(t)
}

// RedisPrefix returns a key prefix that no other test of this binary has.
func RedisPrefix(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("test-%d", redisPrefix.Add(1))
}

// RedisServer starts a redis-server of the test's own, which ends with it. It
// skips or fails as Redis does.
func RedisServer(t testing.TB) *RedisProcess {
	t.Helper()
	needRedis(t)
	server, err := startRedis()
	require.NoError(t, err, "start a redis-server")
	t.Cleanup(server.stop)
	return server
}

func needRedis(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	const advice = "no redis-server in PATH: install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)"
	if os.Getenv(RequireReal) == "1" {
		t.Fatal(advice)
	}
	t.Skip(advice + "; REQUIRE_REAL=1 makes this a failure")
}
