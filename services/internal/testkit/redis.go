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

// RequireReal is the environment variable that forbids imitations: with
// REQUIRE_REAL=1 a test that finds no real server to run against fails. With
// REQUIRE_REAL=0 none is looked for.
const RequireReal = "REQUIRE_REAL"

var (
	sharedRedis = sync.OnceValues(func() (*RedisProcess, error) { return startRedis() })
	redisPrefix atomic.Uint64
)

// sharedImitation lives as long as some test uses it: at the end of a test binary
// nothing may run.
var sharedImitation struct {
	sync.Mutex
	users   int
	process *RedisProcess
}

// Redis returns a client of the one redis-server that all tests of this binary
// share. Keep to keys under RedisPrefix; take RedisServer for a test that
// flushes, pauses or kills. Without a redis-server in PATH the test runs against
// an imitation in this process (miniredis), and says so; with REQUIRE_REAL=1 it
// fails.
func Redis(t testing.TB) *redis.Client {
	t.Helper()
	checkRedis(t)
	if !realRedis() {
		return shareImitation(t).Client(t)
	}
	server, err := sharedRedis()
	require.NoError(t, err, "start the shared redis-server")
	return server.Client(t)
}

func shareImitation(t testing.TB) *RedisProcess {
	t.Helper()
	s := &sharedImitation
	s.Lock()
	defer s.Unlock()
	if s.users == 0 {
		var err error
		s.process, err = imitateRedis()
		require.NoError(t, err, "start an imitation of Redis")
	}
	s.users++
	t.Cleanup(func() {
		s.Lock()
		defer s.Unlock()
		if s.users--; s.users == 0 {
			s.process.stop()
		}
	})
	return s.process
}

// RedisPrefix returns a key prefix that no other test of this binary has.
func RedisPrefix(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("test-%d", redisPrefix.Add(1))
}

// RedisServer starts a redis-server of the test's own, or an imitation, as Redis
// does. It ends with the test.
func RedisServer(t testing.TB) *RedisProcess {
	t.Helper()
	checkRedis(t)
	server, err := openRedis()
	require.NoError(t, err, "start a redis-server")
	t.Cleanup(server.stop)
	return server
}

// realRedis reports whether there is a redis-server, and none is forbidden.
var realRedis = sync.OnceValue(func() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil && os.Getenv(RequireReal) != "0"
})

const installRedis = "no redis-server in PATH: install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)"

// checkRedis says which Redis the test runs against when it is not a real one.
func checkRedis(t testing.TB) {
	t.Helper()
	switch {
	case realRedis():
	case os.Getenv(RequireReal) == "1":
		t.Fatal(installRedis)
	default:
		t.Log("against an imitation of Redis (miniredis): " + installRedis)
	}
}

// NeedRealRedis skips a test that no imitation serves; with REQUIRE_REAL=1 it
// fails where there is no redis-server.
func NeedRealRedis(t testing.TB) {
	t.Helper()
	checkRedis(t)
	if !realRedis() {
		t.Skip(installRedis + "; this test needs a real one")
	}
}

func openRedis() (*RedisProcess, error) {
	if realRedis() {
		return startRedis()
	}
	return imitateRedis()
}
