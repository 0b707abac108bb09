package queue_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

var policy = callback.DefaultPolicy()

func TestALeaseThatLapsesGivesTheCallbackBack(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica()
		r.ready(r.Watch)
		r.open(1, 2)
		late := r.got("amina", "q-1", id(1))
		w.hand.Advance(policy.AssignedLease)
		w.until("given back", func() bool {
			cb, err := r.Get(w.Context(), id(1))
			return err == nil && cb.State == callback.Pending
		})
		_, err := r.Do(w.Context(), id(1), callback.StartAttempt{AgentID: "amina", Token: late.Holder.Token})
		require.ErrorIs(w, err, callback.ErrStaleToken)
		next := r.got("bruno", "q-2", id(1))
		require.Greater(w, next.Holder.Token, late.Holder.Token)
		require.Equal(w, late.OpenedAt, next.OpenedAt, "its age is kept")
		_, err = r.Do(w.Context(), id(1), callback.StartAttempt{AgentID: "amina", Token: late.Holder.Token})
		require.ErrorIs(w, err, callback.ErrStaleToken)
	})
}

// The lease is checked where the decision is taken: nobody need have noticed.
func TestALapsedLeaseBeginsNothingNew(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		cb := r.got("amina", "q-1", id(1))
		w.hand.Advance(policy.AssignedLease)
		_, err := r.Do(w.Context(), id(1), callback.StartAttempt{AgentID: "amina", Token: cb.Holder.Token})
		require.ErrorIs(w, err, callback.ErrLeaseOver)
	})
}

func TestAnotherTryWaitsForItsMoment(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		cb := r.got("amina", "q-1", id(1))
		r.do(cb.ID, callback.StartAttempt{AgentID: "amina"})
		r.do(cb.ID, callback.EndAttempt{AgentID: "amina", Outcome: callback.NoAnswer})
		r.none("amina", "q-2")
		w.hand.Advance(policy.RetryGaps[0] - time.Second)
		r.none("amina", "q-3")
		w.hand.Advance(time.Second)
		r.got("amina", "q-4", id(1))
		w.inLine()
	})
}

func TestOneOfManyWatchersWins(t *testing.T) {
	everywhere(t, func(w *world) {
		const callbacks = 60
		r := w.replica().ready()
		r.open(0, callbacks)
		for n := range callbacks {
			r.got(fmt.Sprintf("agent-%d", n), "q-1", id(n))
		}
		before := len(w.history())
		w.hand.Advance(policy.AssignedLease)
		var reads atomic.Int64
		counted := func(d *queue.Deps) { d.Store = countingStore{d.Store, &reads} }
		var wg sync.WaitGroup
		for range 3 {
			other := w.replica(counted)
			wg.Go(func() { other.Expire(w.Context()) })
		}
		wg.Wait()
		require.Len(w, w.history(), before+callbacks, "each lapses once")
		require.EqualValues(w, callbacks, reads.Load(), "each is one process's to read")
		due, err := r.index.TakeDue(w.Context(), w.clock.Now().Add(15*time.Second), 0, 10)
		require.NoError(w, err)
		require.Empty(w, due)
		w.inLine()
	})
}

// countingStore counts the readings that are not of what is remembered.
type countingStore struct {
	queue.Store
	reads *atomic.Int64
}

func (s countingStore) Read(ctx context.Context, key string) (callback.Aggregate, bool, error) {
	s.reads.Add(1)
	return s.Store.Read(ctx, key)
}

// Who dies with deadlines in hand makes them late, and no more than that.
func TestDeadlinesOfAProcessThatDiedAreTakenUp(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		r.got("amina", "q-1", id(1))
		w.hand.Advance(policy.AssignedLease)
		taken, err := w.index().TakeDue(w.Context(), w.clock.Now(), queue.DueHold, 10)
		require.NoError(w, err)
		require.Len(w, taken, 1)
		r.Expire(w.Context())
		require.Equal(w, callback.Assigned, mustGet(w, r, id(1)).State)
		w.hand.Advance(queue.DueHold)
		r.Expire(w.Context())
		require.Equal(w, callback.Pending, mustGet(w, r, id(1)).State)
	})
}

// Deadlines that nobody can handle stand at the front of the line for ever, more
// of them than are looked at once. Those behind them are handled all the same.
func TestDeadlinesThatFailStarveNobody(t *testing.T) {
	everywhere(t, func(w *world) {
		const bad = queue.DueBatch + 50
		opener := w.replica().whole()
		opener.open(0, bad+3)
		for n := range bad + 3 {
			if n == bad {
				w.hand.Advance(time.Second) // the good ones are due last
			}
			opener.got(fmt.Sprintf("agent-%d", n), "q-1", id(n))
		}
		for n := range bad {
			w.garble(n)
		}
		w.hand.Advance(policy.AssignedLease)
		r := w.replica()
		r.run(r.Watch)
		for n := bad; n < bad+3; n++ {
			w.until("the good ones lapse", func() bool {
				cb, err := r.Get(w.Context(), id(n))
				return err == nil && cb.State == callback.Pending
			})
		}
		logged := r.logs.FilterMessageSnippet("it stays due").Len()
		require.LessOrEqual(w, logged, bad, "each is tried once until its next time comes")
		w.hand.Advance(10 * time.Second)
		w.until("they are tried again", func() bool { return r.logs.FilterMessageSnippet("it stays due").Len() >= logged+bad })
	})
}

func TestADeadlineThatIsPastIsForgotten(t *testing.T) {
	everywhere(t, func(w *world) {
		keptForNobody := func(d *queue.Deps) { d.Policy.PreferredFor = 0 }
		r := w.replica(keptForNobody).whole()
		r.open(1, 4)
		r.got("amina", "q-1", id(1))
		r.got("amina", "q-2", id(2))
		r.got("amina", "q-3", id(3))
		held := w.believed()
		r.do(id(1), callback.Release{AgentID: "amina"})
		r.finish(mustGet(w, r, id(2)))
		require.NoError(w, r.TakeAlert(w.Context(), alert(2, "a-x"))) // its next is open
		w.erase(3)
		lagging := w.replica(keptForNobody)
		lagging.believe(held[4], held[5], held[6])
		w.hand.Advance(policy.AssignedLease)
		events := len(w.history())
		lagging.Expire(w.Context())
		require.Len(w, w.history(), events, "nothing lapsed")
		due, err := lagging.index.TakeDue(w.Context(), w.clock.Now().Add(15*time.Second), 0, 10)
		require.NoError(w, err)
		require.Empty(w, due)
	})
}

func mustGet(w *world, r *replica, id string) *callback.Callback {
	w.Helper()
	cb, err := r.Get(w.Context(), id)
	require.NoError(w, err)
	return cb
}
