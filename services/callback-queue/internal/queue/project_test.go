package queue_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func (w *world) flush() {
	w.Helper()
	require.NoError(w, w.redis.FlushAll(w.Context()).Err())
}

// restarts counts how often a replica's projector began again, by reason.
func (r *replica) restarts(reason string) float64 {
	r.world.Helper()
	families, err := r.metrics.Gather()
	require.NoError(r.world, err)
	for _, f := range families {
		if f.GetName() != "callback_index_restarts_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == reason {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func TestAnIndexFlushedWhileClaimingIsBuiltAgain(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	replicas := []*replica{w.replica().ready(), w.replica().ready(), w.replica().ready()}
	const callbacks = 400
	replicas[0].open(0, callbacks)
	var mu sync.Mutex
	owner := map[string]string{}
	held := func() int { mu.Lock(); defer mu.Unlock(); return len(owner) }
	var agents sync.WaitGroup
	for a := range 8 {
		agents.Go(func() {
			agent, r := fmt.Sprintf("agent-%d", a), replicas[a%len(replicas)]
			for i := 0; held() < callbacks; i++ {
				cb, err := r.untilAnswered(agent, fmt.Sprintf("q-%d", i))
				if err != nil {
					w.Errorf("claim: %v", err)
					return
				}
				mu.Lock()
				if cb != nil {
					if owner[cb.ID] != "" {
						w.Errorf("%s is held by two", cb.ID)
					}
					owner[cb.ID] = agent
				}
				mu.Unlock()
			}
		})
	}
	for n := range 6 {
		w.until("some claims", func() bool { return held() >= (n+1)*callbacks/8 })
		w.flush()
	}
	agents.Wait()
	for id, times := range w.claims() {
		require.Equal(t, 1, times, id)
	}
	w.inLine()
}

// untilAnswered claims until there is an answer: a callback, or none for now.
func (r *replica) untilAnswered(agent, request string) (*callback.Callback, error) {
	for {
		cb, err := r.claim(agent, request)
		switch {
		case err == nil:
			return cb, nil
		case is(err, queue.ErrNoneReady): // for now: a hold may lapse
			r.world.hand.Advance(queue.ReservationHold)
			return nil, nil
		case !is(err, queue.ErrIndexIncomplete) && !is(err, queue.ErrContended):
			return nil, err
		}
	}
}

// A flush between the last look and the checkpoint: what was brought since the
// flush is not the whole index, and is never called so.
func TestHalfAnIndexIsNeverCalledWhole(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	h := &hooked{Index: w.index()}
	r := w.replica(func(d *queue.Deps) { d.Index = h })
	r.index = h
	r.ready()
	r.open(0, 20)
	w.inLine()

	h.before("advance", func() {
		w.flush()
		assert.NoError(t, h.Index.Apply(t.Context(), queue.Entry{
			ID: "straggler-1", CustomerKey: "straggler", Seq: 1, State: callback.Canceled, Queue: "care", OpenedAt: t0,
		}))
	})
	lost := r.restarts("index_lost")
	r.open(20, 21) // something to save
	w.until("the loss is noticed", func() bool { return r.restarts("index_lost") > lost })
	w.inLine()
}

// While it is being built, an index that is put back to where the building began
// lacks what was brought since, and is never called whole.
func TestAnIndexThatWentBackAmidItsBuildingIsBuiltAgain(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	w.replica().open(0, 1200)
	h := &hooked{Index: w.index()}
	r := w.replica(func(d *queue.Deps) { d.Index = h })
	w.flush()
	var begun map[string]string
	h.before("apply", func() { begun = w.dump() }) // the first batch
	advances := 0
	var second func()
	second = func() {
		if advances++; advances < 2 {
			h.before("advance", second)
			return
		}
		w.restore(begun)
	}
	h.before("advance", second)
	r.run()
	w.inLine()
	require.EqualValues(t, 1, r.restarts("index_went_back"))
}

// While it is being built, an index that is flushed again cannot be completed.
func TestAFlushAmidABuildingBeginsItAgain(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	opener := w.replica()
	opener.open(0, 1200)
	h := &hooked{Index: w.index()}
	r := w.replica(func(d *queue.Deps) { d.Index = h })
	w.flush()
	applied := 0
	var flushOnce func()
	flushOnce = func() {
		if applied++; applied < 2 {
			h.before("apply", flushOnce)
			return
		}
		w.flush() // after the first batch, before the second
	}
	h.before("apply", flushOnce)
	r.run()
	w.inLine()
	require.EqualValues(t, 1, r.restarts("index_lost"))
}

func TestReplicasThatBuildAtOnceComeToAnEnd(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	w.replica().open(0, 700)
	replicas := []*replica{w.replica(), w.replica(), w.replica(), w.replica()}
	w.flush()
	for _, r := range replicas {
		r.run()
	}
	w.inLine()
	for range 4 {
		w.flush()
		w.inLine()
	}
}

// The index is whole, in line, and stays so while everything changes.
func TestTheIndexFollowsWhateverHappens(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		w.replica().ready()
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range 150 {
			n := rng.IntN(12)
			_ = r.TakeAlert(w.Context(), alert(n, fmt.Sprintf("a-%d", i)))
			if cb, err := r.claim("amina", ""); err == nil && rng.IntN(2) == 0 {
				r.finish(cb)
			} else if err == nil && rng.IntN(2) == 0 {
				r.do(cb.ID, callback.Release{AgentID: "amina"})
			}
			to := []string{"care", "experts", "vip"}[rng.IntN(3)]
			_, _ = r.Do(w.Context(), id(n), callback.Transfer{Queue: to, Reason: "technical", By: "sam"})
		}
		w.inLine()
	})
}

