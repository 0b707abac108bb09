package queue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// believe puts an entry into the index whatever it holds, as it would stand
// there had it heard of nothing since.
func (r *replica) believe(entries ...queue.Entry) {
	r.world.Helper()
	ctx := r.world.Context()
	life, err := r.index.Reset(ctx)
	require.NoError(r.world, err)
	require.NoError(r.world, r.index.Apply(ctx, entries...))
	pos, err := r.store.Position(ctx)
	require.NoError(r.world, err)
	pos.Life = life
	require.NoError(r.world, r.index.Advance(ctx, queue.Progress{Checkpoint: pos, Whole: true}))
}

// believed are the entries as each event made them: number them from 1.
func (w *world) believed() map[uint64]queue.Entry {
	w.Helper()
	r, all := w.replica(), map[uint64]queue.Entry{}
	for _, a := range w.history() {
		if a.Callback != nil {
			all[a.Seq] = r.Entry(a)
		}
	}
	return all
}

// An index that is behind in every way there is: each entry it offers is refused
// by the truth, put right, and passed over.
func TestAnOutdatedIndexIsPutRight(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().whole()
		r.open(1, 6) // events 1 to 5
		for n := 1; n <= 4; n++ {
			r.got(fmt.Sprintf("agent-%d", n), "q-1", id(n)) // 6 to 9
		}
		closed := r.finish(r.got("agent-1", "q-1", id(1)))            // 10 to 12
		r.finish(r.got("agent-2", "q-1", id(2)))                      // 13 to 15
		require.NoError(w, r.TakeAlert(w.Context(), alert(2, "a-x"))) // 16: the second's second
		then := w.believed()

		lagging := w.replica()
		lagging.believe(
			then[1],  // was pending: is completed
			then[2],  // was pending: is completed, and followed by another
			then[3],  // was pending: is another agent's
			then[9],  // is right: assigned
			then[5],  // is right: pending
			then[16], // is right: pending
		)
		lagging.got("bruno", "q-2", callback.ID(key(2), 2))
		lagging.got("bruno", "q-3", id(5))
		for n := 1; n <= 3; n++ {
			e, found, err := lagging.index.Get(w.Context(), id(n))
			require.NoError(w, err)
			require.True(w, found)
			require.NotEqual(w, callback.Pending, e.State, "%d is put right", n)
		}
		e, _, err := lagging.index.Get(w.Context(), id(1))
		require.NoError(w, err)
		require.Equal(w, closed.State, e.State)
		e, _, err = lagging.index.Get(w.Context(), id(2))
		require.NoError(w, err)
		require.Equal(w, callback.Completed, e.State, "a former callback shows how it ended")
		lagging.none("bruno", "q-4")
	})
}

// More outdated entries than one claim may try: it asks to come back, and each
// try clears some away. An index that is being read again says that it is.
func TestAnIndexWithNothingRight(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().whole()
		const stale = queue.MaxCandidates + 5
		r.open(0, stale+1)
		then := w.believed()
		var entries []queue.Entry
		for n := range stale {
			r.got("chloe", fmt.Sprintf("q-%d", n), id(n))
		}
		for seq := uint64(1); seq <= stale+1; seq++ {
			entries = append(entries, then[seq])
		}
		lagging := w.replica()
		lagging.believe(entries...)
		_, err := lagging.claim("amina", "q-1")
		require.ErrorIs(w, err, queue.ErrContended)
		lagging.got("amina", "q-1", id(stale))

		_, err = lagging.index.Reset(w.Context())
		require.NoError(w, err)
		require.NoError(w, lagging.index.Apply(w.Context(), entries...))
		_, err = lagging.claim("bruno", "")
		require.ErrorIs(w, err, queue.ErrIndexIncomplete)
	})
}

// garble stores what nobody can read as the customer's last event.
func (w *world) garble(n int) {
	w.Helper()
	_, err := w.bus.Publish(w.Context(), bus.Event{
		Subject: subject.Callback(subject.BucketOf(key(n)), key(n)), ID: fmt.Sprintf("bad-%d", n),
		Body: &eventsv1.CallbackEvent{}, Encoded: []byte("\xff not protobuf"),
	})
	require.NoError(w, err)
}

