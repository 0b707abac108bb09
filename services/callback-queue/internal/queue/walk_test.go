package queue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// saved waits until the checkpoint is the end of the stream.
func (r *replica) saved() {
	r.world.Helper()
	pos, err := r.store.Position(r.world.Context())
	require.NoError(r.world, err)
	r.world.until("the checkpoint is the end of the stream", func() bool {
		cp, err := r.index.Checkpoint(r.world.Context())
		return err == nil && cp.Incarnation == pos.Incarnation && cp.Seq == pos.Seq
	})
}

// walker is a replica whose projector is alone and reads nothing.
func (w *world) walker() (r *replica, walking chan struct{}) {
	w.Helper()
	r, walking = w.replica(), make(chan struct{}, 100)
	r.Hook(queue.Signals{Walking: func() { walking <- struct{}{} }})
	r.ready()
	w.walks(walking)
	return r, walking
}

func (w *world) walks(walking chan struct{}) {
	w.Helper()
	select {
	case <-walking:
	case <-time.After(eventually):
		w.Fatal("the projector does not walk")
	}
}

// Alone, a process knows what it committed: nothing is read twice, and the
// checkpoint moves on all the same.
func TestAProcessThatIsAloneReadsNothingTwice(t *testing.T) {
	everywhere(t, func(w *world) {
		r, walking := w.walker()
		r.open(0, 30)
		cb := r.finish(r.got("amina", "q-1", id(0)))
		// An event that changes no callback is its own as well.
		require.NoError(w, r.TakeAlert(w.Context(), alert(0, "a-next")))
		require.NoError(w, r.WithdrawAlert(w.Context(), key(0), "", callback.WithdrawAlert{AlertID: cb.Reasons[0].AlertID, Revision: 9}))
		r.saved()
		// On a busy machine the keeper may look at the stream between a commit and
		// its being remembered, and reads that one event: not all of them.
		require.Less(w, len(walking), 5, "it walks still")
		w.inLine()
	})
}

func TestAStrangersEventIsNoticed(t *testing.T) {
	everywhere(t, func(w *world) {
		r, walking := w.walker()
		r.open(0, 3)
		stranger := w.replica()
		for i := range 3 {
			crash(w.T, stranger, steps[2].at, func() { _, _ = stranger.claim(fmt.Sprintf("agent-%d", i), "q-1") })
			w.inLine() // the index was not told, and knows
			w.walks(walking)
		}
		r.saved()
		for i := range 3 {
			held, err := r.index.HeldBy(w.Context(), fmt.Sprintf("agent-%d", i))
			require.NoError(w, err)
			require.Len(w, held, 1)
		}
	})
}

// What a failover forgot is brought again by one who walks, too.
func TestAWalkerBringsAgainWhatWasForgotten(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	r, walking := w.replica(), make(chan struct{}, 100)
	r.Hook(queue.Signals{Walking: func() { walking <- struct{}{} }})
	r.Hurry(10 * time.Second) // more than what follows takes on a busy machine
	r.Unwatched()
	r.ready()
	w.walks(walking)
	old := w.dump()
	r.open(0, 5)
	w.restore(old)
	require.Empty(t, w.content(), "forgotten")
	w.inLine()
	require.Empty(t, walking, "it walks still")
}
