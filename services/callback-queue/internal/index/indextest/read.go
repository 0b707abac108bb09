package indextest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func heldBy(b *bench) {
	b.apply(
		pending("d-1", seq(4), state(callback.Reserved), agent("amina")),
		pending("c-1", seq(3), state(callback.Assigned), agent("amina"), in("other")),
		pending("b-1", seq(2), state(callback.Attempting), agent("amina")),
		pending("a-1", seq(5), state(callback.Wrapping), agent("amina")),
		pending("e-1", seq(1), state(callback.Assigned), agent("bruno")),
		pending("f-1", seq(1), state(callback.Assigned)),
		pending("g-1", seq(1)),
	)
	require.Equal(b, []string{"b-1", "c-1", "d-1", "a-1"}, b.heldBy("amina"))
	require.Equal(b, []string{"e-1"}, b.heldBy("bruno"))
	require.Empty(b, b.heldBy("nobody"))
	require.Empty(b, b.heldBy(""))

	// A reservation is not in the agent's hands before the commit.
	b.reserve("bruno", t0, "g-1")
	require.Equal(b, []string{"e-1"}, b.heldBy("bruno"))

	b.apply(
		pending("b-1", seq(6), state(callback.Wrapping), agent("amina")),
		pending("c-1", seq(6), state(callback.Assigned), agent("bruno"), in("other")),
		pending("d-1", seq(6), state(callback.Pending), readyAt(after(9))),
		pending("a-1", seq(6), state(callback.Completed)),
	)
	require.Equal(b, []string{"b-1"}, b.heldBy("amina"))
	require.Equal(b, []string{"e-1", "c-1"}, b.heldBy("bruno"))
}

func statsCounts(b *bench) {
	b.apply(
		pending("a-1", in("b"), openedAt(after(-50)), rank(1)), pending("a-2", in("b"), openedAt(after(-70)), rank(2)),
		pending("a-3", in("b"), openedAt(after(-90)), rank(3)), pending("a-4", in("b"), openedAt(after(-95)), readyAt(after(1))),
		pending("b-1", in("b"), state(callback.Reserved)), pending("b-2", in("b"), state(callback.Assigned)),
		pending("b-3", in("b"), state(callback.Attempting)), pending("b-4", in("b"), state(callback.Wrapping)),
		pending("c-1", in("b"), state(callback.Completed)), pending("c-2", in("b"), state(callback.Canceled)),
		pending("d-1", in("a"), readyAt(after(60))), pending("e-1", in("c"), state(callback.Completed)),
	)
	require.Equal(b, []queue.Stats{
		{Queue: "a", Delayed: 1},
		{Queue: "b", Ready: 3, Delayed: 1, Held: 4, OldestReady: after(-90)},
		{Queue: "c"},
	}, b.stats(t0))

	// What is reserved is held, by the agent who is about to commit.
	b.reserve("amina", t0, "a-1")
	b.reserve("amina", t0, "a-2")
	b.reserve("amina", t0, "a-3")
	require.Equal(b, queue.Stats{Queue: "b", Delayed: 1, Held: 7}, b.stats(t0)[1])

	// What rings is counted while it is open, whatever its state.
	b.apply(
		pending("a-1", in("b"), seq(2), sla(callback.SLAAtRisk)), pending("b-1", in("b"), seq(2), state(callback.Reserved), sla(callback.SLABreached)),
		pending("c-1", in("b"), seq(2), state(callback.Completed), sla(callback.SLABreached)), pending("d-1", in("a"), seq(2), readyAt(after(60)), sla(callback.SLAOnTrack)),
	)
	rows := b.stats(t0)
	require.Equal(b, []int{0, 0, 1, 1}, []int{rows[0].AtRisk, rows[0].Breached, rows[1].AtRisk, rows[1].Breached})
	b.apply(pending("a-1", in("b"), seq(3), state(callback.Completed), sla(callback.SLAKept)), pending("b-1", in("b"), seq(3), sla(callback.SLAAtRisk)))
	rows = b.stats(t0)
	require.Equal(b, []int{1, 0}, []int{rows[1].AtRisk, rows[1].Breached})
}

