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
	_, err = b.index.Reserve(b.Context(), queue.Reservation{Agent: "amina", Fits: only("x", "q"), Now: t0, Hold: hold})
	require.ErrorIs(b, err, queue.ErrIndexIncomplete)
}

// step is one Advance and what it should answer.
type step struct {
	from, to uint64
	whole    bool
	want     error
}

// take makes the steps in a life and returns where the index is then.
func (b *bench) take(life string, steps ...step) queue.Checkpoint {
	b.Helper()
	for _, s := range steps {
		err := b.index.Advance(b.Context(), queue.Progress{
			Checkpoint: queue.Checkpoint{Life: life, Incarnation: "one", Seq: s.to}, From: s.from, Whole: s.whole,
		})
		require.ErrorIs(b, err, s.want, "%+v", s)
	}
	cp, err := b.index.Checkpoint(b.Context())
	if err != nil {
		require.ErrorIs(b, err, queue.ErrIndexIncomplete)
		return queue.Checkpoint{}
	}
	require.Equal(b, life, cp.Life)
	require.Equal(b, "one", cp.Incarnation)
	return cp
}

func advanceMovesForward(b *bench) {
	const huge uint64 = 1<<63 + 1 // in its decimal form, and as a double, it is hard to compare
	life := b.reset()
	require.Zero(b, b.take(life, step{to: 9}, step{from: 9, to: 100}), "not whole yet")
	require.EqualValues(b, 100, b.take(life, step{from: 100, to: 100, whole: true}).Seq)
	require.EqualValues(b, 100, b.take(life, step{from: 9, to: 99}).Seq, "somebody else is ahead")
	require.EqualValues(b, 120, b.take(life, step{from: 99, to: 120}).Seq, "whole it stays")
	require.EqualValues(b, huge, b.take(life, step{from: 120, to: huge}, step{from: huge - 1, to: huge - 1}).Seq)
	b.none(t0)

	life = b.reset()
	require.Zero(b, b.take(life), "begun anew")
	require.EqualValues(b, 3, b.take(life, step{to: 3, whole: true}).Seq)
}

// Whoever knows more than the index does has applied what is gone.
func advanceNoticesThatItWentBack(b *bench) {
	life := b.reset()
	require.Zero(b, b.take(life, step{from: 1, to: 5, whole: true, want: queue.ErrIndexWentBack}))
	require.EqualValues(b, 20, b.take(life,
		step{to: 20, whole: true},
		step{from: 21, to: 30, want: queue.ErrIndexWentBack},
		step{from: 100, to: 30, want: queue.ErrIndexWentBack},
		step{from: 1 << 63, to: 1 << 63, want: queue.ErrIndexWentBack},
	).Seq)
}

// Somebody applies, somebody else resets and calls it whole: what the first
// applied is gone, so it must not be counted, though the index is whole.
func advanceIsForOneLife(b *bench) {
	refused := func(cp queue.Checkpoint) {
		b.Helper()
		err := b.index.Advance(b.Context(), queue.Progress{Checkpoint: cp, Whole: true})
		require.ErrorIs(b, err, queue.ErrIndexIncomplete)
	}
	refused(queue.Checkpoint{Incarnation: "one", Seq: 1}) // never reset

	first := b.take(b.reset(), step{to: 90, whole: true})
	b.apply(pending("a-1", seq(100)))
	second := b.take(b.reset(), step{to: 95, whole: true})
	require.NotEqual(b, first.Life, second.Life)
	refused(queue.Checkpoint{Life: first.Life, Incarnation: "one", Seq: 100})
	refused(queue.Checkpoint{Life: second.Life, Incarnation: "two", Seq: 100})
	require.EqualValues(b, 95, b.take(second.Life).Seq)
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
