package bus_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// press publishes from several writers until it is told to end, and remembers
// what was acknowledged. Half of the writers repeat an id after no answer; half
// append to a customer's subject under a compare-and-set.
type press struct {
	t    *testing.T
	end  context.CancelFunc
	busy sync.WaitGroup

	mu       sync.Mutex
	acked    map[string]uint64 // id -> sequence in RESPONSES
	chained  map[string]uint64 // id -> sequence in CALLBACKS
	progress int
}

func startPress(t *testing.T, writers int, buses ...*bus.Bus) *press {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &press{t: t, end: cancel, acked: map[string]uint64{}, chained: map[string]uint64{}}
	for w := range writers {
		b := buses[w%len(buses)]
		if w < writers/2 {
			p.busy.Go(func() { p.append(ctx, b, w) })
		} else {
			p.busy.Go(func() { p.chain(ctx, b, w) })
		}
	}
	t.Cleanup(p.stop)
	return p
}

func (p *press) stop() { p.end(); p.busy.Wait() }

func (p *press) append(ctx context.Context, b *bus.Bus, writer int) {
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprintf("w%d-%d", writer, n)
		p.insist(ctx, p.acked, id, func() (bus.Receipt, error) { return b.Publish(ctx, event(fmt.Sprintf("%03d", n%100), id)) })
	}
}

func (p *press) chain(ctx context.Context, b *bus.Bus, writer int) {
	key, last := customer[:25]+string(rune('a'+writer)), uint64(0)
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprintf("w%d-%d", writer, n)
		// Nobody else writes there: a conflict is a lie.
		last = p.insist(ctx, p.chained, id, func() (bus.Receipt, error) { return b.PublishAt(ctx, callback(key, id), last) })
	}
}

// insist repeats until the event is stored, or the press ends.
func (p *press) insist(ctx context.Context, into map[string]uint64, id string, publish func() (bus.Receipt, error)) uint64 {
	<-time.After(2 * time.Millisecond) // leave the servers some of the machine
	for {
		r, err := publish()
		switch {
		case err == nil:
			p.mu.Lock()
			defer p.mu.Unlock()
			into[id] = r.Sequence
			p.progress++
			return r.Sequence
		case ctx.Err() != nil:
			return 0
		case !errors.Is(err, bus.ErrUnavailable):
			p.t.Errorf("%s: %v", id, err)
			return 0
		}
	}
}

// goesOn waits until more was acknowledged than was when it was asked.
func (p *press) goesOn(more int) {
	p.t.Helper()
	count := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.progress
	}
	want := count() + more
	require.Eventually(p.t, func() bool { return count() >= want }, inTheEnd, 5*time.Millisecond, "publishing goes on")
}

// check reads both streams whole: each acknowledged event stands where it was
// said to stand, and no event stands twice.
func (p *press) check(b *bus.Bus) {
	p.t.Helper()
	for stream, acked := range map[string]map[string]uint64{subject.Responses: p.acked, subject.Callbacks: p.chained} {
		found := p.read(b, stream)
		for id, seq := range acked {
			require.Equal(p.t, seq, found[id], "%s of %s", id, stream)
		}
	}
}

// read is the sequence of each event of a stream, each of which stands there once.
func (p *press) read(b *bus.Bus, stream string) map[string]uint64 {
	p.t.Helper()
	for {
		found := map[string]uint64{}
		// Without a deadline: an answer that never comes is given up after 5 s.
		err := b.Follow(p.t.Context(), bus.FollowOptions{Stream: stream}, func(d bus.Delivery) error {
			require.NotContains(p.t, found, d.ID, "stored twice")
			found[d.ID] = d.Sequence
			return nil
		}, func() error { return errEnough })
		if errors.Is(err, errEnough) {
			return found
		}
		require.ErrorIs(p.t, err, bus.ErrUnavailable)
	}
}

