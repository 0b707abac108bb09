package queue_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
)

// However many ask for one agent at once, on several replicas, claiming and being
// offered: the agent has no more in hand than they can.
func TestManyAtOnceGiveAnAgentNoMoreThanTheyCan(t *testing.T) {
	everywhere(t, func(w *world) { w.rush(1) })
}

func TestManyAtOnceGiveAnAgentAllTheyCan(t *testing.T) {
	everywhere(t, func(w *world) { w.rush(3) })
}

// rush asks for one agent eight times at once.
func (w *world) rush(capacity int) {
	w.Helper()
	known := func(d *queue.Deps) { d.Roster = roster.List{{ID: "amina", Capacity: capacity}} }
	replicas := []*replica{w.replica(known).ready(), w.replica(known).ready()}
	replicas[0].open(1, 12)
	results := make([]error, 8)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			r := replicas[i%2]
			if i == 7 {
				_, results[i] = r.Offer(w.Context(), "amina")
				return
			}
			_, results[i] = r.claim("amina", fmt.Sprint("q", i))
		})
	}
	all.Wait()
	got := 0
	for _, err := range results {
		if err == nil {
			got++
			continue
		}
		require.ErrorIs(w, err, queue.ErrAtCapacity)
	}
	require.Equal(w, capacity, got)
	held, err := replicas[0].Held(w.Context(), "amina")
	require.NoError(w, err)
	require.Len(w, held, capacity)
	cb := held[0].Callback
	replicas[0].do(cb.ID, callback.Release{AgentID: "amina"})
	_, err = replicas[1].claim("amina", "one more")
	require.NoError(w, err)
}

// Who has said that they are away is given nothing, not even what they ask for, and keeps
// nobody waiting for what was reserved for them.
func TestWhoIsAwayIsGivenNothing(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		w.sits("amina", 0, floor.Away)
		_, err := r.Offer(w.Context(), "amina")
		require.ErrorIs(w, err, queue.ErrAway)
		_, err = r.claim("amina", "q")
		require.ErrorIs(w, err, queue.ErrAway)
		w.sits("amina", 0, floor.Left) // their stream broke: they may ask
		r.got("amina", "q", id(1))
		w.sits("amina", 0, floor.Away)
		r.got("amina", "q", id(1)) // what they have already
	})
}
