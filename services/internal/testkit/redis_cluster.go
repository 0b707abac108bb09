package testkit

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// redisSlots is how many hash slots a Redis Cluster has.
const redisSlots = 16384

// RedisCluster starts a Redis Cluster of masters that share the slots evenly,
// on loopback ports, and returns a client of it. Both end with the test. It
// skips or fails as Redis does.
func RedisCluster(t testing.TB, masters int) *redis.ClusterClient {
	t.Helper()
	NeedRealRedis(t)
	ports := freePorts(t, 2*masters)
	addresses := make([]string, masters)
	nodes := make([]*redis.Client, masters)
	for i := range masters {
		port, bus := ports[2*i], ports[2*i+1]
		server, err := startRedis("--bind", "127.0.0.1", "--port", port,
			"--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "5000")
		require.NoError(t, err, "start a cluster node")
		t.Cleanup(server.stop)
		addresses[i], nodes[i] = "127.0.0.1:"+port, server.Client(t)
		meet := []any{"cluster", "meet", "127.0.0.1", ports[0], ports[1]}
		require.NoError(t, nodes[i].Do(t.Context(), meet...).Err())
		first, last := i*redisSlots/masters, (i+1)*redisSlots/masters-1
		require.NoError(t, nodes[i].ClusterAddSlotsRange(t.Context(), first, last).Err())
	}
	for _, node := range nodes {
		awaitCluster(t, node, masters)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addresses})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// awaitCluster waits until the node knows all others and serves all slots.
func awaitCluster(t testing.TB, node *redis.Client, masters int) {
	t.Helper()
	known := fmt.Sprintf("cluster_known_nodes:%d\r", masters)
	ready := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		info, err := node.ClusterInfo(ctx).Result()
		return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, known)
	}
	require.Eventually(t, ready, 30*time.Second, 20*time.Millisecond, "the cluster forms")
}

// freePorts returns loopback ports that nobody listened on a moment ago.
func freePorts(t testing.TB, count int) []string {
	t.Helper()
	ports := make([]string, count)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		ports[i] = strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}
