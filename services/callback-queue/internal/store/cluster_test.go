package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// inTheEnd bounds what waits for elections, each of which may take 9 s.
const inTheEnd = 90 * time.Second

// replicas is the CALLBACKS stream on three nodes.
type replicas struct {
	*testing.T
	*testkit.Cluster
}

func onThree(t *testing.T) replicas {
	t.Helper()
	if testing.Short() {
		t.Skip("a cluster and its elections take some seconds")
	}
	return replicas{T: t, Cluster: testkit.NATSCluster(t)}
}

// at is a bus of a client of one node alone.
func (r replicas) at(node int) *bus.Bus { return r.Bus(r.T, node) }

// fresh is a store that remembers nothing.
func fresh(t *testing.T, b *bus.Bus) *store.Store {
	t.Helper()
	m, err := store.NewMetrics(nil)
	require.NoError(t, err)
	return store.New(b, zap.NewNop(), m, 0)
}

// told commits one more reason for a customer's callback.
func (r replicas) told(s *store.Store, k, id string) callback.Aggregate {
	r.Helper()
	return (&bundle{T: r.T}).commit(s, k, alert(k, id))
}

// Whatever node committed and whatever node is asked, what is loaded next is at
// least what was committed last. Reading from any replica promises less.
func TestLoadKnowsWhatWasCommittedAtAnotherNode(t *testing.T) {
	t.Parallel()
	const rounds = 300
	r := onThree(t)
	buses := []*bus.Bus{r.at(0), r.at(1), r.at(2)}
	old := 0
	for n := range rounds {
		k := customer(n % 10)
		from := n % 3
		a := r.told(fresh(t, buses[from]), k, fmt.Sprintf("a-%d", n))
		for _, to := range r.Others(from) {
			loaded, err := fresh(t, buses[to]).Load(t.Context(), k)
			require.NoError(t, err)
			require.Equal(t, a, loaded)
			read, sure, err := fresh(t, buses[to]).Read(t.Context(), k)
			require.NoError(t, err)
			require.False(t, sure, "what any replica says is never sure")
			if read.Seq < a.Seq {
				old++
			}
		}
	}
	t.Logf("read from any replica was old news %d times of %d", old, 2*rounds)
}

// A replica that has lost the others answers Read with what it has. It cannot be
// asked for the truth, and says so instead of guessing.
func TestACutOffReplicaReadsOldNewsAndLoadsNone(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	r := onThree(t)
	k := customer(1)
	away := r.Others(r.Leader(t, subject.Callbacks))[0]
	here, there := r.at(r.Others(away)[0]), r.at(away)
	var before, after, a callback.Aggregate
	for n := 0; ; n += 2 { // a replica takes a second to offer itself to readers
		before = r.told(fresh(t, here), k, fmt.Sprintf("a-%d", n))
		r.AwaitHealthy(t)
		_, _, err := fresh(t, there).Read(t.Context(), k) // the bus learns of the stream
		require.NoError(t, err)
		r.CutOff(t, away)
		after = r.told(fresh(t, here), k, fmt.Sprintf("a-%d", n+1))
		var sure bool
		if a, sure, err = fresh(t, there).Read(t.Context(), k); err == nil {
			require.False(t, sure)
			break
		}
		require.Less(t, n, 20, "the replica answers no reader")
		r.LetIn(t, away)
		r.AwaitHealthy(t)
	}
	require.Equal(t, before, a, "old news")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := fresh(t, there).Load(ctx, k)
	require.ErrorIs(t, err, bus.ErrUnavailable)
	_, err = fresh(t, there).Earlier(ctx, k, callback.ID(k, 9))
	require.ErrorIs(t, err, bus.ErrUnavailable, "that there is none is said on the truth only")

	r.LetIn(t, away)
	require.Eventually(t, func() bool {
		a, err = fresh(t, there).Load(t.Context(), k)
		return err == nil
	}, inTheEnd, 10*time.Millisecond)
	require.Equal(t, after, a)
}

// The leader itself is cut off, and goes on believing that it leads while the
// others have elected another and commit. Its clients are told nothing rather
// than old news.
func TestALeaderThatWasDeposedUnawaresIsNotBelieved(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	r := onThree(t)
	k := customer(1)
	away := r.Leader(t, subject.Callbacks)
	here, there := r.Bus(t, r.Others(away)...), r.at(away)
	before := r.told(fresh(t, here), k, "a-1")
	r.AwaitHealthy(t)

	r.CutOff(t, away)
	require.NotEqual(t, away, r.Leader(t, subject.Callbacks))
	after := r.told(fresh(t, here), k, "a-2")
	answers := 0
	for r.believes(there) { // for some seconds more
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := fresh(t, there).Load(ctx, k)
		cancel()
		require.ErrorIs(t, err, bus.ErrUnavailable, "there is something newer than %d", before.Seq)
		answers++
	}
	require.Positive(t, answers, "it knew at once that it was deposed")
	r.LetIn(t, away)
	var a callback.Aggregate
	require.Eventually(t, func() bool {
		var err error
		a, err = fresh(t, there).Load(t.Context(), k)
		return err == nil
	}, inTheEnd, 10*time.Millisecond)
	require.Equal(t, after, a)
}

