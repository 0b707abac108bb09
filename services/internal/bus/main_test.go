package bus_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const soon = 20 * time.Second

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// event is an answer in a bucket.
func event(bucket, id string) bus.Event {
	return bus.Event{Subject: subject.Response("s", bucket), ID: id, Body: &eventsv1.ResponseReceived{EventId: id, Bucket: bucket}}
}

// callback is an event of one customer, the subject of compare-and-sets.
func callback(customer, id string) bus.Event {
	return bus.Event{Subject: subject.Callback("0a1", customer), ID: id, Body: &eventsv1.CallbackEvent{EventId: id}}
}

func publish(t *testing.T, b *bus.Bus, events ...bus.Event) {
	t.Helper()
	for _, e := range events {
		_, err := b.Publish(within(t, soon), e)
		require.NoError(t, err)
	}
}

// stored counts the events of a stream.
func stored(t *testing.T, b *bus.Bus, stream string) uint64 {
	t.Helper()
	s, err := b.JetStream().Stream(within(t, soon), stream)
	require.NoError(t, err)
	return s.CachedInfo().State.Msgs
}

// deadLetters reads DEAD_LETTERS until there are n.
func deadLetters(t *testing.T, b *bus.Bus, n int) []*eventsv1.DeadLetter {
	t.Helper()
	var letters []*eventsv1.DeadLetter
	err := b.Follow(within(t, soon), bus.FollowOptions{Stream: subject.DeadLetters}, func(d bus.Delivery) error {
		var l eventsv1.DeadLetter
		if !strings.HasPrefix(d.Subject, strings.TrimSuffix(subject.AllDeadLetters, ">")) {
			return nil // an order
		}
		if err := d.Decode(&l); err != nil {
			return err
		}
		if letters = append(letters, &l); len(letters) == n {
			return errEnough
		}
		return nil
	}, nil)
	require.ErrorIs(t, err, errEnough)
	return letters
}

var errEnough = fmt.Errorf("enough")

// consumer makes a durable consumer of RESPONSES with the given patience.
func consumer(t *testing.T, b *bus.Bus, spec topology.Consumer) topology.Consumer {
	t.Helper()
	spec.Stream = subject.Responses
	if spec.Durable == "" {
		spec.Durable = "c"
	}
	if spec.Lanes == 0 {
		spec.Lanes = 256
	}
	if spec.AckWait == 0 {
		spec.AckWait = time.Minute // nothing in a test may depend on it running out
	}
	if spec.MaxDeliveries == 0 {
		spec.MaxDeliveries = 10
	}
	require.NoError(t, spec.Ensure(within(t, soon), b.JetStream(), topology.Options{}))
	return spec
}

// consume runs a consumer until the test ends.
func consume(t *testing.T, b *bus.Bus, spec topology.Consumer, h bus.Handler) *bus.Consumption {
	t.Helper()
	c, err := b.Consume(within(t, soon), spec, h)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		require.NoError(t, c.Stop(ctx))
	})
	return c
}

// settled waits until a consumer has answered everything stored by now. The
// server's count of what is pending lags behind what is stored; the floor of
// what was answered does not run ahead of it.
func settled(t *testing.T, b *bus.Bus, spec topology.Consumer) {
	t.Helper()
	s, err := b.JetStream().Stream(within(t, soon), spec.Stream)
	require.NoError(t, err)
	last := s.CachedInfo().State.LastSeq
	cons, err := s.Consumer(within(t, soon), spec.Durable)
	require.NoError(t, err)
	eventually(t, func() bool {
		info, err := cons.Info(within(t, soon))
		return err == nil && info.AckFloor.Stream >= last && info.NumAckPending == 0
	})
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, soon, 5*time.Millisecond)
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-within(t, soon).Done():
		require.Fail(t, "nothing came")
		panic("unreachable")
	}
}
