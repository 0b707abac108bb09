package bus_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// exclusive is a consumer that one process has at a time.
func exclusive(t *testing.T, b *bus.Bus, wait time.Duration) topology.Consumer {
	t.Helper()
	spec := topology.Consumer{Stream: topology.Scorer.Stream, Durable: "exclusive", Lanes: 4, AckWait: wait, MaxDeliveries: 3, Exclusive: true}
	require.NoError(t, b.Ensure(within(t, soon), spec))
	return spec
}

// handled sends what it is handed.
func handled(into chan<- string) bus.Handler {
	return func(_ context.Context, d bus.Delivery) error {
		into <- d.ID
		return nil
	}
}

func TestAnExclusiveConsumerIsOneProcesssAtATime(t *testing.T) {
	t.Parallel()
	const n = 100
	b := testkit.Bus(t)
	spec := exclusive(t, b, time.Minute) // nothing comes back by itself
	one, two := make(chan string, 2*n), make(chan string, 2*n)
	first, err := b.Consume(t.Context(), spec, handled(one))
	require.NoError(t, err)
	publishMany(t, b, n, 1)
	for range n {
		receive(t, one)
	}
	consume(t, b, spec, handled(two))
	for i := range n {
		publish(t, b, event("001", fmt.Sprintf("second-%d", i)))
		receive(t, one)
	}
	require.Empty(t, two, "the other waits")
	require.NoError(t, first.Stop(within(t, soon)))
	publish(t, b, event("001", "third"))
	began := time.Now()
	require.Equal(t, "third", receive(t, two), "it was handed over")
	require.Less(t, time.Since(began), topology.Handover/2, "at once")
}

func TestAnExclusiveConsumerIsStoppedWithNothingLeft(t *testing.T) {
	t.Parallel()
	const n = 200
	b := testkit.Bus(t)
	spec := exclusive(t, b, time.Minute)
	one, two := make(chan string, n), make(chan string, n)
	slow := make(chan struct{}, 1)
	first, err := b.Consume(t.Context(), spec, func(ctx context.Context, d bus.Delivery) error {
		select {
		case slow <- struct{}{}:
		default:
		}
		return handled(one)(ctx, d)
	})
	require.NoError(t, err)
	publishMany(t, b, n, 1)
	receive(t, slow)
	consume(t, b, spec, handled(two))
	require.NoError(t, first.Stop(within(t, soon)))
	settled(t, b, spec)
	require.Equal(t, n, len(one)+len(two))
	for i := range n {
		from := one
		if len(one) == 0 {
			from = two
		}
		require.Equal(t, fmt.Sprintf("e%d", i), receive(t, from), "the one before, then the other: in order")
	}
}

// A server that starts again knows no process: what the one before had in hand is due after
// the ack wait, and whoever waits for it gets it first.
func TestSettledPutsWhatWasInHandFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := embednats.Start(embednats.Config{Dir: dir}, zap.NewNop())
	require.NoError(t, err)
	b := onServer(t, server)
	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	spec := exclusive(t, b, time.Second)
	require.NoError(t, b.Settled(t.Context(), spec), "nothing is in hand")
	inHand := make(chan string, 1)
	c, err := b.Consume(t.Context(), spec, func(ctx context.Context, d bus.Delivery) error {
		inHand <- d.ID
		<-ctx.Done() // and dies with it
		return ctx.Err()
	})
	require.NoError(t, err)
	publish(t, b, event("001", "before"))
	receive(t, inHand)
	require.NoError(t, server.Shutdown(context.Background()))
	_ = c.Stop(within(t, time.Millisecond))

	again, err := embednats.Start(embednats.Config{Dir: dir}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, again.Shutdown(context.Background())) })
	b = onServer(t, again)
	publish(t, b, event("001", "after"))
	require.NoError(t, b.Settled(within(t, soon), spec))
	got := make(chan string, 2)
	consume(t, b, spec, handled(got))
	require.Equal(t, "before", receive(t, got))
	require.Equal(t, "after", receive(t, got))
}

func onServer(t *testing.T, s *embednats.Server) *bus.Bus {
	t.Helper()
	b, err := bus.New(testkit.Connect(t, s), bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	return b
}
