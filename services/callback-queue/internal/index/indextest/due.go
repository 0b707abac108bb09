package indextest

import (
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func due(b *bench) {
	b.apply(
		pending("a-1", dueAt(after(30))), pending("b-1", dueAt(after(10)), in("other")),
		pending("c-1", dueAt(after(20)), state(callback.Attempting)), pending("d-1", dueAt(after(20))),
		pending("e-1"), pending("f-1", dueAt(after(1)), state(callback.Completed)),
	)
	require.Empty(b, b.due(after(1).Add(-time.Microsecond), 10))
	require.Equal(b, []string{"f-1"}, b.due(after(1), 10), "what is closed may have something to do")
	b.apply(pending("f-1", seq(2), state(callback.Completed)))
	require.Equal(b, []string{"b-1"}, b.due(after(10), 10))
	b.apply(pending("f-1", seq(3), dueAt(after(1)), state(callback.Completed)))
	require.Equal(b, []string{"f-1", "b-1", "c-1", "d-1", "a-1"}, b.due(after(99), 10))
	require.Equal(b, []string{"f-1", "b-1", "c-1"}, b.due(after(99), 3))
	require.Empty(b, b.due(after(99), 0))

	b.apply(pending("f-1", seq(4), state(callback.Completed)))
	entries, err := b.index.TakeDue(b.Context(), after(10), 0, 1)
	require.NoError(b, err)
	require.Equal(b, []queue.Entry{pending("b-1", dueAt(after(10)), in("other"))}, entries)

	b.apply(
		pending("b-1", seq(2), in("other")), pending("c-1", seq(2), dueAt(after(40))),
		pending("d-1", seq(2), state(callback.Canceled)), pending("e-1", seq(2), dueAt(after(35))),
	)
	require.Equal(b, []string{"a-1", "e-1", "c-1"}, b.due(after(99), 10))
	// Neither a reservation nor time changes a deadline.
	b.reserve("amina", after(50), "a-1", "q")
	require.Equal(b, []string{"a-1", "e-1", "c-1"}, b.due(after(999), 10))
}

// After an outage more is due than a script's stack holds.
func dueMany(b *bench) {
	const count = 8_500
	b.apply(many(count, func(i int) queue.Entry { return pending(number("a", i), dueAt(after(i%10))) })...)
	require.Len(b, b.due(after(10), count+1), count)
	require.Len(b, b.takeDue(after(10), hold, count+1), count)
	require.Empty(b, b.due(after(10), 1))
}

// What somebody has taken is nobody's for a while, and never for good.
func dueIsTaken(b *bench) {
	b.apply(
		pending("a-1", dueAt(after(1))), pending("b-1", dueAt(after(2)), in("other")), pending("c-1", dueAt(after(3))),
		pending("d-1", dueAt(after(4)), in("other"), state(callback.Assigned), agent("amina")), pending("e-1", dueAt(after(500))),
	)
	require.Equal(b, []string{"a-1", "b-1", "c-1"}, b.takeDue(after(10), hold, 3))
	require.Equal(b, []string{"d-1"}, b.takeDue(after(10), hold, 3))
	require.Empty(b, b.takeDue(after(69), hold, 3))

	// What is newer may have another deadline, or none; what is not changes nothing.
	b.apply(pending("a-1", dueAt(after(1))), pending("b-1", seq(2), dueAt(after(9)), in("other")), pending("c-1", seq(2)))
	require.Equal(b, []string{"b-1"}, b.takeDue(after(69), 0, 9))

	// Its reader gone, it is due as before.
	require.Equal(b, []string{"a-1", "d-1", "b-1"}, b.takeDue(after(70), 0, 9))
	require.Equal(b, []string{"a-1", "d-1", "b-1"}, b.takeDue(after(70), hold, 9))
	require.Equal(b, after(1), b.get("a-1").DueAt, "the deadline is what it was")
}

func dueIsPutOff(b *bench) {
	a, other := pending("a-1", dueAt(after(1))), pending("b-1", dueAt(after(2)), in("other"))
	b.apply(a, other, pending("c-1", dueAt(after(3))), pending("d-1"))
	b.takeDue(after(10), time.Second, 9)
	putOff := func(until time.Time, entries ...queue.Entry) {
		b.Helper()
		require.NoError(b, b.index.PutOff(b.Context(), until, entries...))
	}
	putOff(after(300))
	putOff(after(300), a, other, pending("d-1"), pending("unknown-1"))
	require.Equal(b, []string{"c-1"}, b.due(after(299), 9))
	require.Len(b, b.due(after(300), 9), 3)

	b.apply(pending("a-1", seq(2), dueAt(after(20))))
	putOff(after(400), a) // of what was before
	require.Equal(b, []string{"c-1", "a-1"}, b.due(after(200), 9))
}

func concurrentTakers(b *bench) {
	const count, takers = 400, 8
	b.apply(many(count, func(i int) queue.Entry {
		return pending(number("a", i), dueAt(after(i%7)), in([]string{"one", "two"}[i%2]))
	})...)
	var group sync.WaitGroup
	var mu sync.Mutex
	times := make(map[string]int)
	for range takers {
		group.Go(func() {
			for {
				entries, err := b.index.TakeDue(b.Context(), after(10), hold, 30)
				if !assert.NoError(b, err) || len(entries) == 0 {
					return
				}
				mu.Lock()
				for _, e := range entries {
					times[e.ID]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	require.Len(b, times, count)
	for id, n := range times {
		require.Equal(b, 1, n, id)
	}
}
