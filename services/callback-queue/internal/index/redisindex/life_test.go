package redisindex_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

var (
	t0  = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	ask = queue.Reservation{Agent: "amina", Now: t0, Hold: time.Minute}
)

func entries(count int) []queue.Entry {
	list := make([]queue.Entry, count)
	for i := range list {
		id := fmt.Sprintf("key%04d-1", i)
		list[i] = queue.Entry{
			ID: id, CustomerKey: id[:len(id)-2], Seq: uint64(i + 1), State: callback.Pending,
			Queue: []string{"one", "two"}[i%2], Rank: int64(i), OpenedAt: t0, ReadyAt: t0,
		}
	}
	return list
}

// upTo is a checkpoint in a life of the index.
func upTo(life string) queue.Checkpoint {
	return queue.Checkpoint{Life: life, Incarnation: "one", Seq: 100}
}

// whole says that everything up to a checkpoint was applied.
func whole(cp queue.Checkpoint) queue.Progress { return queue.Progress{Checkpoint: cp, Whole: true} }

func reset(t *testing.T, x queue.Index) (life string) {
	t.Helper()
	life, err := x.Reset(t.Context())
	require.NoError(t, err)
	return life
}

func rebuild(t *testing.T, x queue.Index, list []queue.Entry) queue.Checkpoint {
	t.Helper()
	cp := upTo(reset(t, x))
	require.NoError(t, x.Apply(t.Context(), list...))
	require.NoError(t, x.Advance(t.Context(), whole(cp)))
	return cp
}

// claimAll reserves until nothing is ready, and returns how many it got.
func claimAll(t *testing.T, x queue.Index) int {
	t.Helper()
	for got := 0; ; got++ {
		if _, err := x.Reserve(t.Context(), ask); err != nil {
			require.ErrorIs(t, err, queue.ErrNoneReady)
			return got
		}
	}
}

func TestFlushedIndexSaysSoAndIsRebuilt(t *testing.T) {
	t.Parallel()
	client := testkit.RedisServer(t).Client(t)
	x := redisindex.New(client, "p")
	list := entries(50)
	rebuild(t, x, list)
	for range 10 {
		_, err := x.Reserve(t.Context(), ask)
		require.NoError(t, err)
	}
	require.NoError(t, client.FlushAll(t.Context()).Err())

	_, err := x.Reserve(t.Context(), ask)
	require.ErrorIs(t, err, queue.ErrIndexIncomplete)
	_, err = x.Checkpoint(t.Context())
	require.ErrorIs(t, err, queue.ErrIndexIncomplete)
	rebuild(t, x, list)
	require.Equal(t, len(list), claimAll(t, x))
}

// beforeValues does something once, just before entries' values are read.
type beforeValues struct{ act func() }

func (beforeValues) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (beforeValues) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (h *beforeValues) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if h.act != nil && cmds[0].Name() == "hmget" {
			h.act()
			h.act = nil
		}
		return next(ctx, cmds)
	}
}

// "Nothing is held" must not be said of an index that was lost between its list
// and its entries: a repeated claim would get a second callback.
func TestAnIndexLostAmidHeldBySaysSo(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	client := server.Client(t)
	x := redisindex.New(client, "p")
	list := entries(1)
	list[0].State, list[0].Agent = callback.Assigned, "amina"
	rebuild(t, x, list)
	held, err := x.HeldBy(t.Context(), "amina")
	require.NoError(t, err)
	require.Len(t, held, 1)
	client.AddHook(&beforeValues{act: func() { assert.NoError(t, server.Client(t).FlushAll(t.Context()).Err()) }})
	held, err = x.HeldBy(t.Context(), "amina")
	require.ErrorIs(t, err, queue.ErrIndexIncomplete)
	require.Empty(t, held)
}

func TestWhatWasLostMeanwhileCannotBeCompleted(t *testing.T) {
	t.Parallel()
	client := testkit.RedisServer(t).Client(t)
	x := redisindex.New(client, "p")
	incomplete := func(life string) {
		t.Helper()
		require.ErrorIs(t, x.Advance(t.Context(), whole(upTo(life))), queue.ErrIndexIncomplete)
		_, err := x.Checkpoint(t.Context())
		require.ErrorIs(t, err, queue.ErrIndexIncomplete)
	}
	incomplete("") // never reset

	// Flushed while it is being rebuilt.
	life := reset(t, x)
	require.NoError(t, x.Apply(t.Context(), entries(10)...))
	require.NoError(t, client.FlushAll(t.Context()).Err())
	require.NoError(t, x.Apply(t.Context(), entries(12)[10:]...))
	incomplete(life)

	// Flushed while it follows the stream.
	life = rebuild(t, x, entries(10)).Life
	require.NoError(t, client.FlushAll(t.Context()).Err())
	incomplete(life)
	rebuild(t, x, entries(10))
	require.Equal(t, 10, claimAll(t, x))
}

