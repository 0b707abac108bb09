package indextest

import (
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func newIsIncomplete(b *bench) {
	ask := queue.Reservation{Agent: "amina", Now: t0, Hold: hold}
	_, err := b.index.Checkpoint(b.Context())
	require.ErrorIs(b, err, queue.ErrIndexIncomplete)
	_, err = b.index.Reserve(b.Context(), ask)
	require.ErrorIs(b, err, queue.ErrIndexIncomplete)

	// What an incomplete index holds is right and may be reserved.
	b.apply(pending("a-1"))
	b.reserveAs(ask, "a-1")
	_, err = b.index.Reserve(b.Context(), ask)
	require.ErrorIs(b, err, queue.ErrIndexIncomplete)
	require.NotErrorIs(b, err, queue.ErrNoneReady)
	_, err = b.index.Reserve(b.Context(), queue.Reservation{Agent: "amina", Queues: []string{"x", "q"}, Now: t0, Hold: hold})
	require.ErrorIs(b, err, queue.ErrIndexIncomplete)
}

func completeMovesForward(b *bench) {
	life := b.reset()
	checkpoint := func(cp, want queue.Checkpoint) {
		b.Helper()
		require.NoError(b, b.index.Complete(b.Context(), cp))
		got, err := b.index.Checkpoint(b.Context())
		require.NoError(b, err)
		require.Equal(b, want, got)
	}
	at := func(incarnation string, seq uint64) queue.Checkpoint {
		return queue.Checkpoint{Life: life, Incarnation: incarnation, Seq: seq}
	}
	checkpoint(at("one", 0), at("one", 0))
	checkpoint(at("one", 9), at("one", 9))
	checkpoint(at("one", 100), at("one", 100))
	checkpoint(at("one", 99), at("one", 100))
	checkpoint(at("one", 1<<63+1), at("one", 1<<63+1))
	checkpoint(at("one", 1<<63), at("one", 1<<63+1))
	checkpoint(at("two", 5), at("two", 5))
	b.none(t0)

	life = b.reset()
	_, err := b.index.Checkpoint(b.Context())
	require.ErrorIs(b, err, queue.ErrIndexIncomplete)
	checkpoint(at("two", 3), at("two", 3))
}

// Somebody applies, somebody else resets and completes: what the first applied is
// gone, so it must not be called complete, though the index is.
func completeIsForOneLife(b *bench) {
	refused := func(cp queue.Checkpoint) {
		b.Helper()
		require.ErrorIs(b, b.index.Complete(b.Context(), cp), queue.ErrIndexIncomplete)
	}
	refused(queue.Checkpoint{Incarnation: "one", Seq: 1}) // never reset

	first := queue.Checkpoint{Life: b.reset(), Incarnation: "one", Seq: 90}
	require.NoError(b, b.index.Complete(b.Context(), first))
	b.apply(pending("a-1", seq(100)))
	second := queue.Checkpoint{Life: b.reset(), Incarnation: "one", Seq: 95}
	require.NotEqual(b, first.Life, second.Life)
	first.Seq = 100
	refused(first)
	require.NoError(b, b.index.Complete(b.Context(), second))
	refused(first)
	got, err := b.index.Checkpoint(b.Context())
	require.NoError(b, err)
	require.Equal(b, second, got)
}

func resetForgets(b *bench) {
	b.complete()
	once := queue.Reservation{Agent: "amina", RequestID: "r", Now: t0, Hold: hold}
	b.apply(
		pending("a-1", seq(10)),
		pending("b-1", seq(10), in("other"), state(callback.Assigned), agent("amina"), dueAt(t0)),
	)
	b.reserveAs(once, "a-1")

	b.reset()
	_, err := b.index.Reserve(b.Context(), once)
	require.ErrorIs(b, err, queue.ErrIndexIncomplete)
	_, found, err := b.index.Get(b.Context(), "a-1")
	require.NoError(b, err)
	require.False(b, found)
	require.Empty(b, b.heldBy("amina"))
	require.Empty(b, b.due(t0, 10))
	require.Empty(b, b.stats(t0))
	require.Empty(b, b.walk(queue.Filter{}, 10, nothing))

	// Neither the sequence, nor the hold, nor the question is remembered.
	b.apply(pending("a-1", seq(3)), pending("c-1", seq(3), rank(1)))
	b.reserveAs(once, "c-1")
	b.reserve("bruno", t0, "a-1")
}
