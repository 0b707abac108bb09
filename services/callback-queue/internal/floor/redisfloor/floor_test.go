package redisfloor_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor/floortest"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor/redisfloor"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFloor(t *testing.T) {
	t.Parallel()
	exercise(t, testkit.Redis(t))
}

func TestFloorOnACluster(t *testing.T) {
	t.Parallel()
	exercise(t, testkit.RedisCluster(t, 3))
}

func exercise(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	floortest.Exercise(t, func(t *testing.T) floor.Floor { return redisfloor.New(client, testkit.RedisPrefix(t)) })
}

// A seat that Redis damaged is an error, never an agent of another shape.
func TestADamagedSeatIsAnError(t *testing.T) {
	t.Parallel()
	client, prefix := testkit.Redis(t), testkit.RedisPrefix(t)
	f := redisfloor.New(client, prefix)
	for _, text := range []string{"", "s1 1 1", "s1 x 1 0 0 0 0 0", "%zz 1 1 0 0 0 0 0"} {
		require.NoError(t, client.HSet(t.Context(), prefix+":1:{%floor}:seats", "amina", text).Err())
		_, err := f.Seats(t.Context())
		require.Error(t, err, text)
		_, _, err = f.Seat(t.Context(), "amina")
		require.Error(t, err, text)
	}
}
