package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// wrapUp claims, calls and reaches the customer of the first callback there is.
func (r *replica) wrapUp(agent string) *callback.Callback {
	r.world.Helper()
	cb, err := r.claim(agent, "")
	require.NoError(r.world, err)
	r.do(cb.ID, callback.StartAttempt{AgentID: agent})
	return r.do(cb.ID, callback.EndAttempt{AgentID: agent, Outcome: callback.Reached})
}

// A complaint that comes during the wrap-up is claimable as soon as that is written, and
// the agent who wrote it is answered with what they completed, however often they ask.
func TestAComplaintDuringTheWrapUpWaitsAtOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		cb := r.wrapUp("amina")
		require.NoError(w, r.TakeAlert(w.Context(), alert(1, "late")))
		seen, err := r.Get(w.Context(), cb.ID)
		require.NoError(w, err)
		require.True(w, seen.Reasons[1].Unanswered, "the agent sees it before")
		written := callback.Complete{AgentID: "amina", Token: cb.Holder.Token, Outcome: callback.Resolved, RootCause: "late", Note: "refund"}
		for range 2 {
			done := r.do(cb.ID, written)
			require.Equal(w, callback.Completed, done.State)
			require.Equal(w, cb.ID, done.ID)
		}
		r.got("bruno", "", callback.ID(key(1), 2))
		require.Len(w, w.history(), 8)
		w.inLine()
	})
}

// If the process dies between the two, the timers open the next.
func TestTheTimersOpenWhatIsOwed(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		cb := r.wrapUp("amina")
		require.NoError(w, r.TakeAlert(w.Context(), alert(1, "late")))
		a, err := r.store.Load(w.Context(), key(1))
		require.NoError(w, err)
		e, err := callback.DefaultPolicy().Decide(a, callback.Complete{
			AgentID: "amina", Token: cb.Holder.Token, Outcome: callback.Resolved, RootCause: "late", Note: "refund",
		}, t0)
		require.NoError(w, err)
		_, err = w.replica().store.Commit(w.Context(), e, "") // and dies
		require.NoError(w, err)
		w.hand.Advance(time.Second)
		w.replica().ready(r.Watch)
		w.until("the next is open", func() bool {
			next, err := r.Get(w.Context(), callback.ID(key(1), 2))
			return err == nil && next.State == callback.Pending
		})
	})
}