func TestTwoIndexesOfOnePrefixAreOne(t *testing.T) {
	t.Parallel()
	prefix := testkit.RedisPrefix(t)
	a := redisindex.New(testkit.Redis(t), prefix)
	b := redisindex.New(testkit.Redis(t), prefix)
	built := rebuild(t, a, entries(4))

	once := ask
	once.RequestID = "r"
	first, err := a.Reserve(t.Context(), once)
	require.NoError(t, err)
	again, err := b.Reserve(t.Context(), once)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, 3, claimAll(t, b))

	// Whoever has read the checkpoint may move it on.
	cp, err := b.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, built, cp)
	cp.Seq++
	require.NoError(t, b.Advance(t.Context(), whole(cp)))
	moved, err := a.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, cp, moved)

	// A reset by the other ends the life that this one knew.
	next := upTo(reset(t, a))
	require.ErrorIs(t, b.Advance(t.Context(), whole(cp)), queue.ErrIndexIncomplete)
	require.NoError(t, a.Advance(t.Context(), whole(next)))
	require.ErrorIs(t, b.Advance(t.Context(), whole(cp)), queue.ErrIndexIncomplete)
}

func TestResetTakesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	client := testkit.RedisServer(t).Client(t)
	mine, other := redisindex.New(client, "p"), redisindex.New(client, "p:one")
	rebuild(t, mine, entries(10))
	rebuild(t, other, entries(10))
	require.NoError(t, client.Set(t.Context(), "p:5:{one}:alien", "1", 0).Err())

	reset(t, mine)
	left, err := client.Keys(t.Context(), "p:5:{*").Result()
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"p:5:{one}:alien", "p:5:{%index}:meta"}, left)
	require.Equal(t, 10, claimAll(t, other))
}

// An entry applied while another replica resets must be wholly there or wholly
// forgotten: known by its sequence and in no ready set, it would be lost.
func TestResetAmidAppliesLosesNothingByHalves(t *testing.T) {
	t.Parallel()
	x := redisindex.New(testkit.Redis(t), testkit.RedisPrefix(t))
	list := entries(600)
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range list {
			assert.NoError(t, x.Apply(t.Context(), list[i]))
		}
	})
	var life string
	for range 20 {
		life = reset(t, x)
	}
	writer.Wait()
	require.NoError(t, x.Apply(t.Context(), list...))
	require.NoError(t, x.Advance(t.Context(), whole(upTo(life))))
	require.Equal(t, len(list), claimAll(t, x))
}

func TestLostServerIsAnError(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	x := redisindex.New(server.Client(t), "p")
	rebuild(t, x, entries(2))
	server.Kill(t)
	for name, call := range calls(x) {
		err := call(t.Context())
		require.Error(t, err, name)
		require.NotErrorIs(t, err, queue.ErrNoneReady, name)
		require.NotErrorIs(t, err, queue.ErrIndexIncomplete, name)
		require.ErrorContains(t, err, "index "+name)
	}
	// The client finds its way back by itself, to an index that is lost.
	server.Restart(t)
	require.Eventually(t, func() bool {
		_, err := x.Reserve(t.Context(), ask)
		return errors.Is(err, queue.ErrIndexIncomplete)
	}, 10*time.Second, 20*time.Millisecond)
}

func TestSilentServerKeepsNobodyLongerThanTheContext(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	x := redisindex.New(server.Client(t), "p")
	rebuild(t, x, entries(2))
	server.Pause(t)
	for name, call := range calls(x) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		asked := time.Now()
		err := call(ctx)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, queue.ErrNoneReady, name)
		require.NotErrorIs(t, err, queue.ErrIndexIncomplete, name)
		require.Less(t, time.Since(asked), 2*time.Second, name)
		cancel()
	}
	// What was sent meanwhile may still be done now: a rebuild puts all right.
	server.Resume(t)
	rebuild(t, x, entries(5))
	require.Equal(t, 5, claimAll(t, x))
}

