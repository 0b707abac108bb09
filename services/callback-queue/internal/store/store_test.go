package store_test

import (
	"context"
	"crypto/sha256"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// ways are the ways to read that must agree when nothing is going on.
func (b *bundle) ways(k string) map[string]callback.Aggregate {
	b.Helper()
	fresh := b.another()
	loaded, err := fresh.Load(b.Context(), k)
	require.NoError(b, err)
	got := map[string]callback.Aggregate{"at the leader": loaded}
	read, sure, err := b.another().Read(b.Context(), k)
	require.NoError(b, err)
	require.False(b, sure, "how many replicas there are is not known yet")
	got["anywhere"] = read
	_, err = fresh.Position(b.Context())
	require.NoError(b, err)
	got["alone"], sure, err = fresh.Read(b.Context(), k)
	require.NoError(b, err)
	require.True(b, sure)
	if a, known := b.store.Recall(k); known {
		got["remembered"] = a
	}
	return got
}

func TestWhatIsCommittedIsLoaded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	for way, a := range b.ways(k) {
		require.Equal(t, callback.NewAggregate(k), a, way)
	}
	opened := b.commit(b.store, k, alert(k, "a-1"))
	require.EqualValues(t, 1, opened.Seq)
	held := b.commit(b.store, k, claim)
	require.EqualValues(t, 2, held.Callback.Holder.Token, "the commit's sequence is the token")
	ways := b.ways(k)
	require.Len(t, ways, 4)
	for way, a := range ways {
		require.Equal(t, held, a, way)
	}
	// The token stays that of the claim.
	called := b.commit(b.another(), k, start)
	require.EqualValues(t, 2, called.Callback.Holder.Token)
	require.EqualValues(t, 3, called.EventNo)
}

func TestACommitOnAnOldStateIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	other := b.another()
	late := b.decide(b.store, k, alert(k, "a-1"))
	b.commit(other, k, alert(k, "a-2"))
	_, err := b.store.Commit(t.Context(), late, "")
	require.ErrorIs(t, err, queue.ErrConflict)
	_, known := b.store.Recall(k)
	require.False(t, known, "what was refused is forgotten")

	joined := b.commit(b.store, k, alert(k, "a-1"))
	require.Len(t, joined.Callback.Reasons, 2)
	late = b.decide(b.store, k, claim)
	b.commit(other, k, callback.Claim{AgentID: "bruno"})
	_, err = b.store.Commit(t.Context(), late, "")
	require.ErrorIs(t, err, queue.ErrConflict)
}

func TestOfManyAtOnceOneWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	b.commit(b.store, k, alert(k, "a-1"))
	var decided []callback.Event
	for _, agent := range []string{"amina", "bruno", "chloe", "david", "elif", "farid", "gina", "hugo"} {
		decided = append(decided, b.decide(b.store, k, callback.Claim{AgentID: agent}))
	}
	var wg sync.WaitGroup
	errs := make([]error, len(decided))
	for i, e := range decided {
		s := b.another()
		wg.Go(func() { _, errs[i] = s.Commit(t.Context(), e, "") })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, queue.ErrConflict)
	}
	require.Equal(t, 1, won)
}

// A name is used once, whoever commits under it and for whomever.
func TestWhatIsDoneOnceIsDoneOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 3 {
		b.commit(b.store, customer(n), alert(customer(n), "a-1"))
	}
	first, err := b.store.Commit(t.Context(), b.decide(b.store, customer(0), claim), "amina asks")
	require.NoError(t, err)
	other := b.another()
	for n := range 2 { // for another customer; for the same, who has moved on
		again, err := callback.DefaultPolicy().Decide(mustLoad(b, 1-n, callback.Pending), claim, now)
		require.NoError(t, err)
		_, err = other.Commit(t.Context(), again, "amina asks")
		var done *queue.DoneError
		require.ErrorAs(t, err, &done)
		require.Equal(t, customer(0), done.CustomerKey)
	}
	a, err := other.Load(t.Context(), customer(1))
	require.NoError(t, err)
	require.Equal(t, callback.Pending, a.Callback.State, "nothing was stored")
	a, err = other.Load(t.Context(), customer(0))
	require.NoError(t, err)
	require.Equal(t, first, a)
	_, err = other.Commit(t.Context(), b.decide(other, customer(2), claim), "amina asks\r\nfor more")
	require.NoError(t, err, "another name")
}

// mustLoad is a customer's aggregate as it was first stored.
func mustLoad(b *bundle, n int, want callback.State) callback.Aggregate {
	b.Helper()
	d, err := b.bus.At(b.Context(), subject.Callbacks, uint64(n+1))
	require.NoError(b, err)
	var e eventsv1.CallbackEvent
	require.NoError(b, d.Decode(&e))
	a := wire.Aggregate(&e, d.Data, d.Sequence)
	require.Equal(b, want, a.Callback.State)
	return a
}

// Whatever has been remembered, a refusal is built on what the stream says.
func TestLoadAndReadKnowMoreThanTheMemory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	b.commit(b.store, k, alert(k, "a-1"))
	held := b.commit(b.another(), k, claim)

	old, known := b.store.Recall(k)
	require.True(t, known)
	require.Equal(t, callback.Pending, old.Callback.State, "the memory is stale")
	a, err := b.store.Load(t.Context(), k)
	require.NoError(t, err)
	require.Equal(t, held, a)
	a, _ = b.store.Recall(k)
	require.Equal(t, held, a, "and is put right")
}

