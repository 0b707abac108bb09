package queue_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func TestACallbackIsWorkedToItsEnd(t *testing.T) {
	everywhere(t, func(w *world) {
		r, other := w.replica().ready(), w.replica()
		r.open(1, 2)
		cb := r.got("amina", "q-1", id(1))
		done := other.finish(cb) // any replica takes the commands
		require.Equal(w, callback.Completed, done.State)
		r.none("bruno", "q-2")
		w.inLine()
	})
}

// Each command may be repeated after a lost answer, to any replica, also when
// the customer's next callback has been opened since.
func TestRepeatedCommandsAreAnsweredAlike(t *testing.T) {
	everywhere(t, func(w *world) {
		r, other := w.replica().ready(), w.replica()
		r.open(1, 2)
		cb := r.got("amina", "q-1", id(1))
		token := cb.Holder.Token
		var last callback.Command
		for _, cmd := range []callback.Command{
			callback.StartAttempt{AgentID: "amina", Token: token},
			callback.EndAttempt{AgentID: "amina", Token: token, Outcome: callback.Reached},
			callback.Complete{AgentID: "amina", Token: token, Outcome: callback.Resolved, RootCause: "late", Note: "refund"},
		} {
			first := r.do(id(1), cmd)
			require.Equal(w, first, other.do(id(1), cmd))
			last = cmd
		}
		closed := mustGet(w, r, id(1))
		require.NoError(w, r.TakeAlert(w.Context(), alert(1, "a-next")))
		require.Equal(w, callback.ID(key(1), 2), r.got("amina", "q-9", callback.ID(key(1), 2)).ID)
		require.Equal(w, closed, r.do(id(1), last), "the former callback's last command")
		require.Equal(w, closed, mustGet(w, other, id(1)))

		_, err := r.Do(w.Context(), id(1), callback.StartAttempt{AgentID: "amina", Token: token})
		var transition *callback.TransitionError
		require.ErrorAs(w, err, &transition)
		_, err = r.Do(w.Context(), id(1), callback.Complete{
			AgentID: "amina", Token: token + 1, Outcome: callback.Resolved, RootCause: "late", Note: "refund",
		})
		require.ErrorIs(w, err, callback.ErrStaleToken)
		require.Equal(w, closed, mustGet(w, other, id(1)))
	})
}

func TestUnknownIDsAreUnknown(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		for _, id := range []string{
			"", "-", "*-1", ">-1", "a.b-1", key(1), id(2), callback.ID(key(1), 2), callback.ID(key(1), 0),
			id(1) + "0", "x" + id(1),
		} {
			_, err := r.Get(w.Context(), id)
			require.ErrorIs(w, err, callback.ErrNoCallback, id)
			_, err = r.Do(w.Context(), id, callback.StartAttempt{AgentID: "amina"})
			require.ErrorIs(w, err, callback.ErrNoCallback, id)
		}
	})
}

// A refusal is built on the truth: what this process remembers is not asked.
func TestWhatIsRememberedRefusesNobody(t *testing.T) {
	everywhere(t, func(w *world) {
		r, other := w.replica().whole(), w.replica()
		r.open(1, 2)
		cb := other.got("amina", "q-1", id(1)) // r remembers it pending
		r.do(id(1), callback.StartAttempt{AgentID: "amina", Token: cb.Holder.Token})
		other.do(id(1), callback.EndAttempt{AgentID: "amina", Outcome: callback.TechnicalFailure})
		other.do(id(1), callback.Cancel{Reason: "moved away", By: "sam"})
		require.NoError(w, r.TakeAlert(w.Context(), alert(1, "a-2"))) // r remembers it held
		require.Equal(w, callback.Pending, mustGet(w, r, callback.ID(key(1), 2)).State)
	})
}

// Many change one callback at once: every change is made, none is lost.
func TestManyChangesOfOneCustomerAtOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		const writers, each = 8, 5
		replicas := []*replica{w.replica().ready(), w.replica()}
		var wg sync.WaitGroup
		for i := range writers {
			r := replicas[i%2]
			wg.Go(func() {
				for j := range each {
					for {
						err := r.TakeAlert(w.Context(), alert(1, fmt.Sprintf("a-%d-%d", i, j)))
						if err == nil {
							break
						}
						if !errors.Is(err, queue.ErrContended) {
							w.Errorf("unexpected: %v", err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		require.Len(w, mustGet(w, replicas[0], id(1)).Reasons, writers*each)
		w.inLine()
	})
}

func TestListShowsTheTruthPageByPage(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().whole()
		r.open(0, 25)
		r.got("amina", "q-1", id(0))
		var got []string
		for after := ""; ; {
			page, next, err := r.List(w.Context(), queue.Filter{States: []callback.State{callback.Pending}}, after, 7)
			require.NoError(w, err)
			for _, cb := range page {
				got = append(got, cb.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		require.Len(w, got, 24)
		require.Equal(w, id(1), got[0], "oldest first")
		mine, _, err := r.List(w.Context(), queue.Filter{Agent: "amina"}, "", 7)
		require.NoError(w, err)
		require.Len(w, mine, 1)
		rows, err := r.States(w.Context())
		require.NoError(w, err)
		require.Equal(w, []queue.State{{Queue: "care", Ready: 24, Unattended: 24, Held: 1, OldestReady: mustGet(w, r, id(1)).OpenedAt}}, rows)

		// What the index has not heard of yet is not shown as it was.
		then := w.believed()
		other := w.replica()
		other.believe(then[1], then[2])
		page, _, err := other.List(w.Context(), queue.Filter{States: []callback.State{callback.Pending}}, "", 7)
		require.NoError(w, err)
		require.Len(w, page, 1)
	})
}

func TestAHalfFullIndexIsNoList(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica()
		_, _, err := r.List(w.Context(), queue.Filter{}, "", 7)
		require.ErrorIs(w, err, queue.ErrIndexIncomplete)
		_, err = r.States(w.Context())
		require.ErrorIs(w, err, queue.ErrIndexIncomplete)
	})
}
