package indextest

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func reserveOrder(b *bench) {
	b.complete()
	const bound = 1 << 53
	b.apply(
		pending("d-1", rank(7)), pending("b-1", rank(7)), pending("B-1", rank(7)), pending("é-1", rank(7)),
		pending("b-10", rank(7)), pending("b-1:", rank(7)),
		pending("z-1", rank(-bound)), pending("y-1", rank(1-bound)), pending("x-1", rank(-3)), pending("w-1", rank(0)),
		pending("c-1", rank(bound-1)), pending("a-1", rank(bound)),
	)
	for _, want := range []string{
		"z-1", "y-1", "x-1", "w-1", // lowest rank first
		"B-1", "b-1", "b-10", "b-1:", "d-1", "é-1", // then by the bytes of the id
		"c-1", "a-1",
	} {
		b.reserve("amina", t0, want)
	}
	b.none(t0)
}

func reserveOrderOverQueues(b *bench) {
	b.complete()
	b.apply(
		pending("a-1", in("one"), rank(3)), pending("b-1", in("one"), rank(6)),
		pending("c-1", in("two"), rank(1)), pending("d-1", in("two"), rank(5)),
		pending("e-1", in("three"), rank(4)), pending("f-1", in("three"), rank(2)),
		pending("g-2", in("one"), rank(7)), pending("g-1", in("two"), rank(7)), pending("g-3", in("three"), rank(7)),
	)
	for _, want := range []string{"c-1", "f-1", "a-1", "e-1", "d-1", "b-1", "g-1", "g-2", "g-3"} {
		b.reserve("amina", t0, want)
	}
	b.none(t0)
}

func reserveBreaksTies(b *bench) {
	b.complete()
	early, late := openedAt(t0.Add(-2*time.Hour)), openedAt(t0.Add(-time.Hour))
	b.apply(
		pending("a-1", firstDue(after(2)), early), pending("b-1", firstDue(after(1)), late),
		pending("c-1", firstDue(after(2)), late), pending("d-1", firstDue(time.Time{}), late),
		pending("e-1", firstDue(after(2)), early, in("other")), pending("f-1", firstDue(after(2)), early, line("fr/")),
		pending("g-1", rank(101), firstDue(after(0)), early),
	)
	for _, want := range []string{"d-1", "b-1", "a-1", "e-1", "f-1", "c-1", "g-1"} {
		b.reserve("amina", t0, want)
	}
	b.none(t0)
}

func reserveLines(b *bench) {
	b.complete()
	b.apply(
		pending("a-1", rank(1), line("de/")), pending("a-2", rank(2), line("de/")),
		pending("b-1", rank(3), line("fr/vip")), pending("c-1", rank(4), line("fr/")),
		pending("d-1", rank(5), line("de/"), in("two")), pending("e-1", rank(6), line("fr/"), in("two"), readyAt(after(1))),
	)
	french := queue.Reservation{Agent: "amina", Now: t0, Hold: hold, Fits: func(_, line string) (int64, bool) {
		return 0, line == "fr/"
	}}
	b.reserveAs(french, "c-1")
	_, err := b.index.Reserve(b.Context(), french)
	require.ErrorIs(b, err, queue.ErrNoneReady)
	french.Now = after(1)
	b.reserveAs(french, "e-1")
	// Another state of it may ask for something else.
	b.apply(pending("a-2", seq(2), rank(2), line("fr/")))
	b.reserveAs(french, "a-2")
	b.reserve("bruno", after(1), "a-1")
	b.reserve("bruno", after(1), "b-1")
	b.reserve("bruno", after(1), "d-1")
	// A hold that ended goes back to its line, whoever finds it.
	end := after(1).Add(hold)
	b.none(end, "nowhere")
	french.Now = end
	b.reserveAs(french, "a-2")
	b.reserve("bruno", end, "a-1", "q")
}

