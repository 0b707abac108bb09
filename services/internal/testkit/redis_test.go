package testkit_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestRedisIsSharedAndPrefixesAreNot(t *testing.T) {
	t.Parallel()
	prefix := testkit.RedisPrefix(t)
	require.NotEqual(t, prefix, testkit.RedisPrefix(t))
	require.NoError(t, testkit.Redis(t).Set(t.Context(), prefix, "1", 0).Err())
	require.Equal(t, "1", testkit.Redis(t).Get(t.Context(), prefix).Val())
}

func TestRedisServerPausesAndGoesOn(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	client := server.Client(t)
	require.NoError(t, client.Set(t.Context(), "key", "1", 0).Err())

	server.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Error(t, client.Get(ctx, "key").Err())

	server.Resume(t)
	require.Equal(t, "1", client.Get(t.Context(), "key").Val())
}

func TestRedisServerRestartsEmpty(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	client := server.Client(t)
	require.NoError(t, client.Set(t.Context(), "key", "1", 0).Err())

	server.Kill(t)
	require.Error(t, client.Ping(t.Context()).Err())

	server.Restart(t)
	exists, err := client.Exists(t.Context(), "key").Result()
	require.NoError(t, err)
	require.Zero(t, exists)
}

func TestRedisClusterServesEverySlot(t *testing.T) {
	t.Parallel()
	client := testkit.RedisCluster(t, 3)
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		require.NoError(t, client.Set(t.Context(), key, "1", 0).Err())
	}
}
