package bus_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

var errBroken = errors.New("broken")

// publishMany stores n events, the i-th in bucket i mod buckets, without waiting
// for one before the next is sent, but in order.
func publishMany(t *testing.T, b *bus.Bus, n, buckets int) {
	t.Helper()
	for i := range n {
		e := event(bucketName(i%buckets), fmt.Sprintf("e%d", i))
		_, err := b.Append(within(t, soon), e)
		require.NoError(t, err)
	}
}

func bucketName(i int) string { return fmt.Sprintf("%03x", i) }

func TestABucketsEventsAreHandledInOrderAndOnce(t *testing.T) {
	t.Parallel()
	const n, buckets = 3000, 40
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{Lanes: 256})
	var mu sync.Mutex
	seen := map[string][]uint64{}
	busy := map[string]*atomic.Int32{}
	for i := range buckets {
		busy[subject.Response("s", bucketName(i))] = &atomic.Int32{}
	}
	var together atomic.Bool
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		if busy[d.Subject].Add(1) != 1 {
			together.Store(true)
		}
		defer busy[d.Subject].Add(-1)
		mu.Lock()
		defer mu.Unlock()
		seen[d.Subject] = append(seen[d.Subject], d.Sequence)
		return nil
	})
	publishMany(t, b, n, buckets)
	settled(t, b, spec)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, seen, buckets)
	require.False(t, together.Load(), "two events of a bucket were at work at once")
	for subj, seqs := range seen {
		require.Len(t, seqs, n/buckets, subj)
		require.IsIncreasing(t, seqs, subj)
	}
}

func TestAFailureIsRetriedWithGrowingDelayAndThenADeadLetter(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{MaxDeliveries: 4})
	times := make(chan time.Time, 10)
	counts := make(chan uint64, 10)
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		times <- time.Now()
		counts <- d.Deliveries
		return errBroken
	})
	publish(t, b, event("001", "a"))
	letter := deadLetters(t, b, 1)[0]
	require.Equal(t, "deliveries_exhausted", letter.GetReason())
	require.EqualValues(t, 4, letter.GetDeliveries())
	settled(t, b, spec)

	require.Len(t, times, 4)
	last := <-times
	for i, least := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond} {
		next := <-times
		require.GreaterOrEqual(t, next.Sub(last), least, "before delivery %d", i+2)
		last = next
	}
	for want := range uint64(4) {
		require.Equal(t, want+1, <-counts)
	}
}

func TestADeadLetterSaysWhatItWas(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	consume(t, b, spec, func(context.Context, bus.Delivery) error {
		return fmt.Errorf("handle: %w", bus.Terminate("no_such_rule", errBroken))
	})
	publish(t, b, event("001", "a"), event("001", "b"))
	letters := deadLetters(t, b, 2)
	l := letters[1]
	require.Equal(t, "no_such_rule", l.GetReason())
	require.Equal(t, "handle: no_such_rule: broken", l.GetDetail())
	require.Equal(t, subject.Responses, l.GetStream())
	require.EqualValues(t, 2, l.GetSequence())
	require.Equal(t, subject.Response("s", "001"), l.GetSubject())
	require.Equal(t, "c", l.GetConsumer())
	require.EqualValues(t, 1, l.GetDeliveries())
	require.Equal(t, "rappel.events.v1.ResponseReceived", l.GetType())
	require.WithinDuration(t, time.Now(), l.GetDeadAt().AsTime(), soon)
	origin, err := b.At(t.Context(), subject.Responses, 2)
	require.NoError(t, err)
	require.Equal(t, origin.Data, l.GetBody())
	d, err := b.Last(t.Context(), subject.DeadLetter(subject.Responses, "no_such_rule"))
	require.NoError(t, err)
	require.Equal(t, l.GetEventId(), d.ID)
	settled(t, b, spec)
}

