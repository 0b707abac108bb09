package queue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// More comes than can be done, and all of it is more urgent: what came first is offered all
// the same, once it has waited for as long as its want of priority is worth.
func TestNobodyIsOvertakenForEver(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().whole()
		r.openWith(0, func(a *callback.Alert) { a.RaisedAt, a.Reason.Priority = w.clock.Now(), 0 })
		worth := policy.Worth(100)
		const pause = 20 * time.Minute
		for round := 1; ; round++ {
			w.hand.Advance(pause)
			for n := range 2 {
				r.openWith(2*round+n, func(a *callback.Alert) {
					a.RaisedAt, a.Reason.Priority, a.Queue = w.clock.Now(), 100, []string{"care", "vip"}[n]
				})
			}
			cb, err := r.Offer(w.Context(), fmt.Sprint("agent-", round))
			require.NoError(w, err)
			waited := time.Duration(round) * pause
			if cb.ID == id(0) {
				require.Greater(w, waited, worth/2, "not before what is more urgent, either")
				return
			}
			require.LessOrEqual(w, waited, 2*worth, "it starves")
			r.do(cb.ID, callback.Cancel{Reason: "done", By: "sam"})
		}
	})
}
