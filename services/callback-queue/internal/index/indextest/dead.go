package indextest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// looked is how many lines a reservation that takes none is asked about: what a claim
// costs. The one before it may have gone by what was so long ago.
func (b *bench) looked(seconds int) int {
	b.Helper()
	asked := make(map[string]bool)
	for range 2 {
		clear(asked)
		_, err := b.index.Reserve(b.Context(), queue.Reservation{Agent: "none", Now: after(seconds), Hold: hold, Fits: func(name, line string) (int64, bool) {
			asked[name+" "+line] = true
			return 0, false
		}})
		require.ErrorIs(b, err, queue.ErrNoneReady)
	}
	return len(asked)
}

// Lines come from customers, and each try makes one more: those in which nothing
// waits any more must cost nobody anything.
func deadLines(b *bench) {
	const count = 120
	b.complete()
	b.apply(pending("stays-1", line("fr/")))
	require.Equal(b, 1, b.looked(0))

	needs := func(i int) string { return fmt.Sprintf("fr//Zone%%2F%d,FR", i) }
	place := func(i int) string { return []string{"q", "other"}[i%2] }
	b.apply(many(count, func(i int) queue.Entry { return pending(number("a", i), line(needs(i)), in(place(i)), rank(int64(i))) })...)
	require.Equal(b, 1+count, b.looked(0))
	b.apply(many(count, func(i int) queue.Entry {
		return pending(number("a", i), seq(2), line(needs(i)+"/amina"), in(place(i)), rank(int64(i)))
	})...)
	require.Equal(b, 1+count, b.looked(0), "they stand in other lines now")

	for i := range count {
		e := b.reserveAs(queue.Reservation{Agent: "amina", Now: t0, Hold: hold, Fits: func(name, text string) (int64, bool) {
			return 0, name == place(i) && text == needs(i)+"/amina"
		}}, number("a", i))
		switch i % 5 {
		case 0: // taken, closed
			e.Seq, e.State, e.Agent = 3, callback.Assigned, "amina"
			b.apply(e)
			e.Seq, e.State, e.Agent = 4, callback.Completed, ""
			b.apply(e)
		case 1: // nothing comes of it: the hold ends
		case 2: // given back, and canceled
			require.NoError(b, b.index.Release(b.Context(), t0, e))
			e.Seq, e.State = 3, callback.Canceled
			b.apply(e)
		case 3: // waits for another try
			e.Seq, e.ReadyAt = 3, after(1000)
			b.apply(e)
		case 4: // goes elsewhere
			e.Seq, e.Queue, e.Former, e.Line = 3, "third", e.Queue, "fr/"
			b.apply(e)
		}
	}
	require.Equal(b, 2, b.looked(0), "only what is ready has a line")
	require.Equal(b, 2+count/5, b.looked(100), "holds have ended")
	require.Equal(b, 2+2*count/5, b.looked(1000), "delays have passed")
	b.apply(many(count, func(i int) queue.Entry {
		return pending(number("a", i), seq(9), in(place(i)), state(callback.Completed))
	})...)
	b.apply(many(count, func(i int) queue.Entry {
		return pending(number("a", i), seq(9), in("third"), state(callback.Completed))
	})...)
	require.Equal(b, 1, b.looked(1000))
	lines, err := b.index.Lines(b.Context(), after(1000))
	require.NoError(b, err)
	require.Equal(b, []queue.Line{{Queue: "q", Line: "fr/", Ready: 1, First: "stays-1"}}, lines)

	b.reserve("amina", after(1000), "stays-1")
	require.Zero(b, b.looked(1000))
	b.complete()
	require.Zero(b, b.looked(1000))
}
