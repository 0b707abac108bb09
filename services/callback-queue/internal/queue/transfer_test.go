package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func (r *replica) transfer(n int, to string) *callback.Callback {
	r.world.Helper()
	return r.do(id(n), callback.Transfer{Queue: to, Reason: "technical", By: "sam"})
}

// from claims from one queue and wants that callback; none when want is empty.
func (r *replica) from(name, agent, want string) {
	r.world.Helper()
	cb, err := r.Claim(r.world.Context(), queue.ClaimRequest{AgentID: agent, RequestID: "q-1", Queues: []string{name}})
	if want == "" {
		require.ErrorIs(r.world, err, queue.ErrNoneReady)
		return
	}
	require.NoError(r.world, err)
	require.Equal(r.world, want, cb.ID)
}

func TestATransferredCallbackIsClaimedFromItsNewQueue(t *testing.T) {
	everywhere(t, func(w *world) {
		r, other := w.replica().ready(), w.replica().ready()
		r.open(0, 2)
		held := r.got("amina", "q-0", id(0))
		r.transfer(0, "experts")
		_, err := r.Do(w.Context(), id(0), callback.StartAttempt{AgentID: "amina", Token: held.Holder.Token})
		require.ErrorIs(w, err, callback.ErrStaleToken)
		other.transfer(1, "experts")
		other.from("care", "bruno", "")
		other.from("experts", "bruno", id(0))
		other.transfer(1, "care")
		r.from("experts", "chloe", "")
		r.from("care", "chloe", id(1))
		w.inLine()
		rows, err := r.States(w.Context())
		require.NoError(w, err)
		require.Equal(w, []queue.State{{Queue: "care", Held: 1}, {Queue: "experts", Held: 1}}, rows)
	})
}

// An index that has heard of no move, or not of the last ones, offers the callback
// where it was: who works there does not get it, and the index is put right.
func TestAnEntryInAFormerQueueIsPutRight(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().whole()
		r.open(1, 2) // event 1
		for _, to := range []string{"experts", "vip"} {
			r.transfer(1, to) // 2, 3
		}
		then := w.believed()
		for seq, in := range map[uint64]string{1: "care", 2: "experts"} {
			lagging := w.replica()
			stale := then[seq]
			stale.Former = ""
			lagging.believe(stale)
			lagging.from(in, "bruno", "")
			lagging.from(in, "bruno", "")
			e, _, err := lagging.index.Get(w.Context(), id(1))
			require.NoError(w, err)
			require.Equal(w, "vip", e.Queue)
		}
		w.replica().from("vip", "bruno", id(1))
	})
}

// A new index is read from every event there is, moves and all.
func TestAnIndexBuiltFromTheStreamKnowsWhatMoved(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica()
		r.open(0, 40)
		for n := range 40 {
			r.transfer(n, []string{"experts", "vip"}[n%2])
			if n%4 == 0 {
				r.transfer(n, "care")
			}
		}
		fresh := w.replica().ready()
		w.inLine()
		rows, err := fresh.States(w.Context())
		require.NoError(w, err)
		counts := map[string]int{}
		for _, row := range rows {
			counts[row.Queue] = row.Ready
		}
		require.Equal(w, map[string]int{"care": 10, "experts": 10, "vip": 20}, counts)
	})
}