// A callback that cannot be read is passed over by each claim, however often the
// index offers it first.
func TestAnUnreadableCallbackStopsNobody(t *testing.T) {
	everywhere(t, func(w *world) {
		opener := w.replica().whole()
		opener.open(1, 5)
		w.garble(1)
		w.garble(2)
		r := w.replica()
		r.got("amina", "q-1", id(3))
		w.hand.Advance(queue.ReservationHold)
		r.got("amina", "q-2", id(4))
		w.hand.Advance(queue.ReservationHold)
		_, err := r.claim("amina", "")
		require.ErrorIs(w, err, queue.ErrNoneReady)
		require.Positive(w, r.logs.FilterMessageSnippet("passed over").Len())

		require.ErrorIs(w, r.TakeAlert(w.Context(), alert(1, "a-x")), queue.ErrUnreadable)
		_, err = r.Get(w.Context(), id(2))
		require.ErrorIs(w, err, queue.ErrUnreadable)
		list, _, err := r.List(w.Context(), queue.Filter{}, "", 10)
		require.NoError(w, err)
		require.Len(w, list, 2)
	})
}

// erase removes everything about a customer.
func (w *world) erase(n int) {
	w.Helper()
	s, err := w.bus.JetStream().Stream(w.Context(), subject.Callbacks)
	require.NoError(w, err)
	for _, a := range w.history() {
		if a.CustomerKey == key(n) {
			require.NoError(w, s.SecureDeleteMsg(w.Context(), a.Seq))
		}
	}
}

func TestAnErasedCustomerIsNotOffered(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().whole()
		r.open(1, 3)
		w.erase(1)
		fresh := w.replica()
		fresh.got("amina", "q-1", id(2))
		w.hand.Advance(queue.ReservationHold)
		fresh.none("amina", "q-2")
		e, _, err := fresh.index.Get(w.Context(), id(1))
		require.NoError(w, err)
		require.Equal(w, callback.Canceled, e.State)
		_, err = fresh.Get(w.Context(), id(1))
		require.ErrorIs(w, err, callback.ErrNoCallback)
	})
}

// The store was put back to an older state of itself while the index went on:
// it knows events that never happened, and hides callbacks that are there.
func TestAnIndexAheadOfARestoredStreamIsBuiltAnew(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica()
		r.open(1, 4)
		// The index has heard of events 4 to 6, which the backup does not hold.
		ahead := w.believed()
		taken, gone := ahead[1], ahead[3]
		taken.Seq, taken.State, taken.Agent, taken.DueAt = 4, callback.Assigned, "amina", t0.Add(time.Minute)
		gone.Seq, gone.State = 6, callback.Completed
		r.believe(taken, ahead[2], gone)
		cp, err := r.index.Checkpoint(w.Context())
		require.NoError(w, err)
		cp.Seq = 6
		require.NoError(w, r.index.Advance(w.Context(), queue.Progress{Checkpoint: cp}))

		w.replica().run()
		w.inLine()
	})
}

// The same, but the stream has grown past the index since: only the entries
// themselves give it away.
func TestAnIndexOfAnotherLifeIsNoticedByItsEntries(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica()
		r.open(1, 12)
		then := w.believed()
		reserved, due, hidden := then[1], then[2], then[3]
		reserved.Seq = 9 // pending, it says, by an event that is another customer's
		due.Seq, due.State, due.Agent, due.DueAt = 10, callback.Assigned, "amina", t0
		hidden.Seq, hidden.State = 11, callback.Completed
		for name, notice := range map[string]func(*replica){
			"by a claim":    func(r *replica) { r.claimAnything() },
			"by a deadline": func(r *replica) { r.Expire(w.Context()) },
		} {
			w.sub(name, func(w *world) {
				all := []queue.Entry{reserved, due, hidden}
				for seq := uint64(4); seq <= 11; seq++ {
					all = append(all, then[seq])
				}
				r := w.replica()
				r.believe(all...)
				r.ready()
				notice(r)
				w.inLine()
			})
		}
	})
}

// claimAnything claims and gives back, so that the story can begin again.
func (r *replica) claimAnything() {
	r.world.Helper()
	cb, err := r.claim("zoe", "")
	require.NoError(r.world, err)
	r.do(cb.ID, callback.Release{AgentID: "zoe"})
}
