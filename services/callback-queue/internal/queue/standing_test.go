package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func TestWhereACallbackStands(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().whole()
		r.open(0, 4)
		at := func(n int) queue.Standing {
			w.Helper()
			return r.Standing(w.Context(), mustGet(w, r, id(n)))
		}
		for n := range 4 {
			require.Equal(w, queue.Standing{
				Ready: true, Ahead: n, Points: callback.Points{Urgency: 50}, Worth: 50 * 6 * time.Minute,
			}, at(n))
		}
		r.do(id(3), callback.Escalate{Points: 10, Reason: "press", By: "sam"})
		require.NoError(w, r.TakeAlert(w.Context(), alert(3, "a-more")))
		s := at(3)
		require.Equal(w, []any{0, callback.Points{Urgency: 50, FurtherReasons: 5, Escalation: 10}}, []any{s.Ahead, s.Points})
		require.Equal(w, 1, at(0).Ahead)

		r.got("amina", "q-1", id(3))
		require.False(w, at(3).Ready, "in hand")
		later := w.clock.Now().Add(time.Hour)
		r.do(id(0), callback.Reschedule{NotBefore: later, By: "sam"})
		require.Equal(w, later.UTC(), at(0).ReadyAt.UTC())
		require.Equal(w, 0, at(1).Ahead)
		r.transfer(1, "experts")
		require.Equal(w, []int{0, 0}, []int{at(1).Ahead, at(2).Ahead})
	})
}

// Where the index cannot say, nothing is made up; what the callback itself says is
// said.
func TestWhereACallbackStandsIsNotMadeUp(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	r := w.replica().whole()
	r.open(0, 1)
	cb := mustGet(w, r, id(0))
	w.flush()
	s := r.Standing(t.Context(), cb)
	require.Equal(t, []any{false, 50}, []any{s.Ready, s.Points.Urgency})
	w.proc.Kill(t)
	require.Equal(t, s, r.Standing(t.Context(), cb))
}
