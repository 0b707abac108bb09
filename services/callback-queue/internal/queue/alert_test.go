package queue_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

func TestAnAlertTakenTwiceOpensOneCallback(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		for range 3 {
			require.NoError(w, r.TakeAlert(w.Context(), alert(1, "a-1")))
		}
		require.NoError(w, r.TakeAlert(w.Context(), alert(1, "a-2")))
		cb, err := r.Get(w.Context(), id(1))
		require.NoError(w, err)
		require.Len(w, cb.Reasons, 2)
		require.Len(w, w.history(), 2, "a repeat stores nothing")
		w.inLine()
	})
}

// Several replicas take the same alerts at once, each more than once, in any
// order: what redelivery after a crash looks like.
func TestAlertsTakenByManyAtOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		const customers, alerts = 5, 6
		replicas := []*replica{w.replica().ready(), w.replica().ready(), w.replica().ready()}
		var wg sync.WaitGroup
		for _, r := range replicas {
			wg.Go(func() {
				for _, i := range rand.Perm(2 * customers * alerts) {
					n := i % customers
					err := r.TakeAlert(w.Context(), alert(n, fmt.Sprintf("a-%d-%d", n, i/customers%alerts)))
					assert.NoError(w, err)
				}
			})
		}
		wg.Wait()
		for n := range customers {
			cb, err := replicas[0].Get(w.Context(), id(n))
			require.NoError(w, err)
			require.Len(w, cb.Reasons, alerts)
		}
		require.Len(w, w.history(), customers*alerts, "one event an alert")
		w.inLine()
	})
}

// An alert whose taker died before the index heard of it is delivered again:
// that brings the callback into the index.
func TestARedeliveredAlertPutsTheIndexRight(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		a, err := r.store.Load(w.Context(), key(1))
		require.NoError(w, err)
		e, err := callback.DefaultPolicy().Decide(a, callback.TakeAlert{Alert: alert(1, "a-1")}, t0)
		require.NoError(w, err)
		_, err = w.replica().store.Commit(w.Context(), e, "") // and dies

		require.NoError(w, err)
		restarted := w.replica()
		require.NoError(w, restarted.TakeAlert(w.Context(), alert(1, "a-1")))
		restarted.got("amina", "", id(1))
	})
}

func TestAWithdrawnAlertCancels(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		require.NoError(w, r.WithdrawAlert(w.Context(), key(1), "", callback.WithdrawAlert{AlertID: "a-1", Revision: 2}))
		require.NoError(w, r.WithdrawAlert(w.Context(), key(1), "", callback.WithdrawAlert{AlertID: "a-1", Revision: 2}))
		cb, err := r.Get(w.Context(), id(1))
		require.NoError(w, err)
		require.Equal(w, callback.Canceled, cb.State)
		r.none("amina", "")
		w.inLine()
	})
}

func TestAnAlertThatIsWrongIsRefused(t *testing.T) {
	t.Parallel()
	r := inMemory(t).replica()
	bad := alert(1, "")
	bad.Queue = "no such name"
	var invalid *callback.ValidationError
	require.ErrorAs(t, r.TakeAlert(t.Context(), bad), &invalid)
	require.Len(t, invalid.Fields, 2)
}
