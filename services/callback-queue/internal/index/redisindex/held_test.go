package redisindex

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// A callback may be put into another queue between the two looks at what an agent holds.
func TestWhatHasMovedMeanwhileIsNotHeld(t *testing.T) {
	t.Parallel()
	moved := encodeMoved(7, time.Unix(1_800_000_000, 0))
	require.True(t, isMoved(moved))
	row := heldRow{queue: "care", ids: []string{"k-1"}, values: redis.NewSliceResult([]any{moved}, nil)}
	held, all, err := row.entries("amina")
	require.NoError(t, err)
	require.Empty(t, held)
	require.True(t, all, "the index is whole")
}
