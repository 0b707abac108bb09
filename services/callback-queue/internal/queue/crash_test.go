package queue_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// steps are where a claim can die, and whether it is stored by then.
var steps = []struct {
	name      string
	at        func(*queue.Signals, func())
	committed bool
}{
	{"reserved", func(s *queue.Signals, die func()) { s.Reserved = die }, false},
	{"decided", func(s *queue.Signals, die func()) { s.ClaimDecided = die }, false},
	{"committed", func(s *queue.Signals, die func()) { s.ClaimCommitted = die }, true},
	{"applied", func(s *queue.Signals, die func()) { s.ClaimApplied = die }, true},
}

// atEachStep runs a story in which one of two open callbacks was being claimed
// by amina when her process died.
func atEachStep(t *testing.T, story func(w *world, died *callback.Callback, committed bool)) {
	t.Helper()
	t.Parallel()
	for _, step := range steps {
		for name, make := range map[string]func(*testing.T) *world{"memory": inMemory, "redis": onRedis} {
			t.Run(step.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := make(t)
				opener := w.replica()
				stop := opener.run()
				w.until("ready", func() bool { _, err := opener.index.Checkpoint(t.Context()); return err == nil })
				opener.open(1, 2)
				stop() // nobody projects: what the dead did not tell the index, it does not know
				dying := w.replica()
				crash(t, dying, step.at, func() { _, _ = dying.claim("amina", "q-1") })
				cb, err := opener.Get(t.Context(), id(1))
				require.NoError(t, err)
				require.Equal(t, step.committed, cb.State == callback.Assigned)
				story(w, cb, step.committed)
			})
		}
	}
}

func TestAClaimThatDiedIsRepeated(t *testing.T) {
	atEachStep(t, func(w *world, died *callback.Callback, committed bool) {
		r := w.replica()
		again := r.got("amina", "q-1", id(1))
		if committed {
			require.Equal(w, died, again)
		}
		r.none("bruno", "q-2")
		require.Equal(w, map[string]int{id(1): 1}, w.claims())
		w.replica().ready()
		w.inLine()
	})
}

func TestAClaimThatDiedIsOfferedToOthersOrKept(t *testing.T) {
	atEachStep(t, func(w *world, _ *callback.Callback, committed bool) {
		r := w.replica()
		r.none("bruno", "q-2") // held for the dead
		w.hand.Advance(queue.ReservationHold)
		if committed {
			r.none("bruno", "q-2") // the index may offer it: the commit refuses
		} else {
			r.got("bruno", "q-2", id(1))
		}
		require.Equal(w, map[string]int{id(1): 1}, w.claims())
		w.replica().ready()
		w.inLine()
	})
}

func TestAClaimThatDiedWithItsIndex(t *testing.T) {
	t.Parallel()
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			w := inMemory(t)
			w.replica().ready().open(1, 2)
			dying := w.replica()
			crash(t, dying, step.at, func() { _, _ = dying.claim("amina", "q-1") })

			restarted := inMemory(t)
			restarted.bus = w.bus
			r := restarted.replica().ready()
			if step.committed {
				r.none("bruno", "q-2")
			}
			r.got("amina", "q-1", id(1))
			require.Equal(t, map[string]int{id(1): 1}, restarted.claims())
			restarted.inLine()
		})
	}
}

// The projector of any process brings what a dead one did not tell.
func TestTheProjectorBringsWhatADeadProcessCommitted(t *testing.T) {
	everywhere(t, func(w *world) {
		living := w.replica().ready()
		living.open(1, 2)
		dying := w.replica()
		crash(w.T, dying, steps[2].at, func() { _, _ = dying.claim("amina", "q-1") })
		w.inLine()
		held, err := living.index.HeldBy(w.Context(), "amina")
		require.NoError(w, err)
		require.Len(w, held, 1)
	})
}

// The client hangs up the moment its claim is stored: the index hears of it all
// the same, and at once.
func TestAClientThatHangsUpAfterTheCommit(t *testing.T) {
	everywhere(t, func(w *world) {
		opener := w.replica()
		stop := opener.run()
		w.until("ready", func() bool { _, err := opener.index.Checkpoint(w.Context()); return err == nil })
		opener.open(1, 2)
		stop()
		r := w.replica()
		ctx, hangUp := context.WithCancel(w.Context())
		r.Hook(queue.Signals{ClaimCommitted: hangUp})
		cb, err := r.Claim(ctx, queue.ClaimRequest{AgentID: "amina", RequestID: "q-1"})
		require.NoError(w, err)
		require.Error(w, ctx.Err())
		e, found, err := r.index.Get(w.Context(), cb.ID)
		require.NoError(w, err)
		require.True(w, found)
		require.Equal(w, callback.Assigned, e.State)
	})
}

// doubtful is a store whose commits are stored and not known to be: the
// acknowledgement, or the sync after it, never came.
type doubtful struct {
	queue.Store
	lost int
}

func (d *doubtful) Commit(ctx context.Context, e callback.Event, once string) (callback.Aggregate, error) {
	a, err := d.Store.Commit(ctx, e, once)
	if err == nil && d.lost > 0 {
		d.lost--
		return callback.Aggregate{}, bus.ErrUnavailable
	}
	return a, err
}

func TestACommitWhoseOutcomeIsUnknown(t *testing.T) {
	everywhere(t, func(w *world) {
		d := &doubtful{}
		r := w.replica(func(deps *queue.Deps) { d.Store = deps.Store; deps.Store = d })
		r.ready()
		d.lost = 1
		require.ErrorIs(w, r.TakeAlert(w.Context(), alert(1, "a-1")), bus.ErrUnavailable)
		require.NoError(w, r.TakeAlert(w.Context(), alert(1, "a-1"))) // delivered again
		d.lost = 1
		_, err := r.claim("amina", "q-1")
		require.ErrorIs(w, err, bus.ErrUnavailable)
		cb := r.got("amina", "q-1", id(1))
		for _, cmd := range []callback.Command{
			callback.StartAttempt{AgentID: "amina", Token: cb.Holder.Token},
			callback.EndAttempt{AgentID: "amina", Token: cb.Holder.Token, Outcome: callback.Reached},
			callback.Complete{
				AgentID: "amina", Token: cb.Holder.Token, Outcome: callback.Resolved, RootCause: "late", Note: "refund",
			},
		} {
			d.lost = 1
			_, err := r.Do(w.Context(), cb.ID, cmd)
			require.ErrorIs(w, err, bus.ErrUnavailable)
			r.do(cb.ID, cmd)
		}
		require.Len(w, w.history(), 5, "nothing is stored twice")
		w.inLine()
	})
}

// A claim that takes longer than its hold: the callback is offered to another
// meanwhile, and the compare-and-set lets one of them have it.
func TestAClaimSlowerThanItsHold(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		slow := w.replica()
		reached, goOn := make(chan struct{}), make(chan struct{})
		slow.Hook(queue.Signals{ClaimDecided: func() { close(reached); <-goOn }})
		result := make(chan error, 1)
		go func() { _, err := slow.claim("amina", "q-1"); result <- err }()
		<-reached
		slow.Hook(queue.Signals{})
		w.hand.Advance(queue.ReservationHold + time.Second)
		r.got("bruno", "q-2", id(1))
		close(goOn)
		require.ErrorIs(w, <-result, queue.ErrNoneReady)
		require.Equal(w, map[string]int{id(1): 1}, w.claims())
		w.inLine()
	})
}