func reserveWithPreferences(b *bench) {
	b.complete()
	b.apply(
		pending("a-1", rank(1), in("one")), pending("a-2", rank(20), in("one")),
		pending("b-1", rank(5), in("two"), line("fr/")), pending("b-2", rank(8), in("two"), line("fr/vip")),
		pending("c-1", rank(9), in("one"), line("fr/vip"), readyAt(after(1))),
	)
	ask := queue.Reservation{Agent: "amina", Now: after(1), Hold: hold, Fits: func(name, line string) (int64, bool) {
		switch {
		case line == "fr/vip":
			return -100, true
		case name == "one":
			return 10, true
		default:
			return 0, true
		}
	}}
	for _, want := range []string{"b-2", "c-1", "b-1", "a-1", "a-2"} {
		b.reserveAs(ask, want)
	}
}

func reserveQueues(b *bench) {
	b.complete()
	b.apply(
		pending("a-1", in("one"), rank(1)),
		pending("b-1", in("two"), rank(2)), pending("b-2", in("two"), rank(3)),
		pending("c-1", in("three"), rank(4)),
	)
	b.none(t0, "nowhere")
	b.reserve("amina", t0, "b-1", "three", "two", "two")
	b.reserve("amina", t0, "b-2", "nowhere", "two")
	b.none(t0, "two")
	b.reserve("amina", t0, "c-1", "two", "three")
	b.reserve("amina", t0, "a-1")
}

func reserveOnlyPending(b *bench) {
	b.complete()
	for s := callback.StateUnspecified; s <= callback.Canceled; s++ {
		if s != callback.Pending {
			b.apply(pending("a-"+s.String(), state(s)))
		}
	}
	b.none(after(100))
}

func reserveWaitsForReadyAt(b *bench) {
	b.complete()
	b.apply(
		pending("a-1", rank(1), readyAt(after(50))),
		pending("b-1", rank(2), readyAt(after(30))),
		pending("c-1", rank(3), readyAt(time.Time{})),
		pending("d-1", rank(4), readyAt(after(50)), in("other")),
	)
	b.none(after(49), "other")
	b.reserve("amina", t0, "c-1")
	b.none(after(30).Add(-time.Microsecond))
	b.reserve("amina", after(30), "b-1")
	b.none(after(50).Add(-time.Microsecond))
	b.reserve("amina", after(50), "a-1")
	b.reserve("amina", after(50), "d-1")

	// A later state may bring the moment forward, or put it off.
	b.apply(pending("e-1", readyAt(after(500))), pending("f-1", readyAt(t0)))
	b.apply(pending("e-1", seq(2), readyAt(after(51))), pending("f-1", seq(2), readyAt(after(500))))
	b.reserve("amina", after(51), "e-1")
	b.none(after(51))
}

func reserveDistrustsClock(b *bench) {
	b.complete()
	b.apply(
		pending("a-1", rank(1), readyAt(after(60))), pending("b-1", rank(2), readyAt(after(60))),
		// Opened by a clock that is ahead of all that ask here.
		pending("c-1", rank(3), openedAt(after(90)), readyAt(after(80))),
		pending("d-1", rank(9)),
	)
	b.reserve("ahead", after(60), "a-1")
	b.reserve("behind", after(30), "d-1")
	b.none(after(30))
	b.reserve("ahead", after(60), "b-1")
	b.none(after(79))
	b.reserve("ahead", after(80), "c-1")

	// Not even when they are many, and first in their queue.
	b.apply(many(300, func(i int) queue.Entry {
		return pending(number("e", i), in("early"), rank(int64(i)), openedAt(after(900)), readyAt(after(900)))
	})...)
	b.apply(pending("f-1", in("early"), rank(800)), pending("g-1", in("other"), rank(700)))
	b.reserve("behind", after(85), "g-1")
	b.reserve("behind", after(85), "f-1")
	b.none(after(85))
	b.none(after(85), "early")
	b.reserve("ahead", after(900), number("e", 0), "early")
}

func reserveSortsManyRipe(b *bench) {
	b.complete()
	const count = 700 // more than an implementation may move in one step
	for _, name := range []string{"one", "two", "three"} {
		b.apply(many(count, func(i int) queue.Entry {
			// The first to become ready are the last in order.
			return pending(number(name, i), in(name), rank(int64(i)), readyAt(after(count-i)))
		})...)
	}
	b.reserve("amina", after(2*count), "three-00000", "three")
	b.reserve("amina", after(2*count), "one-00000")
	b.reserve("amina", after(2*count), "two-00000")
	b.reserve("amina", after(2*count), "two-00001", "two")
	b.reserve("amina", after(2*count), "one-00001", "one")
}

