package queue_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

func TestClaimsComeInOrderUntilNoneIsReady(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.none("amina", "q-0")
		r.open(1, 4)
		urgent := alert(9, "a-9")
		urgent.Reason.Priority = 100
		require.NoError(w, r.TakeAlert(w.Context(), urgent))
		for i, n := range []int{9, 1, 2, 3} {
			cb := r.got("amina", fmt.Sprintf("q-%d", i), id(n))
			require.Equal(w, "Livré en retard.", cb.Reasons[0].Verbatim)
		}
		r.none("amina", "q-9")
		r.none("amina", "")
		w.inLine()
	})
}

func TestClaimsKeepToTheQueuesAsked(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 2)
		other := alert(2, "a-2")
		other.Queue = "billing"
		require.NoError(w, r.TakeAlert(w.Context(), other))
		cb, err := r.Claim(w.Context(), queue.ClaimRequest{AgentID: "amina", RequestID: "q-1", Queues: []string{"billing"}})
		require.NoError(w, err)
		require.Equal(w, id(2), cb.ID)
		_, err = r.Claim(w.Context(), queue.ClaimRequest{AgentID: "amina", RequestID: "q-2", Queues: []string{"billing"}})
		require.ErrorIs(w, err, queue.ErrNoneReady)
	})
}

func TestAClaimThatIsWrongIsRefused(t *testing.T) {
	t.Parallel()
	r := inMemory(t).replica().ready()
	_, err := r.claim("no agent!", string(make([]byte, 65)))
	var invalid *callback.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Fields, 2)
}

func TestTheSameRequestGetsTheSameCallback(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().ready()
		r.open(1, 4)
		first := r.got("amina", "q-1", id(1))
		require.Equal(w, first, r.got("amina", "q-1", id(1)))
		require.Equal(w, first, w.replica().got("amina", "q-1", id(1)), "another replica knows as well")
		r.got("bruno", "q-1", id(2)) // another agent's request of that name
		r.got("amina", "q-2", id(3))
		require.Equal(w, map[string]int{id(1): 1, id(2): 1, id(3): 1}, w.claims())

		// It is the same as long as the agent holds it, whatever they do with it.
		r.do(id(1), callback.StartAttempt{AgentID: "amina"})
		cb, err := r.claim("amina", "q-1")
		require.NoError(w, err)
		require.Equal(w, callback.Attempting, cb.State)
		r.do(id(2), callback.Release{AgentID: "bruno"})
		require.Greater(w, r.got("bruno", "q-1", id(2)).Holder.Token, first.Holder.Token, "a hold of its own")
	})
}

func TestTheSameRequestAfterTheIndexWasLost(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	r := w.replica().ready()
	r.open(1, 300)
	first := r.got("amina", "q-1", id(1))
	for range 20 {
		require.NoError(t, w.redis.FlushAll(t.Context()).Err())
		// The index is empty, half full, or full again: never is anything else given.
		w.until("an answer", func() bool {
			cb, err := r.claim("amina", "q-1")
			if err != nil {
				require.ErrorIs(t, err, queue.ErrIndexIncomplete)
				return false
			}
			require.Equal(t, first, cb)
			return true
		})
	}
	require.Equal(t, map[string]int{id(1): 1}, w.claims())
}

// The stream remembers a request's name for minutes only. After that the index
// alone knows what the request got, and one that does not know it all says so.
func TestAnOldRequestAndAHalfFullIndex(t *testing.T) {
	t.Parallel()
	w := onOwnRedis(t)
	w.forgetNamesSoon()
	r := w.replica().whole()
	r.open(0, 3)
	first := r.got("amina", "q-1", id(0))
	then := w.believed()
	w.until("the name is forgotten", w.namesAreForgotten)
	require.Equal(t, first, r.got("amina", "q-1", id(0)))

	w.flush()
	require.NoError(t, r.index.Apply(t.Context(), then[2], then[3]))
	_, err := r.claim("amina", "q-1")
	require.ErrorIs(t, err, queue.ErrIndexIncomplete)
	w.replica().ready()
	require.Equal(t, first, r.got("amina", "q-1", id(0)))
	require.Equal(t, map[string]int{id(0): 1}, w.claims())
}

// forgetNamesSoon makes the stream's duplicate window as short as it can be.
func (w *world) forgetNamesSoon() {
	w.Helper()
	js := w.bus.JetStream()
	s, err := js.Stream(w.Context(), subject.Callbacks)
	require.NoError(w, err)
	cfg := s.CachedInfo().Config
	cfg.Duplicates = 100 * time.Millisecond
	_, err = js.UpdateStream(w.Context(), cfg)
	require.NoError(w, err)
}

// namesAreForgotten reports whether what was named some time ago may be named
// again: a name used now is forgotten after all those before it.
func (w *world) namesAreForgotten() bool {
	w.Helper()
	e := bus.Event{Subject: subject.Callback(subject.BucketOf(key(999)), key(999)), ID: "probe", Body: &eventsv1.CallbackEvent{}}
	first, err := w.bus.Publish(w.Context(), e)
	require.NoError(w, err)
	for {
		again, err := w.bus.Publish(w.Context(), e)
		require.NoError(w, err)
		if !again.Duplicate {
			return again.Sequence > first.Sequence
		}
	}
}

