package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func everyNode(t *testing.T, c *testkit.Cluster) []*bus.Bus {
	t.Helper()
	return []*bus.Bus{c.Bus(t, 0), c.Bus(t, 1), c.Bus(t, 2)}
}

// refusal publishes past the bus and returns the server's own error code; 0 when
// it took the event.
func refusal(t *testing.T, b *bus.Bus, id string, last uint64) jetstream.ErrorCode {
	t.Helper()
	m := nats.NewMsg(subject.Callback("0a1", customer))
	m.Header.Set(nats.MsgIdHdr, id)
	_, err := b.JetStream().PublishMsg(within(t, inTheEnd), m, jetstream.WithExpectLastSequencePerSubject(last))
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode
	}
	require.NoError(t, err)
	return 0
}

// A replicated stream has two ways to say that a compare-and-set was lost: one
// after the winner is stored, and one while it is on its way.
func TestALostCompareAndSetOnThreeReplicasIsAConflict(t *testing.T) {
	t.Parallel()
	const writers, rounds = 12, 20
	nodes := everyNode(t, cluster(t))
	var last uint64
	said := map[jetstream.ErrorCode]int{}
	for round := 0; round < rounds || said[10071] == 0 || said[10164] == 0; round++ {
		require.Less(t, round, 100*rounds, "the server says only %v", said)
		receipts, errs := make([]bus.Receipt, writers), make([]error, writers)
		codes := make([]jetstream.ErrorCode, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				b, id := nodes[i%len(nodes)], fmt.Sprintf("%d-%d", round, i)
				receipts[i], errs[i] = b.PublishAt(within(t, inTheEnd), callback(customer, id), last)
				// Between the winner and its like the same is asked past the bus.
				codes[i] = refusal(t, b, "raw-"+id, last)
			})
		}
		wg.Wait()
		won := uint64(0)
		for i := range writers {
			said[codes[i]]++
			if errs[i] == nil {
				require.Zero(t, won, "two won")
				won = receipts[i].Sequence
				continue
			}
			require.ErrorIs(t, errs[i], bus.ErrConflict)
		}
		require.NotZero(t, won, "nobody won")
		last = won
	}
	require.Zero(t, said[0], "past the bus, too, the condition holds")
	t.Logf("refusals by code: %v", said)
}

// Whoever leads, and whichever node the client talks to.
func TestAnAcknowledgementLostOnThreeReplicasIsFound(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	for node := range 3 {
		p := lossyPair{proxy: newProxy(t, c.URL(node)), sure: c.Bus(t, c.Others(node)[0])}
		p.lossy = newBus(t, dial(t, p.url()), soon)
		key := customer[:25] + string(rune('a'+node))
		mine := callback(key, fmt.Sprint("mine-", node))
		at := func(ctx context.Context, e bus.Event) (bus.Receipt, error) { return p.lossy.PublishAt(ctx, e, 0) }
		a := p.losing(t, mine, at, func() {})
		require.NoError(t, a.err, "node %d", node)
		first := a.r.Sequence
		require.NotZero(t, first)

		// Another follows; the caller asks again, as after a crash, at another node.
		_, err := p.sure.PublishAt(within(t, soon), callback(key, fmt.Sprint("next-", node)), first)
		require.NoError(t, err)
		again, err := p.sure.PublishAt(within(t, soon), mine, 0)
		require.NoError(t, err, "it is no conflict with itself")
		require.Equal(t, bus.Receipt{Sequence: first, Duplicate: true}, again)
		again, err = p.lossy.PublishAt(within(t, soon), mine, 0)
		require.NoError(t, err)
		require.Equal(t, bus.Receipt{Sequence: first, Duplicate: true}, again)

		plain := event("001", fmt.Sprint("plain-", node))
		a = p.losing(t, plain, p.lossy.Publish, func() {})
		require.NoError(t, a.err)
		again, err = p.sure.Publish(within(t, soon), plain)
		require.NoError(t, err)
		require.Equal(t, bus.Receipt{Sequence: a.r.Sequence, Duplicate: true}, again)
	}
	eventually(t, func() bool {
		return stored(t, c.Bus(t, 0), subject.Callbacks) == 6 && stored(t, c.Bus(t, 0), subject.Responses) == 3
	})
}