func reserveSortsTies(b *bench) {
	b.complete()
	early, late := readyAt(time.Time{}), readyAt(after(5))
	b.apply(
		pending("a-1", early, in("one")), pending("b-1", late, in("one")),
		pending("a-2", late, in("two")), pending("b-2", early, in("two")),
		pending("z-3", late, in("three")), pending("é-3", early, in("three")),
		pending("k-10", late, in("four")), pending("k-1", early, in("four")),
	)
	for _, want := range [][]string{
		{"one", "a-1", "b-1"}, {"two", "a-2", "b-2"}, {"three", "z-3", "é-3"}, {"four", "k-1", "k-10"},
	} {
		b.reserve("amina", after(5), want[1], want[0])
		b.reserve("amina", after(5), want[2], want[0])
	}
}

func holdLasts(b *bench) {
	b.complete()
	b.apply(pending("a-1", rank(1)), pending("b-1", rank(2)))
	e := b.reserve("amina", t0, "a-1")
	require.Equal(b, pending("a-1", rank(1)), e, "a reservation changes nothing in the entry")
	require.Equal(b, e, b.get("a-1"))
	b.reserve("bruno", after(1), "b-1")
	b.none(t0.Add(hold).Add(-time.Microsecond))
	b.reserve("chloe", t0.Add(hold), "a-1")
	b.none(t0.Add(hold))
	b.reserve("chloe", after(1).Add(hold), "b-1")
	b.none(after(1).Add(hold))
}

func releases(b *bench) {
	b.complete()
	b.apply(pending("a-1", rank(1)), pending("b-1", rank(2), line("fr/"), in("two")), pending("c-1", rank(3), readyAt(after(10))))
	ask := queue.Reservation{Agent: "amina", RequestID: "r", Now: t0, Hold: hold}
	a := b.reserveAs(ask, "a-1")
	two := b.reserve("amina", t0, "b-1")
	require.NoError(b, b.index.Release(b.Context(), t0, a, two, pending("c-1"), pending("nobody")))
	require.Equal(b, []queue.Stats{
		{Queue: "q", Ready: 1, Delayed: 1, OldestReady: a.OpenedAt}, {Queue: "two", Ready: 1, OldestReady: two.OpenedAt},
	}, b.stats(t0))
	ask.Agent = "bruno"
	b.reserveAs(ask, "a-1")
	ask.Agent = "amina"
	b.reserveAs(ask, "b-1") // the question is forgotten with the hold
	b.none(t0)

	// One that is not ready after all waits for its moment.
	c := b.reserve("ahead", after(10), "c-1")
	require.NoError(b, b.index.Release(b.Context(), after(5), c))
	b.none(after(5))
	b.reserve("chloe", after(10), "c-1")
	require.NoError(b, b.index.Release(b.Context(), t0))
}

func lines(b *bench) {
	b.complete()
	list := func(now time.Time) []queue.Line {
		b.Helper()
		got, err := b.index.Lines(b.Context(), now)
		require.NoError(b, err)
		slices.SortFunc(got, func(x, y queue.Line) int { return cmp.Or(cmp.Compare(x.Queue, y.Queue), cmp.Compare(x.Line, y.Line)) })
		return got
	}
	require.Empty(b, list(t0))
	b.apply(
		pending("a-1", rank(1)), pending("b-1"), pending("c-1", line("fr/")), pending("d-1", line("fr/vip"), readyAt(after(5))),
		pending("e-1", in("two"), line("fr/")), pending("f-1", state(callback.Assigned), agent("amina"), line("de/")),
	)
	want := []queue.Line{
		{Queue: "q", Line: "/", Ready: 2, First: "a-1"}, {Queue: "q", Line: "fr/", Ready: 1, First: "c-1"}, {Queue: "two", Line: "fr/", Ready: 1, First: "e-1"},
	}
	require.Equal(b, want, list(t0))
	b.reserve("amina", t0, "a-1")
	want[0].Ready, want[0].First = 1, "b-1"
	want = slices.Insert(want, 2, queue.Line{Queue: "q", Line: "fr/vip", Ready: 1, First: "d-1"})
	require.Equal(b, want, list(after(5)))
	b.apply(pending("c-1", seq(2), state(callback.Completed)))
	require.Equal(b, slices.Delete(want, 1, 2), list(after(5)))
}