// dump and restore stand for a Redis that comes back with what it had saved
// some time ago.
func (w *world) dump() map[string]string {
	w.Helper()
	testkit.NeedRealRedis(w)
	all := map[string]string{}
	keys, err := w.redis.Keys(w.Context(), "*").Result()
	require.NoError(w, err)
	for _, k := range keys {
		all[k], err = w.redis.Dump(w.Context(), k).Result()
		require.NoError(w, err)
	}
	return all
}

func (w *world) restore(all map[string]string) {
	w.Helper()
	_, err := w.redis.TxPipelined(w.Context(), func(tx redis.Pipeliner) error {
		tx.FlushAll(w.Context())
		for k, v := range all {
			tx.Restore(w.Context(), k, 0, v)
		}
		return nil
	})
	require.NoError(w, err)
}

// A Redis that restarts from an old snapshot has an index that is complete, in
// its own view, and old.
func TestAnIndexThatWentBackIsBroughtForward(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	r := w.replica().ready()
	w.replica().ready()
	r.open(0, 10)
	w.inLine()
	r.saved()
	old := w.dump()
	r.open(10, 20)
	r.finish(r.got("amina", "q-1", id(0)))
	r.saved()
	w.restore(old)
	w.inLine() // whoever had brought what is lost notices; whoever had not, brings it
}

// What was brought since the index was last looked at is lost with it as well.
func TestAnIndexThatWentBackBetweenTwoLooksIsBroughtForward(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	opener, r := w.replica(), w.replica()
	r.Unwatched()
	r.ready()
	opener.open(0, 5)
	r.saved()
	old := w.dump()
	opener.open(5, 10)
	r.saved()
	w.restore(old)
	opener.open(10, 11)
	w.inLine()
	require.EqualValues(t, 1, r.restarts("index_went_back"))
}

// A Redis that fails over forgets its last moments, and nothing gives it away:
// the projector brings them anyway, because it walks behind.
func TestWhatAFailoverForgotIsBroughtAgain(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	r := w.replica()
	r.Hurry(10 * time.Second) // more than what follows takes on a busy machine
	r.Unwatched()
	r.ready()
	w.replica().open(0, 5)
	w.inLine()

	old := w.dump()
	opener := w.replica()
	opener.open(5, 6)
	opener.got("amina", "q-1", id(0))
	w.inLine()
	w.restore(old)
	require.Len(t, w.content(), 5, "forgotten")
	w.inLine()
	opener.got("amina", "q-2", id(1))
	require.Zero(t, r.restarts("index_went_back"), "nothing gave it away")
}

// The Redis that held the index dies in the middle of the work. Claims say so;
// what needs no index goes on; and what was committed meanwhile is in the index
// when it is back.
func TestARedisThatDiesAmidTheWork(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	r := w.replica().ready()
	r.open(0, 5)
	cb := r.got("amina", "q-1", id(0))
	reserved := make(chan struct{})
	goOn := make(chan struct{})
	mid := w.replica()
	mid.Hook(queue.Signals{ClaimDecided: func() { close(reserved); <-goOn }})
	result := make(chan error, 1)
	go func() {
		claimed, err := mid.claim("bruno", "q-1")
		if err == nil && claimed.ID != id(1) {
			err = fmt.Errorf("got %s", claimed.ID)
		}
		result <- err
	}()
	<-reserved
	w.proc.Kill(t)

	close(goOn)
	require.NoError(t, <-result, "what was reserved is committed, index or not")
	_, err := r.claim("chloe", "q-1")
	require.ErrorIs(t, err, queue.ErrIndexUnavailable)
	_, err = r.claim("chloe", "")
	require.ErrorIs(t, err, queue.ErrIndexUnavailable)
	_, _, err = r.List(t.Context(), queue.Filter{}, "", 5)
	require.ErrorIs(t, err, queue.ErrIndexUnavailable)
	r.finish(cb)
	r.open(5, 7)
	require.Equal(t, callback.Completed, mustGet(w, r, id(0)).State)

	w.proc.Restart(t)
	w.inLine()
	r.got("chloe", "q-2", id(2))
	require.Equal(t, map[string]int{id(0): 1, id(1): 1, id(2): 1}, w.claims())
}

// A Redis that accepts connections and answers nothing holds an answer up for a
// bounded time only.
func TestASilentRedisHoldsNobodyForLong(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	r := w.replica().whole()
	r.open(0, 2)
	cb := r.got("amina", "q-1", id(0))
	w.proc.Pause(t)
	began := time.Now()
	r.do(cb.ID, callback.StartAttempt{AgentID: "amina", Token: cb.Holder.Token})
	require.Less(t, time.Since(began), 10*time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := r.Claim(ctx, queue.ClaimRequest{AgentID: "bruno", RequestID: "q-1"})
	require.ErrorIs(t, err, queue.ErrIndexUnavailable)
	w.proc.Resume(t)
}

// The stream is deleted and made again under a running process.
func TestAnotherStreamIsAnotherIndex(t *testing.T) {
	everywhere(t, func(w *world) {
		r, walking := w.replica(), make(chan struct{}, 100)
		r.Hook(queue.Signals{Walking: func() { walking <- struct{}{} }})
		r.Hurry(time.Hour) // it remembers what it committed, under sequences that mean something else soon
		r.ready()
		w.walks(walking) // the library's follower would look for its stream for seconds
		r.open(0, 5)
		w.inLine()
		w.recreateStream()
		fresh := w.replica()
		fresh.open(7, 9)
		w.until("noticed", func() bool { return r.restarts("other_stream")+r.restarts("failure") > 0 })
		w.inLine()
		fresh.got("amina", "q-1", id(7))
	})
}
