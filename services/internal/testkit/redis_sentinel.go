package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// SentinelMaster is the name by which a RedisSentinel's sentinel knows its master.
const SentinelMaster = "main"

// Sentinel is a master, its replica and the sentinel that looks after them.
type Sentinel struct {
	// Addr is the sentinel's, HOST:PORT.
	Addr string
	// Master and Replica are the servers.
	Master, Replica *RedisProcess
}

// RedisSentinel starts two servers and a sentinel that puts the replica in the master's
// place within some two seconds of its death. It skips or fails as Redis does.
func RedisSentinel(t testing.TB) Sentinel {
	t.Helper()
	NeedRealRedis(t)
	ports := freePorts(t, 3)
	start := func(directives ...string) *RedisProcess {
		server, err := startRedis(append([]string{"--bind", "127.0.0.1"}, directives...)...)
		require.NoError(t, err, "start a redis-server")
		t.Cleanup(server.stop)
		return server
	}
	s := Sentinel{Addr: "127.0.0.1:" + ports[2]}
	s.Master = start("--port", ports[0])
	s.Replica = start("--port", ports[1], "--replicaof", "127.0.0.1 "+ports[0])

	dir, err := redisDir()
	require.NoError(t, err)
	watcher := &RedisProcess{Addr: filepath.Join(dir, "redis.sock"), dir: dir}
	file := filepath.Join(dir, "sentinel.conf") // the sentinel writes into it
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `bind 127.0.0.1
port %s
unixsocket %s
dir %s
sentinel monitor %s 127.0.0.1 %s 1
sentinel down-after-milliseconds %[4]s 500
sentinel failover-timeout %[4]s 3000
`, ports[2], watcher.Addr, dir, SentinelMaster, ports[0]), 0o600))
	watcher.arguments = []string{file, "--sentinel"}
	require.NoError(t, watcher.run(), "start a sentinel")
	t.Cleanup(watcher.stop)
	return s
}
