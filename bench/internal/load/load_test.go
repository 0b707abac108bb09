package load_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/bench/internal/load"
)

const bound = 10 * time.Second

func TestSpreadDoesEachOnce(t *testing.T) {
	t.Parallel()
	var seen [100]atomic.Int32
	done, err := load.Spread(t.Context(), 7, load.Bound{Jobs: len(seen), For: bound}, func(_ context.Context, _, i int) error {
		seen[i].Add(1)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(seen), done.Jobs)
	for i := range seen {
		require.Equal(t, int32(1), seen[i].Load(), "job %d", i)
	}
}

func TestSpreadEndsWithTheTime(t *testing.T) {
	t.Parallel()
	const enough = 20 * time.Millisecond
	var n atomic.Int64
	done, err := load.Spread(t.Context(), 2, load.Bound{Jobs: 1 << 40, For: enough}, func(context.Context, int, int) error {
		n.Add(1)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, int(n.Load()), done.Jobs)
	require.GreaterOrEqual(t, done.Took, enough)
}

func TestSpreadEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	_, err := load.Spread(t.Context(), 4, load.Bound{Jobs: 1 << 40, For: bound}, func(_ context.Context, _, i int) error {
		if i == 10 {
			return wrong
		}
		return nil
	})
	require.ErrorIs(t, err, wrong)
}

func TestPaceDoesNotWaitForSlowOnes(t *testing.T) {
	t.Parallel()
	var begun atomic.Int64
	all := make(chan struct{})
	require.NoError(t, load.Pace(t.Context(), 1000, 5, func(ctx context.Context, _ int) error {
		if begun.Add(1) == 5 {
			close(all)
		}
		select {
		case <-all: // each waits until all have begun
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}))
}

func TestStopwatchCountsEachJobOnce(t *testing.T) {
	t.Parallel()
	s := load.NewStopwatch(3)
	for i := range 3 {
		s.Start(i)
		s.Stop(i)
	}
	s.Stop(1)  // came twice
	s.Stop(99) // from another measurement
	require.Equal(t, 3, s.Count())
	require.NoError(t, s.Wait(t.Context(), bound))
	require.Len(t, s.Times(1), 2)
}

func TestStopwatchMissesNoJob(t *testing.T) {
	t.Parallel()
	s := load.NewStopwatch(2)
	s.Start(0)
	s.Stop(0)
	require.ErrorContains(t, s.Wait(t.Context(), time.Millisecond), "only 1 of 2")
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	times := make(load.Times, 100)
	for i := range times {
		times[i] = time.Duration(i + 1)
	}
	require.Equal(t, time.Duration(50), times.Percentile(50))
	require.Equal(t, time.Duration(99), times.Percentile(99))
	require.Equal(t, time.Duration(100), times.Percentile(100))
	require.Equal(t, time.Duration(7), load.Times{7}.Percentile(50))
	require.Zero(t, load.Times(nil).Percentile(99))
}

func TestRate(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 50, load.Done{Jobs: 100, Took: 2 * time.Second}.PerSecond(), 0)
	require.Zero(t, load.Done{}.PerSecond())
}
