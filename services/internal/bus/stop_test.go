package bus_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestAStopLetsWorkEndAndGivesTheRestBack(t *testing.T) {
	t.Parallel()
	const n = 50
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{}) // an ack wait of a minute: nothing comes back by itself
	started, release := make(chan struct{}, n), make(chan struct{})
	var first atomic.Int64
	c, err := b.Consume(t.Context(), spec, func(context.Context, bus.Delivery) error {
		started <- struct{}{}
		<-release
		first.Add(1)
		return nil
	})
	require.NoError(t, err)
	publishMany(t, b, n, 1)
	receive(t, started)

	stopped := make(chan error, 1)
	ctx := within(t, soon)
	go func() { stopped <- c.Stop(ctx) }()
	second := make(chan string, n)
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		second <- d.ID
		return nil
	})
	require.Empty(t, stopped, "it waits for the handler at work")
	close(release)
	require.NoError(t, receive(t, stopped))
	require.NoError(t, c.Stop(ctx), "twice is once")
	settled(t, b, spec)
	require.EqualValues(t, 1, first.Load(), "nothing new is begun after a stop")
	require.Len(t, second, n-1)
}

func TestAStopThatIsOutOfTimeCutsHandlersShort(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	started := make(chan struct{}, 1)
	c, err := b.Consume(t.Context(), spec, func(ctx context.Context, _ bus.Delivery) error {
		started <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	require.NoError(t, err)
	publish(t, b, event("001", "a"))
	receive(t, started)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = c.Stop(ctx)
	require.ErrorContains(t, err, "cut short")
	require.ErrorIs(t, err, context.Canceled)

	again := make(chan uint64, 1)
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		again <- d.Deliveries
		return nil
	})
	require.EqualValues(t, 2, receive(t, again), "what was cut short is delivered again")
	settled(t, b, spec)
	require.Zero(t, stored(t, b, "DEAD_LETTERS"))
}

func TestAStopDoesNotWaitForAnOutageToEnd(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	tried := make(chan struct{}, 100)
	c, err := b.Consume(t.Context(), spec, func(context.Context, bus.Delivery) error {
		tried <- struct{}{}
		return bus.RetryAfter(time.Hour, bus.ErrUnavailable)
	})
	require.NoError(t, err)
	publish(t, b, event("001", "a"))
	receive(t, tried)
	require.NoError(t, c.Stop(within(t, soon)))
	handled := make(chan struct{}, 1)
	consume(t, b, spec, func(context.Context, bus.Delivery) error { handled <- struct{}{}; return nil })
	receive(t, handled)
	settled(t, b, spec)
}

func TestAStopWithoutAServerEnds(t *testing.T) {
	t.Parallel()
	s := listening(t, embednats.Config{Dir: t.TempDir()})
	b := newBus(t, dial(t, s.URL()), 200*time.Millisecond)
	provision(t, b)
	c, err := b.Consume(t.Context(), consumer(t, b, topology.Consumer{}), func(context.Context, bus.Delivery) error { return nil })
	require.NoError(t, err)
	require.NoError(t, s.Shutdown(context.Background()))
	eventually(t, func() bool { return b.Connected() != nil })
	start := time.Now()
	require.NoError(t, c.Stop(within(t, soon)))
	require.Less(t, time.Since(start), 5*time.Second)
}

func TestAConsumerOutlivesARestartOfTheServer(t *testing.T) {
	t.Parallel()
	cfg := embednats.Config{Dir: t.TempDir()}
	s := listening(t, cfg)
	b := newBus(t, dial(t, s.URL()), soon)
	provision(t, b)
	handled := make(chan string, 100)
	spec := consumer(t, b, topology.Consumer{AckWait: time.Second})
	c := consume(t, b, spec, func(_ context.Context, d bus.Delivery) error { handled <- d.ID; return nil })
	publish(t, b, event("001", "before"))
	require.Equal(t, "before", receive(t, handled))
	cfg.Listen = s.URL()[len("nats://"):]
	require.NoError(t, s.Shutdown(context.Background()))
	s = listening(t, cfg)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	publish(t, b, event("001", "after"))
	eventually(t, func() bool { return receive(t, handled) == "after" }) // "before" may come twice: an ack is not durable
	require.Empty(t, c.Failed())
}

// TestStartsAndStopsLoseNothing starts and stops workers all the time while
// events come in.
func TestStartsAndStopsLoseNothing(t *testing.T) {
	t.Parallel()
	const n, rounds = 2000, 30
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{Lanes: 16})
	var handled sync.Map
	work := func(_ context.Context, d bus.Delivery) error { handled.Store(d.ID, true); return nil }
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for i := range n {
			if _, err := b.Append(t.Context(), event(bucketName(i%64), fmt.Sprintf("e%d", i))); err != nil {
				t.Errorf("publish: %v", err)
				return
			}
		}
	})
	for range rounds {
		c, err := b.Consume(t.Context(), spec, work)
		require.NoError(t, err)
		require.NoError(t, c.Stop(within(t, soon)))
	}
	publishing.Wait()
	consume(t, b, spec, work)
	settled(t, b, spec)
	missing := 0
	for i := range n {
		if _, ok := handled.Load(fmt.Sprintf("e%d", i)); !ok {
			missing++
		}
	}
	require.Zero(t, missing)
	require.Zero(t, stored(t, b, "DEAD_LETTERS"))
}