func manyHoldsEnd(b *bench) {
	b.complete()
	const count = 300
	b.apply(many(count, func(i int) queue.Entry { return pending(number("a", i), rank(int64(i))) })...)
	for round := range 2 {
		now := t0.Add(time.Duration(round) * hold)
		for i := range count {
			b.reserve("amina", now, number("a", i))
		}
		b.none(now)
	}
}

func sameRequest(b *bench) {
	b.complete()
	b.apply(
		pending("a-1", rank(1), in("one")), pending("b-1", rank(2), in("two")), pending("c-1", rank(3), in("one")),
		pending("d-1", rank(4), in("one")), pending("e-1", rank(5), in("one")),
	)
	ask := func(agent, request, want string, seconds int, queues ...string) {
		b.Helper()
		b.reserveAs(queue.Reservation{
			Agent: agent, RequestID: request, Fits: only(queues...), Now: after(seconds), Hold: hold,
		}, want)
	}
	ask("amina", "r", "a-1", 0)
	ask("amina", "r", "a-1", 1)
	ask("amina", "r", "a-1", 59, "two") // whatever else is asked for
	ask("amina", "r", "a-1", 59, "one")
	ask("bruno", "r", "b-1", 2)
	ask("amina", "s", "c-1", 2, "one")
	ask("amina", "s", "c-1", 3, "one")
	// Names that run into one another when they are merely joined.
	ask("x/y", "z", "d-1", 4)
	ask("x", "y/z", "e-1", 4)
	ask("x/y", "z", "d-1", 5)
}

func requestAnsweredAnew(b *bench) {
	b.complete()
	ask := queue.Reservation{Agent: "amina", RequestID: "r", Now: t0, Hold: hold}
	b.apply(pending("a-1", rank(2)))
	b.reserveAs(ask, "a-1")

	// The hold ended, and asking again does not make it longer.
	b.apply(pending("b-1", rank(1)))
	ask.Now = t0.Add(hold).Add(-time.Microsecond)
	b.reserveAs(ask, "a-1")
	ask.Now = t0.Add(hold)
	b.reserveAs(ask, "b-1")
	b.reserveAs(ask, "b-1")
	b.reserve("bruno", ask.Now, "a-1")
	b.reserveAs(ask, "b-1") // the old answer's way took nothing of the new one

	// The commit is known.
	b.apply(pending("b-1", seq(2), state(callback.Assigned), agent("amina")), pending("c-1"))
	b.reserveAs(ask, "c-1")

	// No request id, no memory.
	b.apply(pending("d-1"), pending("e-1"))
	b.reserve("amina", ask.Now, "d-1")
	b.reserve("amina", ask.Now, "e-1")
}

func concurrentReservations(b *bench) {
	b.complete()
	const agents, count = 32, 2000
	queues := []string{"one", "two", "three"}
	b.apply(many(count, func(i int) queue.Entry {
		return pending(number("a", i), in(queues[i%len(queues)]), rank(int64(i%7)))
	})...)
	taken := make([][]string, agents)
	var group sync.WaitGroup
	for a := range agents {
		group.Go(func() {
			ask := queue.Reservation{Agent: number("agent", a), Now: t0, Hold: hold}
			for len(taken[a]) <= count {
				e, err := b.index.Reserve(b.Context(), ask)
				if err != nil {
					assert.ErrorIs(b, err, queue.ErrNoneReady)
					return
				}
				taken[a] = append(taken[a], e.ID)
			}
		})
	}
	group.Wait()
	got := slices.Sorted(slices.Values(slices.Concat(taken...)))
	require.Equal(b, ids(many(count, func(i int) queue.Entry { return pending(number("a", i)) })), got)
	b.none(t0)
}