func statsFollowsClock(b *bench) {
	const count = 300
	b.apply(many(count, func(i int) queue.Entry {
		return pending(number("a", i), rank(int64(i)), openedAt(after(-i-1)), readyAt(after(i)))
	})...)
	row := func(seconds, ready, held int, oldest time.Time) {
		b.Helper()
		require.Equal(b, []queue.Stats{{
			Queue: "q", Ready: ready, Delayed: count - ready - held, Held: held, OldestReady: oldest,
		}}, b.stats(after(seconds)))
	}
	row(-1, 0, 0, time.Time{})
	row(0, 1, 0, after(-1))
	row(9, 10, 0, after(-10))
	b.reserve("amina", after(9), number("a", 0))
	row(9, 9, 1, after(-10))
	row(9+59, 68, 1, after(-69))
	row(9+60, 70, 0, after(-70))
	row(2*count, count, 0, after(-count))
}

func anyName(b *bench) {
	b.complete()
	names := []string{"{x}", "}", "a b", "a:b", "a;b", "a", "a*", "é\x00\xff", "%", "%index", "r", "2", "-"}
	for i, name := range names {
		b.apply(pending(number("q", i), in(name), rank(int64(i))))
		b.apply(pending(number("a", i), state(callback.Assigned), agent(name)))
	}
	b.apply(pending("nameless", in(""), rank(-1)))
	b.reserve("amina", t0, "nameless")
	for i, name := range names {
		require.Equal(b, []string{number("a", i)}, b.heldBy(name), "%q", name)
		require.Equal(b, name, b.get(number("a", i)).Agent)
		require.Equal(b, []string{number("a", i)}, b.walk(queue.Filter{Agent: name}, 10, nothing), "%q", name)
		require.Equal(b, []string{number("q", i)}, b.walk(queue.Filter{Queue: name}, 10, nothing), "%q", name)
		ask := queue.Reservation{Agent: name, RequestID: name, Fits: only(name), Now: t0, Hold: hold}
		b.reserveAs(ask, number("q", i))
		b.reserveAs(ask, number("q", i))
	}
}

func before(b *bench) {
	b.complete()
	place := func(now time.Time, name, id string) []any {
		b.Helper()
		n, ready, err := b.index.Before(b.Context(), name, id, now)
		require.NoError(b, err)
		return []any{n, ready}
	}
	none := []any{0, false}
	require.Equal(b, none, place(t0, "q", "a-1"))
	b.apply(
		pending("a-1", rank(5), line("fr/")), pending("b-1", rank(3)), pending("c-1", rank(3), line("fr/vip")), pending("d-1", rank(1), readyAt(after(60))),
		pending("e-1", rank(-9), in("other")), pending("f-1", rank(2), state(callback.Assigned), agent("amina")),
	)
	require.Equal(b, []any{2, true}, place(t0, "q", "a-1"))
	require.Equal(b, []any{0, true}, place(t0, "q", "b-1"))
	require.Equal(b, []any{1, true}, place(t0, "q", "c-1"))
	require.Equal(b, []any{0, true}, place(t0, "other", "e-1"))
	require.Equal(b, none, place(t0, "q", "d-1"), "not yet")
	require.Equal(b, none, place(t0, "q", "e-1"), "elsewhere")
	require.Equal(b, none, place(t0, "q", "f-1"), "in hand")
	require.Equal(b, none, place(t0, "nowhere", "a-1"))
	b.reserve("bruno", t0, "b-1", "q")
	require.Equal(b, none, place(t0, "q", "b-1"), "being taken")
	require.Equal(b, []any{1, true}, place(t0, "q", "a-1"))
	require.Equal(b, []any{3, true}, place(after(61), "q", "a-1"), "a moment has come, and a hold has ended")
	require.Equal(b, []any{0, true}, place(after(61), "q", "d-1"))
}
