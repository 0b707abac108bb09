package indextest

import (
	"math"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func applyKeepsFields(b *bench) {
	nano := t0.Add(123456789 * time.Nanosecond)
	entries := []queue.Entry{
		{
			ID: "k3y-12", CustomerKey: "k3y", Seq: math.MaxUint64, State: callback.Wrapping, Queue: "q", Line: "fr/billing:3,vip",
			Rank: math.MaxInt64, FirstDue: nano.Add(3), OpenedAt: nano, ReadyAt: nano.Add(1), DueAt: nano.Add(2), Agent: "amina",
		},
		{
			ID: "no dash", CustomerKey: "another one", Seq: 1, State: callback.Pending, Queue: "p",
			Rank: math.MinInt64, OpenedAt: nano,
		},
		{ID: "k3y-13", CustomerKey: "", Seq: 2, State: callback.Canceled, Queue: "q", DueAt: nano},
		{ID: "!-1", CustomerKey: "=", Seq: 1<<53 + 1, State: callback.Completed, Queue: "q", Agent: "amina", ForgetAt: nano},
	}
	b.apply(entries...)
	for _, e := range entries {
		require.Equal(b, e, b.get(e.ID))
	}
	_, found, err := b.index.Get(b.Context(), "k3y-14")
	require.NoError(b, err)
	require.False(b, found)
	require.NoError(b, b.index.Apply(b.Context()), "nothing to apply")
}

func applyIgnoresStale(b *bench) {
	b.complete()
	b.apply(pending("a-1", seq(10), rank(5)), pending("b-1", rank(6)))
	b.reserve("amina", t0, "a-1")
	for _, stale := range []uint64{9, 10} {
		b.apply(pending("a-1", seq(stale), rank(1), state(callback.Assigned), agent("bruno"), dueAt(t0)))
		require.Equal(b, pending("a-1", seq(10), rank(5)), b.get("a-1"))
		require.Empty(b, b.heldBy("bruno"))
		require.Empty(b, b.due(t0, 9))
	}
	// The hold was not ended by them either.
	b.reserve("bruno", t0, "b-1")
	b.none(t0)
}

func applyComparesWholeSeq(b *bench) {
	for _, s := range []uint64{9, 10, 99, 1 << 53, 1<<53 + 1, math.MaxUint64 - 1, math.MaxUint64} {
		b.apply(pending("a-1", seq(s)))
		require.Equal(b, s, b.get("a-1").Seq)
		b.apply(pending("a-1", seq(s-1), rank(1)))
		require.Equal(b, pending("a-1", seq(s)), b.get("a-1"))
	}
}

func applyTakesNewestOfBatch(b *bench) {
	b.apply(pending("a-1", seq(3), rank(3)), pending("a-1", seq(4), rank(4)), pending("a-1", seq(2), rank(2)))
	require.Equal(b, pending("a-1", seq(4), rank(4)), b.get("a-1"))
	require.Equal(b, []string{"a-1"}, b.walk(queue.Filter{}, 10, nothing))
	b.reserve("amina", t0, "a-1")
}

func applyEndsHold(b *bench) {
	b.complete()
	b.apply(pending("a-1"))
	b.reserve("amina", t0, "a-1")
	b.none(t0)
	b.apply(pending("a-1", seq(2)))
	b.reserve("bruno", t0, "a-1")

	b.apply(pending("a-1", seq(3), state(callback.Assigned), agent("bruno")))
	b.none(after(3600)) // nor does it come back when the hold would have ended
	require.Equal(b, []string{"a-1"}, b.heldBy("bruno"))
}

// What has moved is in one queue only, however often and in whatever order it is
// told, and whatever it was about to be in the other.
func applyMoves(b *bench) {
	b.complete()
	before := []queue.Entry{
		pending("a-1", in("one"), rank(1), dueAt(t0)), pending("b-1", in("one"), rank(2), readyAt(after(60))),
		pending("c-1", in("one"), state(callback.Assigned), agent("amina"), dueAt(t0)), pending("d-1", in("one"), rank(3)),
	}
	b.apply(before...)
	b.reserveAs(queue.Reservation{Agent: "amina", RequestID: "r", Now: t0, Hold: hold}, "a-1")
	moved := []queue.Entry{
		pending("a-1", in("two"), from("one"), seq(5), rank(1)), pending("b-1", in("two"), from("one"), seq(6), rank(2)),
		pending("c-1", in("two"), from("one"), seq(7), rank(3)), pending("d-1", in("two"), from("one"), seq(8), rank(4)),
	}
	for range 2 {
		b.apply(moved...)
		b.apply(before...)
		b.none(after(600), "one")
		require.Equal(b, []queue.Stats{{Queue: "two", Ready: 4, OldestReady: t0.Add(-time.Hour)}}, b.stats(t0))
		require.Empty(b, b.walk(queue.Filter{Queue: "one"}, 10, nothing))
		require.Equal(b, []string{"a-1", "b-1", "c-1", "d-1"}, b.walk(queue.Filter{}, 3, nothing))
		require.Empty(b, b.heldBy("amina"))
		require.Empty(b, b.due(after(600), 10))
		got := b.get("a-1")
		require.Equal(b, []any{"two", uint64(5), ""}, []any{got.Queue, got.Seq, got.Former})
	}
	b.reserve("bruno", t0, "a-1", "two")

	// On to a third, and back: each move is told.
	b.apply(pending("a-1", in("three"), from("two"), seq(11)), pending("a-1", in("two"), from("one"), seq(10)))
	b.apply(pending("b-1", in("one"), from("two"), seq(12)))
	b.reserve("bruno", t0, "a-1", "three")
	b.reserve("bruno", t0, "b-1", "one")
	b.reserve("bruno", t0, "c-1")
	b.reserve("bruno", t0, "d-1")
	b.none(t0)
}

func applyTakesMany(b *bench) {
	const count = 1500 // more than any batch an implementation may make
	b.apply(many(count, func(i int) queue.Entry { return pending(number("a", i), rank(int64(count-i))) })...)
	require.Len(b, b.walk(queue.Filter{}, 500, nothing), count)
	b.reserve("amina", t0, number("a", count-1))
	b.reserve("amina", t0, number("a", count-2))
}

func concurrentApplies(b *bench) {
	const writers, newest = 8, 200
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for s := w + 1; s <= newest; s += writers {
				held := pending("a-1", seq(uint64(s)), rank(int64(s)), agent(number("agent", s)), state(callback.Assigned))
				assert.NoError(b, b.index.Apply(b.Context(), held))
			}
		})
	}
	group.Wait()
	require.EqualValues(b, newest, b.get("a-1").Seq)
	require.Equal(b, []string{"a-1"}, b.heldBy(number("agent", newest)))
	for s := 1; s < newest; s++ {
		require.Empty(b, b.heldBy(number("agent", s)))
	}
	require.Equal(b, []string{"a-1"}, b.walk(queue.Filter{}, 10, nothing))
}

func terminalEntries(b *bench) {
	b.complete()
	for i, s := range []callback.State{callback.Completed, callback.Canceled} {
		id := number("a", i)
		b.apply(pending(id, seq(2), dueAt(t0)))
		b.apply(pending(id, seq(9), state(s), agent("amina")))
		b.none(after(10))
		require.Empty(b, b.due(after(10), 10))
		require.Empty(b, b.heldBy("amina"))
		require.Equal(b, []string{id}, b.walk(queue.Filter{States: []callback.State{s}}, 10, nothing))

		b.apply(pending(id, seq(8)))
		require.Equal(b, s, b.get(id).State)
		b.none(after(10))
	}
	require.Equal(b, []queue.Stats{{Queue: "q"}}, b.stats(after(10)))
}
