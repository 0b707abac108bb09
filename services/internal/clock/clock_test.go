package clock_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/clock"
)

var (
	_ clock.Clock = clock.System{}
	_ clock.Clock = (*clock.Manual)(nil)
)

func TestSystemTellsTheTimeInUTC(t *testing.T) {
	t.Parallel()
	before := time.Now()
	now := clock.System{}.Now()
	require.Equal(t, time.UTC, now.Location())
	require.False(t, now.Before(before.Truncate(0)))
}

func TestManualMovesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 29, 1, 30, 0, 0, time.FixedZone("here", 3600))
	c := clock.NewManual(start)
	require.Equal(t, time.UTC, c.Now().Location())
	require.True(t, start.Equal(c.Now()))
	first := c.Now()
	require.Equal(t, first, c.Now())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				c.Advance(time.Second)
			}
		})
	}
	wg.Wait()
	require.True(t, start.Add(800*time.Second).Equal(c.Now()))
	require.Equal(t, c.Advance(time.Hour), c.Now())
}

func TestEveryGoesOnUntilTheContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	clock.Every(ctx, time.Millisecond, func() {
		if n++; n == 3 {
			cancel()
		}
	})
	require.GreaterOrEqual(t, n, 3)
}
