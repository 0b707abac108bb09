package indextest

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// BenchmarkClaim measures claim cycles at each size of the ready backlog: a
// Reserve, and the Apply of its commit together with one fresh callback, so that
// the backlog stays as it is. "many" has 32 agents at it at once.
func BenchmarkClaim(b *testing.B, newIndex func(b *testing.B) queue.Index, sizes ...int) {
	for _, size := range wanted(sizes) {
		index := newIndex(b)
		fill(b, index, size)
		next := atomic.Int64{}
		next.Store(int64(size))
		b.Run(fmt.Sprintf("ready=%d/one", size), func(b *testing.B) {
			for b.Loop() {
				claim(b, index, &next)
			}
		})
		b.Run(fmt.Sprintf("ready=%d/many", size), func(b *testing.B) {
			b.SetParallelism(32 / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					claim(b, index, &next)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
		})
	}
}

// wanted are the sizes; -short, which only shows that a benchmark works, has a small one.
func wanted(sizes []int) []int {
	if testing.Short() {
		return []int{1_000}
	}
	return sizes
}

func claim(b *testing.B, index queue.Index, next *atomic.Int64) {
	n := next.Add(1)
	taken, err := index.Reserve(b.Context(), queue.Reservation{
		Agent: "amina", RequestID: fmt.Sprint(n), Now: t0.Add(time.Minute), Hold: time.Minute,
	})
	if err != nil {
		b.Error(err)
		return
	}
	taken.State, taken.Agent, taken.Seq = callback.Assigned, fmt.Sprint("agent-", n%512), taken.Seq+1
	if err := index.Apply(b.Context(), taken, waiting(int(n))); err != nil {
		b.Error(err)
	}
}

// BenchmarkApply measures how fast an empty index takes entries in, as a rebuild
// does, and what Go's heap holds of each afterwards.
func BenchmarkApply(b *testing.B, newIndex func(b *testing.B) queue.Index, sizes ...int) {
	for _, size := range wanted(sizes) {
		b.Run(fmt.Sprintf("entries=%d", size), func(b *testing.B) {
			var held uint64
			for b.Loop() {
				b.StopTimer()
				index := newIndex(b)
				before := heap()
				b.StartTimer()
				fill(b, index, size)
				b.StopTimer()
				held = heap() - before
				runtime.KeepAlive(index)
				b.StartTimer()
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "entries/s")
			b.ReportMetric(float64(held)/float64(size), "heap-B/entry")
		})
	}
}

// fill applies as a rebuild does: a few thousand at a time.
func fill(b *testing.B, index queue.Index, size int) {
	const batch = 4000
	life, err := index.Reset(b.Context())
	require.NoError(b, err)
	for from := 0; from < size; from += batch {
		entries := many(min(batch, size-from), func(i int) queue.Entry { return waiting(from + i) })
		require.NoError(b, index.Apply(b.Context(), entries...))
	}
	require.NoError(b, index.Advance(b.Context(), queue.Progress{
		Checkpoint: queue.Checkpoint{Life: life, Incarnation: "one", Seq: uint64(size)}, Whole: true,
	}))
}

// waiting is the nth of a backlog of three queues, as real ones are: ids as long
// as customer keys, a deadline each, ranks in no order.
func waiting(n int) queue.Entry {
	key := fmt.Sprintf("%026d", n*7919)
	opened := t0.Add(-time.Hour + time.Duration(n)*time.Microsecond)
	return queue.Entry{
		ID: key + "-1", CustomerKey: key, Seq: uint64(n + 1), State: callback.Pending,
		Queue: []string{"care", "billing", "delivery"}[n%3], Rank: int64(n) * 2654435761 % 1_000_000_007,
		OpenedAt: opened, ReadyAt: opened, DueAt: opened.Add(2 * time.Hour),
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