func TestADeadLetterTooLargeForItsStreamLeavesTheBodyOut(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s, err := b.JetStream().Stream(t.Context(), subject.DeadLetters)
	require.NoError(t, err)
	cfg := s.CachedInfo().Config
	cfg.MaxMsgSize = 2 << 10
	_, err = b.JetStream().UpdateStream(t.Context(), cfg)
	require.NoError(t, err)
	spec := consumer(t, b, topology.Consumer{})
	consume(t, b, spec, func(context.Context, bus.Delivery) error { return bus.Terminate("no", errBroken) })
	e := event("001", "a")
	e.Encoded = make([]byte, 3<<10)
	publish(t, b, e)
	l := deadLetters(t, b, 1)[0]
	require.Empty(t, l.GetBody())
	require.Contains(t, l.GetDetail(), "left out")
	require.Contains(t, l.GetDetail(), "broken")
	settled(t, b, spec)
}

func TestAPanicIsADeadLetterAndTheLaneGoesOn(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	handled := make(chan string, 10)
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		if d.ID == "b" {
			panic("the customer said: …")
		}
		handled <- d.ID
		return nil
	})
	publish(t, b, event("001", "a"), event("001", "b"), event("001", "c"))
	require.Equal(t, "a", receive(t, handled))
	require.Equal(t, "c", receive(t, handled))
	l := deadLetters(t, b, 1)[0]
	require.Equal(t, "panic", l.GetReason())
	require.NotContains(t, l.GetDetail(), "customer")
	settled(t, b, spec)
}

func TestAnUndecodableEventIsADeadLetter(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error { return d.Decode(&eventsv1.ResponseReceived{}) })
	e := event("001", "a")
	e.Encoded = []byte{0xff}
	publish(t, b, e)
	require.Equal(t, "undecodable", deadLetters(t, b, 1)[0].GetReason())
	settled(t, b, spec)
}

func TestABucketThatIsStuckStopsNobodyElse(t *testing.T) {
	t.Parallel()
	const others = 40
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{Lanes: 256})
	release := make(chan struct{})
	var free sync.Map
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		if d.Subject == subject.Response("s", "fff") {
			<-release
			return nil
		}
		free.Store(d.Subject, true)
		return nil
	})
	for i := range 1500 { // far more than any buffer between server and lane
		_, err := b.Append(t.Context(), event("fff", fmt.Sprintf("bad%d", i)))
		require.NoError(t, err)
	}
	publishMany(t, b, others, others)
	eventually(t, func() bool {
		n := 0
		free.Range(func(any, any) bool { n++; return true })
		return n >= others-5 // a few may share the stuck lane
	})
	close(release)
	settled(t, b, spec)
}

func TestABucketWhoseEventsAllFailStopsNobodyElse(t *testing.T) {
	t.Parallel()
	const bad, good = 1500, 500
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{Lanes: 256, MaxDeliveries: 3})
	var handled atomic.Int64
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		if d.Subject == subject.Response("s", "fff") {
			return errBroken
		}
		handled.Add(1)
		return nil
	})
	for i := range bad {
		_, err := b.Append(t.Context(), event("fff", fmt.Sprintf("bad%d", i)))
		require.NoError(t, err)
	}
	publishMany(t, b, good, 200)
	eventually(t, func() bool { return handled.Load() == good })
	settled(t, b, spec)
	require.EqualValues(t, bad, stored(t, b, subject.DeadLetters))
}

func TestWhileTheStoreIsAwayNothingIsGivenUpOrCounted(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{MaxDeliveries: 2})
	var tries atomic.Int64
	counts := make(chan uint64, 10)
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		switch tries.Add(1) {
		case 1, 3:
			return fmt.Errorf("publish: %w", bus.ErrUnavailable)
		case 2, 4:
			return bus.RetryAfter(time.Millisecond, fmt.Errorf("publish: %w", bus.ErrFull))
		case 5:
			counts <- d.Deliveries
			return errBroken // the first failure of its own
		default:
			counts <- d.Deliveries
			return nil
		}
	})
	publish(t, b, event("001", "a"))
	require.EqualValues(t, 1, receive(t, counts), "an outage uses up no delivery")
	require.EqualValues(t, 2, receive(t, counts))
	settled(t, b, spec)
	require.Zero(t, stored(t, b, subject.DeadLetters))
}

func TestAnEventTooLargeToPassOnIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	consume(t, b, spec, func(ctx context.Context, _ bus.Delivery) error {
		e := event("001", "out")
		e.Encoded = make([]byte, 5<<20)
		_, err := b.Publish(ctx, e)
		return err
	})
	publish(t, b, event("001", "a"))
	l := deadLetters(t, b, 1)[0]
	require.Equal(t, "too_large", l.GetReason())
	require.EqualValues(t, 1, l.GetDeliveries())
	settled(t, b, spec)
}

func TestRetryAfterIsNotBefore(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	times := make(chan time.Time, 10)
	consume(t, b, spec, func(_ context.Context, d bus.Delivery) error {
		times <- time.Now()
		if d.Deliveries == 1 {
			return bus.RetryAfter(700*time.Millisecond, errBroken)
		}
		return nil
	})
	publish(t, b, event("001", "a"))
	first := receive(t, times)
	require.GreaterOrEqual(t, receive(t, times).Sub(first), 700*time.Millisecond)
	settled(t, b, spec)
}

func TestSlowWorkIsNotGivenToASecondWorker(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{AckWait: 300 * time.Millisecond})
	var tries atomic.Int64
	started, release := make(chan struct{}, 10), make(chan struct{})
	slow := func(context.Context, bus.Delivery) error {
		tries.Add(1)
		started <- struct{}{}
		<-release
		return nil
	}
	consume(t, b, spec, slow)
	consume(t, b, spec, slow)
	publish(t, b, event("001", "a"), event("001", "b")) // b waits in line, or is at work elsewhere
	receive(t, started)
	probe := time.After(3 * spec.AckWait) // long enough for a second delivery, were there to be one
	<-probe
	close(release)
	settled(t, b, spec)
	require.EqualValues(t, 2, tries.Load())
}

func TestAHandlerThatHangsLosesItsEventToOthers(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{AckWait: 100 * time.Millisecond})
	release, hung := make(chan struct{}), make(chan struct{}, 1)
	handled := make(chan uint64, 10)
	h := func(_ context.Context, d bus.Delivery) error {
		select {
		case hung <- struct{}{}:
			<-release
		default:
			handled <- d.Deliveries
		}
		return nil
	}
	consume(t, b, spec, h)
	consume(t, b, spec, h)
	publish(t, b, event("001", "a"))
	require.Greater(t, receive(t, handled), uint64(1))
	close(release)
	settled(t, b, spec)
}

func TestADeletedConsumerIsAFailure(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	c := consume(t, b, spec, func(context.Context, bus.Delivery) error { return nil })
	require.NoError(t, b.JetStream().DeleteConsumer(t.Context(), spec.Stream, spec.Durable))
	require.ErrorContains(t, receive(t, c.Failed()), "consumer c: ")
	_, err := b.Consume(t.Context(), spec, nil)
	require.ErrorContains(t, err, "consumer c of RESPONSES")
}

func TestADeletedStreamIsAFailure(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	c := consume(t, b, consumer(t, b, topology.Consumer{}), func(context.Context, bus.Delivery) error { return nil })
	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.Responses))
	require.ErrorContains(t, receive(t, c.Failed()), "consumer c: ")
}

func TestAConsumerThatIsGoneAfterARestartIsAFailure(t *testing.T) {
	t.Parallel()
	cfg := embednats.Config{Dir: t.TempDir()}
	s := listening(t, cfg)
	b := newBus(t, dial(t, s.URL()), soon)
	provision(t, b)
	c := consume(t, b, consumer(t, b, topology.Consumer{}), func(context.Context, bus.Delivery) error { return nil })
	cfg.Listen = s.URL()[len("nats://"):]
	require.NoError(t, s.Shutdown(context.Background()))
	found, err := filepath.Glob(filepath.Join(cfg.Dir, "jetstream", "jetstream", "$G", "streams", subject.Responses, "obs", "c"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.NoError(t, os.RemoveAll(found[0]))
	s = listening(t, cfg)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	require.ErrorContains(t, receive(t, c.Failed()), "consumer c: ")
}

func TestAClosedConnectionIsAFailure(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	nc := testkit.Connect(t, server)
	b := newBus(t, nc, soon)
	provision(t, b)
	c := consume(t, b, consumer(t, b, topology.Consumer{}), func(context.Context, bus.Delivery) error { return nil })
	nc.Close()
	require.Error(t, receive(t, c.Failed()))
}
