package indextest

import (
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func pageOrder(b *bench) {
	b.apply(
		pending("c-1", openedAt(after(10))), pending("a-1", openedAt(after(30)), in("other")),
		pending("b-1", openedAt(after(20)), state(callback.Completed)), pending("e-1", openedAt(after(20)), in("other")),
		pending("d-1", openedAt(after(20)), readyAt(after(999))), pending("f-1", openedAt(after(20)), state(callback.Wrapping)),
		pending("g-1", openedAt(after(20)), state(callback.StateUnspecified)),
	)
	want := []string{"c-1", "b-1", "d-1", "e-1", "f-1", "g-1", "a-1"}
	for limit := 1; limit <= len(want)+1; limit++ {
		require.Equal(b, want, b.walk(queue.Filter{}, limit, nothing), "pages of %d", limit)
	}
	p, err := b.index.Page(b.Context(), queue.Filter{}, "", len(want))
	require.NoError(b, err)
	require.Empty(b, p.Next, "a full last page says that it is the last")
	require.Equal(b, pending("c-1", openedAt(after(10))), p.Entries[0])
}

func pageFilters(b *bench) {
	states := []callback.State{
		callback.Pending, callback.Reserved, callback.Assigned, callback.Attempting, callback.Wrapping,
		callback.Completed, callback.Canceled,
	}
	agents, queues := []string{"", "amina", "bruno"}, []string{"one", "two"}
	entries := many(126, func(i int) queue.Entry {
		return pending(number("a", i), openedAt(after(i/3)), readyAt(after(i%5)),
			state(states[i%7]), agent(agents[i/7%3]), in(queues[i/21%2]), sla(standing(states[i%7], i%5)))
	})
	b.apply(entries...)
	b.reserve("amina", after(2), "a-00000") // held or delayed, pending is pending
	for _, f := range []queue.Filter{
		{},
		{Queue: "one"},
		{Queue: "nowhere"},
		{Agent: "amina"},
		{Agent: "nobody"},
		{States: []callback.State{callback.Pending}},
		{States: []callback.State{callback.Canceled, callback.Assigned, callback.Canceled}},
		{States: states[1:5], Queue: "two"},
		{Agent: "bruno", Queue: "one"},
		{Agent: "bruno", Queue: "one", States: states[4:6]},
		{Agent: "amina", States: states[:1]},
		{Agent: "amina", Queue: "nowhere"},
		{SLA: []callback.SLAState{callback.SLABreached}},
		{SLA: []callback.SLAState{callback.SLAAtRisk, callback.SLABreached}, Queue: "one"},
		{SLA: []callback.SLAState{callback.SLABreached, callback.SLABreached}, States: states[5:]},
		{SLA: []callback.SLAState{callback.SLAAtRisk}, States: states[:1]},
		{SLA: []callback.SLAState{callback.SLAAtRisk, callback.SLAOnTrack}},
		{SLA: []callback.SLAState{callback.SLAKept}, Agent: "amina", OpenedBefore: after(20)},
		{SLA: []callback.SLAState{callback.SLANone}, Queue: "two"},
		{OpenedFrom: after(7)},
		{OpenedBefore: after(7)},
		{OpenedFrom: after(7), OpenedBefore: after(9)},
		{OpenedFrom: after(7), OpenedBefore: after(7)},
		{OpenedFrom: after(-3), OpenedBefore: after(1000)},
		{OpenedFrom: after(12).Add(1), Queue: "two", States: states[:3]},
		{OpenedBefore: after(12).Add(1), Agent: "bruno"},
	} {
		want := ids(slices.DeleteFunc(slices.Clone(entries), func(e queue.Entry) bool { return !chosen(f, e) }))
		for _, limit := range []int{1, 7, 200} {
			require.Equal(b, want, append([]string{}, b.walk(f, limit, nothing)...), "%+v by %d", f, limit)
		}
	}
}

// chosen says what a filter means.
func chosen(f queue.Filter, e queue.Entry) bool {
	return (f.Queue == "" || f.Queue == e.Queue) && (f.Agent == "" || f.Agent == e.Agent) &&
		(len(f.States) == 0 || slices.Contains(f.States, e.State)) && (len(f.SLA) == 0 || slices.Contains(f.SLA, e.SLA)) &&
		!e.OpenedAt.Before(f.OpenedFrom) && (f.OpenedBefore.IsZero() || e.OpenedAt.Before(f.OpenedBefore))
}

func pageStandsInsertions(b *bench) {
	const count = 60
	old := many(count, func(i int) queue.Entry { return pending(number("b", i), openedAt(after(10*(i/4)))) })
	b.apply(old...)
	inserted := 0
	got := b.walk(queue.Filter{}, 7, func() {
		i := inserted
		inserted++
		b.apply(
			pending(number("a", i), openedAt(after(-i))),          // before all
			pending(number("bb", i), openedAt(after(5+20*i))),     // anywhere
			pending(number("c", i), openedAt(after(100_000-9*i))), // behind all
		)
	})
	require.Len(b, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "no entry twice")
	isNew := func(id string) bool { return id[:2] != "b-" }
	require.Equal(b, ids(old), slices.DeleteFunc(slices.Clone(got), isNew), "all old entries, in order")
	require.Contains(b, got, number("c", 0), "what is inserted further on is met")
	require.NotContains(b, got, number("a", 0))
}

func pageStandsChanges(b *bench) {
	const count = 60
	entry := func(i int) queue.Entry { return pending(number("a", i), openedAt(after(i))) }
	b.apply(many(count, entry)...)
	changed := 4
	got := b.walk(queue.Filter{}, 7, func() {
		// The last page's and the next one's entries change state meanwhile.
		for range min(7, count-changed) {
			e := entry(changed)
			state(callback.Pending + callback.State(changed%7))(&e)
			seq(2)(&e)
			b.apply(e)
			changed++
		}
	})
	require.Equal(b, ids(many(count, entry)), got)
}

func pageRefusesCursor(b *bench) {
	b.apply(pending("a-1"))
	for _, cursor := range []string{"?", "a-1", "zzzz"} {
		_, err := b.index.Page(b.Context(), queue.Filter{}, cursor, 10)
		require.ErrorIs(b, err, queue.ErrBadPageToken)
	}
}
