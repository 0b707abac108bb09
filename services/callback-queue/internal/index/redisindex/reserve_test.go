package redisindex

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// Where more holds have ended than a script may move, a question gets a new
// answer while its old one still waits to be given back: that must not take the
// new answer's memory with it.
func TestGivingBackAnOldAnswerKeepsTheNewOne(t *testing.T) {
	t.Parallel()
	x := New(testkit.Redis(t), testkit.RedisPrefix(t))
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for i, id := range []string{"a-1", "b-1", "c-1"} {
		require.NoError(t, x.Apply(t.Context(), queue.Entry{
			ID: id, Seq: 1, State: callback.Pending, Queue: "q", Line: "/", Rank: int64(i), OpenedAt: now, ReadyAt: now,
		}))
	}
	reserve := func(question string, now, ends time.Time, force string) string {
		t.Helper()
		replies, err := x.run(t.Context(), call{script: reserveScript, queue: "q", args: []any{
			decimal(order.Nanos(now)), decimal(order.Nanos(ends)), question, 1, force, "", "/", 0,
		}})
		require.NoError(t, err)
		words, err := replies[0].StringSlice()
		require.NoError(t, err)
		if words[0] != replyHeld && words[0] != replyKept {
			return words[0]
		}
		return words[1]
	}
	second, later := now.Add(time.Second), now.Add(time.Hour)
	require.Equal(t, "a-1", reserve("", now, second, "0"))
	require.Equal(t, "b-1", reserve("agent/r", now, second.Add(time.Second), "0"))

	// Both holds have ended, one may be given back.
	const moved = replyAgain
	require.Equal(t, "a-1", reserve("agent/r", later, later.Add(time.Hour), "1"))
	require.Equal(t, moved, reserve("", later, later.Add(time.Hour), "0"))
	require.Equal(t, "a-1", reserve("agent/r", later, later.Add(time.Hour), "0"))
	require.Equal(t, "b-1", reserve("", later, later.Add(time.Hour), "0"))
}
