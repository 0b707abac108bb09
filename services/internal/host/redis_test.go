package host_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// openRedis opens what a configuration says.
func openRedis(t *testing.T, cfg host.RedisConfig) redis.UniversalClient {
	t.Helper()
	require.NoError(t, cfg.Validate())
	p := newProcess()
	c, err := host.OpenRedis(p, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Stop()) })
	return c
}

// keeps wants the server to keep what it is told.
func keeps(t *testing.T, c redis.UniversalClient) {
	t.Helper()
	for _, key := range []string{"a", "b", "c", "d"} { // in a cluster, on several nodes
		require.NoError(t, c.Set(t.Context(), key, key, 0).Err())
		require.Equal(t, key, c.Get(t.Context(), key).Val())
	}
}

// A plain client of a cluster's one address is told MOVED by it.
func TestRedisIsAClusterBehindOneAddress(t *testing.T) {
	t.Parallel()
	nodes := testkit.RedisCluster(t, 3)
	one := nodes.Options().Addrs[:1]
	c := openRedis(t, host.RedisConfig{Addrs: one, Cluster: true})
	keeps(t, c)
	require.IsType(t, &redis.ClusterClient{}, c)
	plain := openRedis(t, host.RedisConfig{Addrs: one})
	moved := 0
	for _, key := range []string{"a", "b", "c", "d"} {
		if plain.Get(t.Context(), key).Err() != nil {
			moved++
		}
	}
	require.NotZero(t, moved)
	keeps(t, openRedis(t, host.RedisConfig{Addrs: nodes.Options().Addrs}))
}

func TestRedisIsAClusterOfOneNode(t *testing.T) {
	t.Parallel()
	keeps(t, openRedis(t, host.RedisConfig{Addrs: testkit.RedisCluster(t, 1).Options().Addrs, Cluster: true}))
}

func TestRedisIsFoundBySentinels(t *testing.T) {
	t.Parallel()
	s := testkit.RedisSentinel(t)
	c := openRedis(t, host.RedisConfig{Addrs: []string{s.Addr}, Sentinel: host.RedisSentinel{Master: testkit.SentinelMaster}})
	keeps(t, c)
	require.Equal(t, "a", s.Master.Client(t).Get(t.Context(), "a").Val())
	replica := s.Replica.Client(t)
	require.Eventually(t, func() bool { return replica.Get(t.Context(), "d").Val() == "d" }, 20*time.Second, 20*time.Millisecond)

	s.Master.Kill(t)
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return c.Set(ctx, "e", "e", 0).Err() == nil
	}, 30*time.Second, 50*time.Millisecond, "the replica takes over")
	require.Equal(t, "e", replica.Get(t.Context(), "e").Val())
	require.Equal(t, "a", c.Get(t.Context(), "a").Val())
}

func TestRedisIsReachedByTLS(t *testing.T) {
	t.Parallel()
	addr, cert, key := testkit.RedisTLS(t)
	keeps(t, openRedis(t, host.RedisConfig{Addrs: []string{addr}, TLS: host.RedisTLS{Enabled: true, CAFile: cert, CertFile: cert, KeyFile: key}}))
	for name, cfg := range map[string]host.RedisTLS{
		"in clear":               {},
		"without a certificate":  {Enabled: true, CAFile: cert},
		"of whom nobody vouches": {Enabled: true, CertFile: cert, KeyFile: key},
		"under another name":     {Enabled: true, CAFile: cert, CertFile: cert, KeyFile: key, ServerName: "redis.example"},
	} {
		require.Error(t, openRedis(t, host.RedisConfig{Addrs: []string{addr}, TLS: cfg}).Ping(t.Context()).Err(), name)
	}
}

func TestARedisConfigurationNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	require.NoError(t, host.DefaultRedisConfig().Validate())
	for want, cfg := range map[string]host.RedisConfig{
		"exclude each other":       {Addrs: []string{"a:1"}, Cluster: true, Sentinel: host.RedisSentinel{Master: "m"}},
		"redis.addrs is required":  {Sentinel: host.RedisSentinel{Master: "m"}},
		"redis.prefix":             {Prefix: "a{b}"},
		"redis.tls.ca_file":        {Addrs: []string{"a:1"}, TLS: host.RedisTLS{Enabled: true, CAFile: "/nowhere"}},
		"redis.tls.cert_file":      {Addrs: []string{"a:1"}, TLS: host.RedisTLS{Enabled: true, KeyFile: "/nowhere"}},
		"redis.tls.enabled must":   {Addrs: []string{"a:1"}, TLS: host.RedisTLS{CAFile: "/nowhere"}},
		"redis_test.go has no cer": {Addrs: []string{"a:1"}, TLS: host.RedisTLS{Enabled: true, CAFile: "redis_test.go"}},
	} {
		require.ErrorContains(t, cfg.Validate(), want)
	}
	_, err := host.OpenRedis(newProcess(), host.RedisConfig{TLS: host.RedisTLS{Enabled: true, CAFile: "/nowhere"}})
	require.ErrorContains(t, err, "redis.tls.ca_file")
}
