package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// A history that is trimmed while it is read jumps to an event that closed a callback,
// long ago; whatever else jumps has lost something.
func TestAHistoryMayBeTrimmedWhileItIsRead(t *testing.T) {
	t.Parallel()
	m, err := NewMetrics(nil)
	require.NoError(t, err)
	trimmed := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	gaps := func(state callback.State, at, trimmed time.Time) int {
		c := newChain(zap.NewNop(), m, trimmed)
		c.check(callback.Aggregate{CustomerKey: "k", EventNo: 1, Callback: &callback.Callback{State: callback.Pending}}, nil, nil, at)
		c.check(callback.Aggregate{CustomerKey: "k", EventNo: 5, Callback: &callback.Callback{State: state}}, nil, nil, at)
		return c.gaps
	}
	require.Equal(t, 0, gaps(callback.Completed, trimmed.Add(-time.Second), trimmed))
	require.Equal(t, 1, gaps(callback.Pending, trimmed.Add(-time.Second), trimmed), "a trimmed history begins with a close")
	require.Equal(t, 1, gaps(callback.Completed, trimmed, trimmed), "it is too young")
	require.Equal(t, 1, gaps(callback.Completed, trimmed, time.Time{}), "nobody trims")
}
