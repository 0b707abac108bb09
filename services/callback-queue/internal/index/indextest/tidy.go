package indextest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func (b *bench) tidy(now time.Time) {
	b.Helper()
	require.NoError(b, b.index.Tidy(b.Context(), now))
}

// What is closed goes when its time has come, from wherever it was listed; what is
// open, or has no such time, stays.
func tidyForgets(b *bench) {
	b.complete()
	b.apply(
		pending("a-1", state(callback.Completed), agent("amina"), sla(callback.SLABreached), forgetAt(after(10))),
		pending("b-1", state(callback.Canceled), in("other"), forgetAt(after(20))),
		pending("c-1", state(callback.Completed)),
		pending("d-1"),
	)
	all := func() []string { return b.walk(queue.Filter{}, 10, nothing) }
	b.tidy(after(10).Add(-time.Microsecond))
	require.Equal(b, []string{"a-1", "b-1", "c-1", "d-1"}, all())
	require.Equal(b, after(10), b.get("a-1").ForgetAt)

	b.tidy(after(10))
	require.Equal(b, []string{"b-1", "c-1", "d-1"}, all())
	require.Empty(b, b.walk(queue.Filter{Agent: "amina"}, 10, nothing))
	require.Empty(b, b.walk(queue.Filter{SLA: []callback.SLAState{callback.SLABreached}}, 10, nothing))
	require.Equal(b, []string{"c-1"}, b.walk(queue.Filter{States: []callback.State{callback.Completed}}, 10, nothing))
	_, found, err := b.index.Get(b.Context(), "a-1")
	require.NoError(b, err)
	require.False(b, found)

	// Reopened, it is to be forgotten no more; closed again, later.
	b.apply(pending("b-1", seq(2), in("other")))
	b.tidy(after(99))
	require.Equal(b, []string{"b-1", "c-1", "d-1"}, all())
	b.apply(pending("b-1", seq(3), in("other"), state(callback.Completed), forgetAt(after(200))))
	b.tidy(after(199))
	require.Equal(b, []string{"b-1", "c-1", "d-1"}, all())
	b.tidy(after(200))
	require.Equal(b, []string{"c-1", "d-1"}, all())
	require.Equal(b, []queue.Stats{{Queue: "q", Ready: 1, OldestReady: t0.Add(-time.Hour)}}, b.stats(t0))

	// It is not remembered that it was there: one that is reopened comes back.
	b.apply(pending("a-1", seq(5)))
	b.reserve("bruno", t0, "a-1")
}

// Where a queue remembers what has left it, it does so for as long as it is told to.
func tidyForgetsMoves(b *bench) {
	b.complete()
	old := pending("a-1")
	b.apply(old, pending("a-1", seq(5), in("two"), from("q"), markedUntil(after(60))))
	b.tidy(after(59))
	b.apply(old)
	require.Equal(b, []string{"a-1"}, b.walk(queue.Filter{}, 10, nothing))
	require.Equal(b, "two", b.get("a-1").Queue)
	b.tidy(after(60))
	require.Equal(b, "two", b.get("a-1").Queue)
	b.reserve("amina", t0, "a-1", "two")
}

func tidyForgetsMany(b *bench) {
	const count = 2_500
	b.apply(many(count, func(i int) queue.Entry {
		return pending(number("a", i), state(callback.Completed), in([]string{"q", "other"}[i%2]), forgetAt(after(i%60)))
	})...)
	b.apply(pending("stays-1"))
	b.tidy(after(100))
	require.Equal(b, []string{"stays-1"}, b.walk(queue.Filter{}, 10, nothing))
}
