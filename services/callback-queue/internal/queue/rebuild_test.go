package queue_test

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// fill commits callbacks in every state, without any index.
func (w *world) fill(customers int) {
	w.Helper()
	r := w.replica()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < customers; n = int(next.Add(1)) - 1 {
				for _, cmd := range life(n) {
					if !r.commit(n, cmd) {
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// commit decides and stores, and tells no index.
func (r *replica) commit(n int, cmd callback.Command) bool {
	a, known := r.store.Recall(key(n))
	if !known {
		a = callback.NewAggregate(key(n))
	}
	e, err := policy.Decide(a, cmd, t0)
	if err == nil {
		_, err = r.store.Commit(r.world.Context(), e, "")
	}
	if err != nil {
		r.world.Errorf("fill: %v", err)
	}
	return err == nil
}

// life is what happened to the n-th customer.
func life(n int) []callback.Command {
	open := func(id string) callback.Command {
		return callback.TakeAlert{Alert: alert(n, fmt.Sprintf("a-%d-%s", n, id))}
	}
	all := []callback.Command{
		open("1"),
		callback.Claim{AgentID: "amina"},
		callback.StartAttempt{AgentID: "amina"},
		callback.EndAttempt{AgentID: "amina", Outcome: callback.Reached},
		callback.Complete{AgentID: "amina", Outcome: callback.Resolved, RootCause: "late", Note: "refund"},
		open("2"),
	}
	switch n % 10 {
	case 0, 1, 2, 3, 4:
		return all[:1]
	case 5:
		return all[:2]
	case 6:
		return []callback.Command{all[0], callback.Cancel{Reason: "moved", By: "sam"}}
	case 7:
		return []callback.Command{all[0], all[1], all[2], callback.EndAttempt{AgentID: "amina", Outcome: callback.NoAnswer}}
	case 8:
		return all[:4]
	default:
		return all
	}
}

// The index is built from the stream alone and says what the stream says, for
// four thousand customers; CHAOS=1 makes it two hundred thousand.
func TestALargeIndexIsBuiltFromTheStream(t *testing.T) {
	customers := 4_000
	if os.Getenv("CHAOS") != "" {
		customers *= 50
	}
	for name, make := range map[string]func(*testing.T) *world{"memory": inMemory, "redis": onRedis} {
		t.Run(name, func(t *testing.T) {
			w := make(t)
			w.fill(customers)
			r := w.replica()
			done := w.buildTime(r)
			w.inLine()
			t.Logf("%d customers, %d events: built in %s", customers, len(w.history()), done)
			rows, err := r.States(t.Context())
			require.NoError(t, err)
			require.Equal(t, customers/10*6, rows[0].Ready, "five in ten, and the seconds of those who had one before")
			require.Equal(t, customers/10, rows[0].Delayed)
			require.Equal(t, customers/10*2, rows[0].Held)
			r.got("zoe", "q-1", id(0))
		})
	}
}

// buildTime runs the projector and measures until the index is complete.
func (w *world) buildTime(r *replica) time.Duration {
	w.Helper()
	complete := make(chan struct{}, 1)
	r.Hook(queue.Signals{Complete: func() { complete <- struct{}{} }})
	began := time.Now()
	r.run()
	select {
	case <-complete:
	case <-time.After(4 * eventually):
		w.Fatal("the index is not complete")
	}
	return time.Since(began)
}