func TestPublishingGoesOnWithoutTheLeader(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	c := cluster(t)
	leader := c.Leader(t, subject.Responses)
	others := c.Others(leader)
	p := startPress(t, 8, c.Bus(t, others[0]), c.Bus(t, others[1]))
	p.goesOn(100)
	c.Stop(t, leader)
	p.goesOn(100)
	require.NotEqual(t, leader, c.Leader(t, subject.Responses))
	p.stop()
	c.Start(t, leader)
	c.AwaitHealthy(t)
	p.check(c.Bus(t, leader))
}

// Each node is lost once, under load, and comes back. All that time a consumer
// handles and a follower follows.
func TestEachNodeIsStoppedInTurnAndNothingIsLost(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	c := cluster(t)
	handled := newSeen()
	consume(t, c.Bus(t, 0, 1, 2), topology.Scorer, func(_ context.Context, d bus.Delivery) error {
		handled.add(d)
		return nil
	})
	followed, followedTo := newSeen(), followAll(t, c.Bus(t, 1, 2, 0))
	p := startPress(t, 6, c.Bus(t, 0, 1, 2), c.Bus(t, 1, 2, 0), c.Bus(t, 2, 0, 1))
	for node := range 3 {
		p.goesOn(50)
		c.Stop(t, node)
		p.goesOn(50)
		c.Start(t, node)
		c.AwaitHealthy(t)
	}
	p.goesOn(50)
	p.stop()
	c.AwaitHealthy(t) // whichever replica is read, it has what the others have
	p.check(c.Bus(t, 0))
	last := slices.Max(slices.Collect(maps.Values(p.acked)))
	followedTo(last, followed)
	require.True(t, slices.IsSorted(followed.order), "in order, none twice")
	handled.has(t, p.acked)
	followed.has(t, p.acked)
}

// seen is what a reader was given.
type seen struct {
	mu    sync.Mutex
	ids   map[string]bool
	order []uint64
}

func newSeen() *seen { return &seen{ids: map[string]bool{}} }

func (s *seen) add(d bus.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[d.ID] = true
	s.order = append(s.order, d.Sequence)
}

// has waits until all that was acknowledged was seen.
func (s *seen) has(t *testing.T, acked map[string]uint64) {
	t.Helper()
	missing := func() (ids []string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for id := range acked {
			if !s.ids[id] {
				ids = append(ids, id)
			}
		}
		return ids
	}
	require.Eventually(t, func() bool { return len(missing()) == 0 }, inTheEnd, 10*time.Millisecond, "all is seen")
}

// followAll follows RESPONSES and goes on after an interruption where it was, as
// the ledger does. What it returns waits for a sequence and hands over what came.
func followAll(t *testing.T, b *bus.Bus) func(uint64, *seen) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	came := make(chan bus.Delivery, 1<<20)
	var wg sync.WaitGroup
	wg.Go(func() {
		for from := uint64(1); ctx.Err() == nil; {
			_ = b.Follow(ctx, bus.FollowOptions{Stream: subject.Responses, From: from}, func(d bus.Delivery) error {
				came <- d
				from = d.Sequence + 1
				return nil
			}, nil)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return func(last uint64, into *seen) {
		bound := within(t, inTheEnd)
		for {
			select {
			case d := <-came:
				into.add(d)
				if d.Sequence >= last {
					return
				}
			case <-bound.Done():
				require.Fail(t, "the follower is stuck")
			}
		}
	}
}

func TestAConsumerGoesOnWithoutItsLeader(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	c := cluster(t)
	leader := c.ConsumerLeader(t, subject.Responses, topology.Scorer.Durable)
	others := c.Others(leader)
	handled := newSeen()
	consume(t, c.Bus(t, others[0]), topology.Scorer, func(_ context.Context, d bus.Delivery) error {
		handled.add(d)
		return nil
	})
	p := startPress(t, 4, c.Bus(t, others[1]))
	p.goesOn(100)
	c.Stop(t, leader)
	p.goesOn(100)
	c.ConsumerLeader(t, subject.Responses, topology.Scorer.Durable)
	p.goesOn(20)
	p.stop()
	handled.has(t, p.acked)
}