// believes reports whether a node's client is told that there is a leader.
func (r replicas) believes(there *bus.Bus) bool {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	s, err := there.JetStream().Stream(ctx, subject.Callbacks)
	return err == nil && s.CachedInfo().Cluster.Leader != ""
}

// race is several stores that commit for the same customers.
type race struct {
	replicas
	conflicts atomic.Int64

	mu   sync.Mutex
	won  map[string]map[uint64]uint64 // customer -> number of the event -> sequence
	last map[string]uint64            // customer -> sequence acknowledged last
	wins int
}

// known is the last sequence that any store was told for a customer.
func (r *race) known(k string) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[k]
}

// add makes a reason part of a customer's callback, as one store among others.
func (r *race) add(ctx context.Context, s *store.Store, k, id string) {
	for ctx.Err() == nil {
		floor := r.known(k)
		a, err := s.Load(ctx, k)
		if errors.Is(err, bus.ErrUnavailable) {
			continue
		}
		if err == nil && a.Seq < floor {
			r.Errorf("%s: loaded %d, although %d had been acknowledged", id, a.Seq, floor)
			return
		}
		e, err := callback.DefaultPolicy().Decide(a, alert(k, id), now)
		if errors.Is(err, callback.ErrNoChange) {
			return // it was stored, and nobody had told us
		}
		if err != nil {
			r.Errorf("%s: %v", id, err)
			return
		}
		next, err := s.Commit(ctx, e, "")
		switch {
		case err == nil:
			r.win(next)
			return
		case errors.Is(err, queue.ErrConflict):
			r.conflicts.Add(1) // with what is on its way, perhaps: Load need not know it yet
		case !errors.Is(err, bus.ErrUnavailable):
			r.Errorf("%s: %v", id, err)
			return
		}
	}
}

func (r *race) win(a callback.Aggregate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.won[a.CustomerKey]
	if of == nil {
		of = map[uint64]uint64{}
		r.won[a.CustomerKey] = of
	}
	if seq, taken := of[a.EventNo]; taken {
		r.Errorf("event %d of %s was won at %d and at %d", a.EventNo, a.CustomerKey, seq, a.Seq)
	}
	of[a.EventNo] = a.Seq
	r.last[a.CustomerKey] = max(r.last[a.CustomerKey], a.Seq)
	r.wins++
}

func (r *race) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wins
}

// Two stores on two nodes race for the same customers, the leader being lost in
// the middle: each number of each customer's history has one winner, and it is
// there where the winner was told.
func TestOneOfTwoNodesWinsEachSequenceWhileTheLeaderIsLost(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	customers, reasons := 50, 8
	if os.Getenv("CHAOS") != "" {
		customers, reasons = 500, 20
	}
	r := &race{replicas: onThree(t), won: map[string]map[uint64]uint64{}, last: map[string]uint64{}}
	leader := r.Leader(t, subject.Callbacks)
	others := r.Others(leader)
	stores := []*store.Store{fresh(t, r.at(others[0])), fresh(t, r.at(others[1]))}
	ctx, cancel := context.WithTimeout(t.Context(), 2*inTheEnd)
	defer cancel()
	// As many customers at once as keeps both stores on the same ones.
	var all sync.WaitGroup
	for n, s := range stores {
		work := make(chan int)
		all.Go(func() {
			defer close(work)
			for i := range customers * reasons {
				work <- i
			}
		})
		for range 8 {
			all.Go(func() {
				for i := range work {
					r.add(ctx, s, customer(i%customers), fmt.Sprintf("s%d-%d", n, i))
				}
			})
		}
	}
	total := 2 * customers * reasons
	require.Eventually(t, func() bool { return r.count() > total/4 }, inTheEnd, time.Millisecond)
	r.Stop(t, leader)
	before := r.count()
	require.Less(t, before, total, "it was in the middle")
	all.Wait()
	require.NoError(t, ctx.Err())
	require.NotEqual(t, leader, r.Leader(t, subject.Callbacks))
	r.Start(t, leader)
	r.AwaitHealthy(t)
	require.Positive(t, r.conflicts.Load())
	t.Logf("%d commits, %d conflicts", r.wins, r.conflicts.Load())
	r.check(fresh(t, r.at(leader)), total)
}

// check reads the whole history: who was told to have won stands there, and each
// reason of each store is in exactly one event.
func (r *race) check(s *store.Store, total int) {
	r.Helper()
	b := &bundle{T: r.T}
	last := map[string]uint64{}
	events := b.follow(s, 1)
	for _, a := range events {
		require.Equal(r, last[a.CustomerKey]+1, a.EventNo, "no gap, no twin")
		last[a.CustomerKey] = a.EventNo
		if seq, told := r.won[a.CustomerKey][a.EventNo]; told {
			require.Equal(r, a.Seq, seq)
			delete(r.won[a.CustomerKey], a.EventNo)
		}
	}
	for k, lost := range r.won {
		require.Empty(r, lost, "customer %s", k)
	}
	require.Equal(r, total, len(events), "each reason of each store once") //nolint:testifylint // the list is long
}
