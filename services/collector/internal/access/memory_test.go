package access_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

var one = access.Limit{Rate: 1, Burst: 1}

func take(t *testing.T, l access.Limiter, bucket string) time.Duration {
	t.Helper()
	wait, err := l.Take(t.Context(), bucket, one, 1)
	require.NoError(t, err)
	return wait
}

func TestOfTooManyBucketsTheLongestIdleIsForgotten(t *testing.T) {
	t.Parallel()
	m := access.NewMemory(clock.NewManual(noon), 3)
	for i := range 3 {
		require.Zero(t, take(t, m, fmt.Sprint(i)))
	}
	require.NotZero(t, take(t, m, "0"), "it is used again")
	require.Zero(t, take(t, m, "3"))
	require.NotZero(t, take(t, m, "0"))
	require.NotZero(t, take(t, m, "2"))
	require.Zero(t, take(t, m, "1"), "it was forgotten")
}

func TestWithoutTheSharedLimitsTheOwnCount(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]bool{"it says so": false, "it hangs": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(noon)
			core, logs := observer.New(zap.DebugLevel)
			shared := &failing{Limiter: access.NewMemory(c, 10), hangs: hangs}
			f := access.NewFallback(shared, access.NewMemory(c, 10), access.Patience, c, zap.New(core))
			require.Zero(t, take(t, f, "a"))
			require.Equal(t, time.Second, take(t, f, "a"), "what the shared ones say is the answer")
			shared.down.Store(true)
			require.Zero(t, take(t, f, "a"), "the own bucket is full")
			require.NotZero(t, take(t, f, "a"))
			require.EqualValues(t, 3, shared.asked.Load(), "they are left alone for a while")
			for range 59 {
				c.Advance(time.Second)
				take(t, f, "a")
			}
			require.Equal(t, 1, logs.Len(), "it is said once a minute")
			c.Advance(time.Second)
			take(t, f, "a")
			require.Equal(t, 2, logs.Len())
			shared.down.Store(false)
			c.Advance(time.Second)
			asked := shared.asked.Load()
			take(t, f, "a")
			take(t, f, "a")
			require.Equal(t, asked+2, shared.asked.Load(), "they are asked again")
		})
	}
}
