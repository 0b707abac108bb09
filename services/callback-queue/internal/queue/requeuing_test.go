package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// A call is taken back from an agent who is gone, and from nobody who is there; an overdue
// wrap-up from anybody.
func TestACallIsTakenBackFromWhoIsGone(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		back := callback.Requeue{Reason: "gone", By: "sam"}
		r.got("amina", "", id(1))
		w.sits("amina", 1, floor.Available)
		r.do(id(1), back) // she has not begun to call
		cb := r.got("amina", "", id(1))
		r.do(cb.ID, callback.StartAttempt{AgentID: "amina"})
		for _, status := range []floor.Status{floor.Available, floor.Away} {
			w.sits("amina", 1, status)
			_, err := r.Do(w.Context(), cb.ID, back)
			require.ErrorIs(w, err, queue.ErrAtDesk)
		}
		w.sits("amina", 1, floor.Left)
		r.do(cb.ID, callback.Requeue{Reason: "gone again", By: "sam"})
		cb = r.wrapUp("bruno")
		w.sits("bruno", 1, floor.Available)
		_, err := r.Do(w.Context(), cb.ID, back)
		require.ErrorIs(w, err, queue.ErrAtDesk)
		w.hand.Advance(policy.WrapLease)
		r.Expire(w.Context())
		w.sits("bruno", 1, floor.Available)
		r.do(cb.ID, callback.Requeue{Reason: "nobody knows what came of it", By: "sam"})
		r.got("amina", "", id(1))
		w.inLine()
	})
}
