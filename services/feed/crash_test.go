package feed_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// connected is a bus whose connection may be cut.
func connected(t *testing.T, s *embednats.Server) (*bus.Bus, *nats.Conn) {
	t.Helper()
	nc := testkit.Connect(t, s)
	b, err := bus.New(nc, bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	return b, nc
}

// A replica dies with events in hand, some of them stored and not acknowledged: whoever takes
// over tells the rest, in order, and nothing twice.
func TestOrderWhenAReplicaDies(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	own, _ := connected(t, server)
	require.NoError(t, topology.Ensure(t.Context(), own.JetStream(), topology.Options{}))
	l := loop{t, own}
	const customers, events = 10, 40
	dies, cut := connected(t, server)
	first := start(t, dies)
	start(t, own)
	for no := uint64(1); no <= events; no++ {
		for c := range customers {
			l.happened(c, no, eventsv1.CallbackEvent_ENRICHED, "care")
		}
		if no == events/2 {
			require.Eventually(t, func() bool { return len(l.stored("FEED")) > 0 }, eventually, time.Millisecond)
			cut.Close() // kill -9, as the server sees it
		}
	}
	l.settled()
	requireOrder(t, l.told(), customers, events)
	_ = first.service.Stop(canceled()) // it hangs on to nothing
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
