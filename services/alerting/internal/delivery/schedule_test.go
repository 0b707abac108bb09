package delivery

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheScheduleIsThatOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	at := start
	var total time.Duration
	for n := uint32(1); n <= 9; n++ {
		after, more := next("dlv-a", n, at, 0)
		require.True(t, more)
		d := after.Sub(at)
		require.GreaterOrEqual(t, d, schedule[n-1])
		require.Less(t, d, schedule[n-1]*11/10)
		again, _ := next("dlv-a", n, at, 0)
		require.Equal(t, after, again, "the same by whoever works it out")
		total += schedule[n-1]
		at = after
	}
	require.Equal(t, 75*time.Hour+35*time.Minute+5*time.Second, total)
	_, more := next("dlv-a", 10, at, time.Hour)
	require.False(t, more)
	_, more = next("dlv-a", 0, at, 0)
	require.False(t, more)
	one, _ := next("dlv-a", 3, start, 0)
	other, _ := next("dlv-b", 3, start, 0)
	require.NotEqual(t, one, other, "what failed together does not come back together")
	asked, _ := next("dlv-a", 1, start, time.Hour)
	require.Equal(t, start.Add(time.Hour), asked, "a receiver can ask for more time")
	asked, _ = next("dlv-a", 4, start, time.Minute)
	require.Greater(t, asked.Sub(start), time.Hour, "and for no less")
}