func calls(x *redisindex.Index) map[string]func(context.Context) error {
	everywhere := ask
	everywhere.Fits = func(name, _ string) (int64, bool) { return 0, name == "one" || name == "two" }
	return map[string]func(context.Context) error{
		"checkpoint": func(ctx context.Context) error { _, err := x.Checkpoint(ctx); return err },
		"advance":    func(ctx context.Context) error { return x.Advance(ctx, whole(upTo(""))) },
		"reset":      func(ctx context.Context) error { _, err := x.Reset(ctx); return err },
		"apply":      func(ctx context.Context) error { return x.Apply(ctx, entries(3)...) },
		"reserve":    func(ctx context.Context) error { _, err := x.Reserve(ctx, everywhere); return err },
		"held by":    func(ctx context.Context) error { _, err := x.HeldBy(ctx, "amina"); return err },
		"due":        func(ctx context.Context) error { _, err := x.TakeDue(ctx, t0, time.Minute, 5); return err },
		"put off":    func(ctx context.Context) error { return x.PutOff(ctx, t0, entries(1)...) },
		"get":        func(ctx context.Context) error { _, _, err := x.Get(ctx, "key0000-1"); return err },
		"page":       func(ctx context.Context) error { _, err := x.Page(ctx, queue.Filter{}, "", 5); return err },
		"stats":      func(ctx context.Context) error { _, err := x.Stats(ctx, t0); return err },
	}
}

func TestServerThatForgotTheScriptsGetsThemAgain(t *testing.T) {
	t.Parallel()
	client := testkit.RedisServer(t).Client(t)
	x := redisindex.New(client, "p")
	rebuild(t, x, entries(10))
	require.NoError(t, client.ScriptFlush(t.Context()).Err())
	require.Equal(t, 10, claimAll(t, x))
	require.NoError(t, client.ScriptFlush(t.Context()).Err())
	require.NoError(t, x.Apply(t.Context(), entries(900)...))
	require.Equal(t, 890, claimAll(t, x))
}

// What is over leaves nothing behind but its entry and its place in the pages.
func TestSettledCallbacksLeaveOnlyTheirEntry(t *testing.T) {
	t.Parallel()
	client, prefix := testkit.Redis(t), testkit.RedisPrefix(t)
	x := redisindex.New(client, prefix)
	list := entries(20)
	for i := range list {
		list[i].DueAt = t0
	}
	rebuild(t, x, list)
	for i := range list {
		question := ask
		question.RequestID = fmt.Sprint(i)
		e, err := x.Reserve(t.Context(), question)
		require.NoError(t, err)
		e.State, e.Agent, e.Seq = callback.Assigned, "amina", e.Seq+100
		require.NoError(t, x.Apply(t.Context(), e))
		e.State, e.Agent, e.DueAt, e.Seq = callback.Completed, "", time.Time{}, e.Seq+100
		require.NoError(t, x.Apply(t.Context(), e))
	}
	left, err := client.Keys(t.Context(), prefix+":*").Result()
	require.NoError(t, err)
	want := []string{prefix + ":5:{%index}:meta", prefix + ":5:{%index}:queues"}
	for _, name := range []string{"one", "two"} {
		want = append(want, prefix+":5:{"+name+"}:entries", prefix+":5:{"+name+"}:lists")
		count, err := client.ZCard(t.Context(), prefix+":5:{"+name+"}:lists").Result()
		require.NoError(t, err)
		require.EqualValues(t, len(list)/2, count)
	}
	require.ElementsMatch(t, want, left)
}

// A value that Redis damaged is an error, never a callback of another shape.
func TestDamagedValueIsAnError(t *testing.T) {
	t.Parallel()
	client, prefix := testkit.Redis(t), testkit.RedisPrefix(t)
	x := redisindex.New(client, prefix)
	rebuild(t, x, entries(1))
	key := prefix + ":5:{one}:entries"
	value, err := client.HGet(t.Context(), key, "key0000-1").Result()
	require.NoError(t, err)
	for i := range len(value) {
		require.NoError(t, client.HSet(t.Context(), key, "key0000-1", value[:i]).Err())
		_, _, err := x.Get(t.Context(), "key0000-1")
		require.Error(t, err, "the first %d bytes", i)
	}
}

func TestRanksBeyondADoubleStillSort(t *testing.T) {
	t.Parallel()
	x := redisindex.New(testkit.Redis(t), testkit.RedisPrefix(t))
	list := entries(4)
	for i, r := range []int64{1<<62 + 2048, -1 << 62, 1 << 62, 1<<53 + 2} {
		list[i].Rank = r
	}
	rebuild(t, x, list)
	for _, i := range []int{1, 3, 2, 0} {
		e, err := x.Reserve(t.Context(), ask)
		require.NoError(t, err)
		require.Equal(t, list[i], e)
	}
}