// A store whose last events are gone, as after a backup was restored, is
// believed; the memory is not.
func TestTheMemoryDoesNotOutliveTheStream(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	b.commit(b.store, k, alert(k, "a-1"))
	held := b.commit(b.store, k, claim)
	b.deleteMessage(held.Seq)

	a, sure, err := b.store.Read(t.Context(), k)
	require.NoError(t, err)
	require.False(t, sure)
	require.Equal(t, held.Seq, a.Seq, "some replica may be behind: the newer is kept")
	a, err = b.store.Load(t.Context(), k)
	require.NoError(t, err)
	require.EqualValues(t, 1, a.Seq)
	_, known := b.store.Recall(k)
	require.False(t, known)

	b.deleteMessage(1)
	a, err = b.store.Load(t.Context(), k)
	require.NoError(t, err)
	require.Equal(t, callback.NewAggregate(k), a)
}

func (b *bundle) deleteMessage(seq uint64) {
	b.Helper()
	s, err := b.bus.JetStream().Stream(b.Context(), subject.Callbacks)
	require.NoError(b, err)
	require.NoError(b, s.SecureDeleteMsg(b.Context(), seq))
}

func TestAFormerCallbackIsFoundAsItEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	for i, id := range []string{"a-1", "a-2", "a-3"} {
		b.commit(b.store, k, alert(k, id))
		if i == 2 {
			break
		}
		for _, cmd := range []callback.Command{claim, start, reached, complete} {
			b.commit(b.store, k, cmd)
		}
		// Noted after it was closed: the callback stands in that event too.
		b.commit(b.store, k, callback.WithdrawAlert{AlertID: id, Revision: 2})
	}
	first, err := b.store.Earlier(t.Context(), k, callback.ID(k, 1))
	require.NoError(t, err)
	require.Equal(t, callback.Completed, first.State)
	require.Equal(t, "refund", first.WrapUp.Note)
	second, err := b.store.Earlier(t.Context(), k, callback.ID(k, 2))
	require.NoError(t, err)
	require.Equal(t, "a-2", second.Reasons[0].AlertID)

	for _, id := range []string{callback.ID(k, 4), callback.ID(customer(2), 1)} {
		_, err = b.store.Earlier(t.Context(), k, id)
		require.ErrorIs(t, err, callback.ErrNoCallback)
	}
}

// What comes in an id from outside is no subject until it was checked.
func TestAKeyThatIsNoneHasNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.commit(b.store, customer(1), alert(customer(1), "a-1"))
	for _, k := range []string{"", "*", ">", "a.b", "rappel", customer(1) + "x"} {
		a, sure, err := b.store.Read(t.Context(), k)
		require.NoError(t, err)
		require.True(t, sure)
		require.Equal(t, callback.NewAggregate(k), a)
		a, err = b.store.Load(t.Context(), k)
		require.NoError(t, err)
		require.Equal(t, callback.NewAggregate(k), a)
		_, err = b.store.Earlier(t.Context(), k, k+"-1")
		require.ErrorIs(t, err, callback.ErrNoCallback)
	}
}

func TestAnUnreadableStateSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	garbled, foreign := customer(1), customer(2)
	b.commit(b.store, garbled, alert(garbled, "a-1"))
	b.put(garbled, []byte("\xff not protobuf"))
	b.commit(b.store, foreign, alert(foreign, "a-1"))
	b.put(foreign, nil) // an event that names no customer
	for _, k := range []string{garbled, foreign} {
		_, _, err := b.store.Read(t.Context(), k)
		require.ErrorIs(t, err, queue.ErrUnreadable)
		_, err = b.another().Load(t.Context(), k)
		require.ErrorIs(t, err, queue.ErrUnreadable)
		// What came before it is still there to be read.
		cb, err := b.store.Earlier(t.Context(), k, callback.ID(k, 1))
		require.NoError(t, err)
		require.Equal(t, callback.Pending, cb.State)
	}
	require.Positive(t, b.gauge("callback_unreadable_events_total"))
}

// put stores a body of no store's making under a customer's subject.
func (b *bundle) put(k string, body []byte) uint64 {
	b.Helper()
	if body == nil {
		body = []byte{}
	}
	sum := sha256.Sum256(append([]byte(k), body...))
	r, err := b.bus.Publish(b.Context(), bus.Event{
		Subject: subject.Callback(subject.BucketOf(k), k), ID: string(sum[:8]),
		Body: &eventsv1.CallbackEvent{}, Encoded: body,
	})
	require.NoError(b, err)
	return r.Sequence
}

func TestAStoreThatIsAwayIsAnError(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := b.decide(b.store, customer(1), alert(customer(1), "a-1"))
	_, err := b.store.Commit(ctx, e, "")
	require.ErrorIs(t, err, bus.ErrUnavailable)
	_, err = b.store.Load(ctx, customer(1))
	require.ErrorIs(t, err, bus.ErrUnavailable)
	_, _, err = b.store.Read(ctx, customer(1))
	require.ErrorIs(t, err, bus.ErrUnavailable)
	_, err = b.store.Position(ctx)
	require.ErrorIs(t, err, bus.ErrUnavailable)
	_, err = b.store.Earlier(ctx, customer(1), callback.ID(customer(1), 1))
	require.ErrorIs(t, err, bus.ErrUnavailable)
	require.ErrorIs(t, b.store.Follow(ctx, 1, nil, nil), bus.ErrUnavailable)
}