func TestTheSameRequestAfterARestart(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	r := w.replica()
	stop := r.run()
	w.until("ready", func() bool { _, err := r.index.Checkpoint(t.Context()); return err == nil })
	r.open(1, 50)
	first := r.got("amina", "q-1", id(1))
	stop()

	again := inMemory(t)
	again.bus = w.bus
	require.Equal(t, first, again.replica().ready().got("amina", "q-1", id(1)))
}

// The retry overtakes, meets or follows its first try, on any replica, over
// queues that an index cannot look at in one step.
func TestARetryRacesItsFirstTry(t *testing.T) {
	everywhere(t, func(w *world) {
		replicas := []*replica{w.replica().ready(), w.replica().ready()}
		const rounds = 30
		for n := range 6 * rounds {
			a := alert(n, fmt.Sprintf("a-%d", n))
			a.Queue = fmt.Sprintf("queue-%d", n%3)
			require.NoError(w, replicas[0].TakeAlert(w.Context(), a))
		}
		for round := range rounds {
			got := make([]string, 8)
			var wg sync.WaitGroup
			for i := range got {
				wg.Go(func() {
					cb, err := replicas[i%2].claim("amina", fmt.Sprintf("q-%d", round))
					if assert.NoError(w, err) {
						got[i] = cb.ID
					}
				})
			}
			wg.Wait()
			for _, other := range got {
				require.Equal(w, got[0], other)
			}
		}
		require.Len(w, w.claims(), rounds, "one callback a request")
	})
}

type ctx = context.Context

// hooked is an index that lets a test act between two questions.
type hooked struct {
	queue.Index

	mu   sync.Mutex
	acts map[string]func()
}

// before has something done once, just before the next such step.
func (h *hooked) before(step string, act func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.acts == nil {
		h.acts = map[string]func(){}
	}
	h.acts[step] = act
}

func (h *hooked) Reserve(ctx ctx, r queue.Reservation) (queue.Entry, error) {
	h.now("reserve")
	return h.Index.Reserve(ctx, r)
}

func (h *hooked) Advance(ctx ctx, p queue.Progress) error {
	h.now("advance")
	return h.Index.Advance(ctx, p)
}

func (h *hooked) Apply(ctx ctx, e ...queue.Entry) error {
	h.now("apply")
	return h.Index.Apply(ctx, e...)
}

// now acts once.
func (h *hooked) now(step string) {
	h.mu.Lock()
	act := h.acts[step]
	delete(h.acts, step)
	h.mu.Unlock()
	if act != nil {
		act()
	}
}

// The first try ends, index and all, after the retry asked what it had got and
// before it reserves another.
func TestAFirstTryEndsAmidItsRetry(t *testing.T) {
	everywhere(t, func(w *world) {
		first := w.replica().ready()
		first.open(1, 3)
		h := &hooked{Index: w.index()}
		retry := w.replica(func(d *queue.Deps) { d.Index = h })
		h.before("reserve", func() { first.got("amina", "q-1", id(1)) })
		retry.got("amina", "q-1", id(1))
		require.Len(w, w.claims(), 1)
		// What the retry reserved and did not take is offered again.
		w.hand.Advance(queue.ReservationHold)
		retry.got("bruno", "q-2", id(2))
	})
}

// The same, and nothing else is ready.
func TestAFirstTryEndsAmidItsRetryAndTakesTheLast(t *testing.T) {
	everywhere(t, func(w *world) {
		first := w.replica().ready()
		first.open(1, 2)
		h := &hooked{Index: w.index()}
		retry := w.replica(func(d *queue.Deps) { d.Index = h })
		h.before("reserve", func() { first.got("amina", "q-1", id(1)) })
		retry.got("amina", "q-1", id(1))
		retry.none("amina", "q-2")
	})
}

func TestTwoReplicasShareTheWork(t *testing.T) {
	everywhere(t, func(w *world) {
		replicas := []*replica{w.replica().ready(), w.replica().ready(), w.replica().ready()}
		const callbacks, agents = 120, 12
		replicas[0].open(0, callbacks)
		var mu sync.Mutex
		owner := map[string]string{}
		var wg sync.WaitGroup
		for a := range agents {
			wg.Go(func() {
				agent, r := fmt.Sprintf("agent-%d", a), replicas[a%len(replicas)]
				for i := 0; ; i++ {
					cb, err := r.claim(agent, fmt.Sprintf("q-%d", i))
					if err != nil {
						assert.ErrorIs(w, err, queue.ErrNoneReady)
						return
					}
					mu.Lock()
					assert.Empty(w, owner[cb.ID], "held by two")
					owner[cb.ID] = agent
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.Len(w, owner, callbacks)
		w.inLine()
	})
}
