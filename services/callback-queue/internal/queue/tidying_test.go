package queue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// What was closed is listed for a while; after that the stream alone knows it, and
// knows it well: it can be read, is not opened a second time, and is not brought back
// when the index is built anew.
func TestWhatWasClosedLongAgoIsForgottenByTheIndex(t *testing.T) {
	everywhere(t, func(w *world) {
		const listed = 40 * 24 * time.Hour
		remembering := func(d *queue.Deps) { d.ListClosedFor = listed }
		r := w.replica(remembering)
		r.ready(r.Tidy)
		r.open(0, 4)
		for n := range 3 {
			r.finish(r.got("amina", "", id(n)))
		}
		require.Len(w, w.content(), 4)

		w.hand.Advance(listed - time.Second)
		require.Never(w, func() bool { return len(w.content()) < 4 }, 50*time.Millisecond, 10*time.Millisecond)
		w.hand.Advance(time.Second)
		w.until("they are forgotten", func() bool { return len(w.content()) == 1 })

		for n := range 4 {
			require.NoError(w, r.TakeAlert(w.Context(), alert(n, fmt.Sprintf("a-%d", n))), "heard of before")
			cb, err := r.Get(w.Context(), id(n))
			require.NoError(w, err)
			require.Equal(w, n < 3, cb.State.Terminal())
		}
		_, err := r.index.Reset(w.Context())
		require.NoError(w, err)
		w.until("built anew", func() bool { _, err := r.index.Checkpoint(w.Context()); return err == nil })
		w.until("and tidied", func() bool { return len(w.content()) == 1 })
	})
}

// An index that nobody uses any more is cleared, all of it; one in use is not.
func TestAnIndexThatNobodyUsesIsCleared(t *testing.T) {
	t.Parallel()
	w := onRedis(t)
	prefix := testkit.RedisPrefix(t)
	one := w.under(time.Minute, prefix)
	one.whole()
	one.open(0, 3)
	other, further := w.under(time.Hour, prefix), redisindex.Under(w.redis, prefix+":x", "60000")
	other.whole()
	require.NoError(t, further.Apply(t.Context(), queue.Entry{ID: "a-1", Seq: 1, State: callback.Pending, Queue: "q", Line: "/"}))

	now := w.clock.Now()
	require.NoError(t, one.index.Tidy(t.Context(), now))
	require.NoError(t, other.index.Tidy(t.Context(), now.Add(time.Hour)))
	_, err := one.index.Checkpoint(t.Context())
	require.NoError(t, err, "an hour is not over")

	require.NoError(t, other.index.Tidy(t.Context(), now.Add(time.Hour+time.Second)))
	left, err := w.redis.Keys(t.Context(), prefix+":*-60000:*").Result()
	require.NoError(t, err)
	require.Len(t, left, 5, "only the other prefix's: %v", left)
	_, err = one.index.Checkpoint(t.Context())
	require.ErrorIs(t, err, queue.ErrIndexIncomplete, "who comes back finds it lost")
	_, err = other.index.Checkpoint(t.Context())
	require.NoError(t, err)
}
