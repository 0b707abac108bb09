package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

const customer = "abcdefghijklmnopqrstuvwxyz"

func TestARepeatedIDIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	first, err := b.Publish(t.Context(), event("001", "a"))
	require.NoError(t, err)
	require.False(t, first.Duplicate)
	again, err := b.Publish(t.Context(), event("001", "a"))
	require.NoError(t, err)
	require.Equal(t, bus.Receipt{Sequence: first.Sequence, Duplicate: true}, again)
	require.EqualValues(t, 1, stored(t, b, subject.Responses))
}

func TestWhatIsStoredSaysWhatItIs(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	e := event("001", "a")
	e.Headers = map[string]string{subject.HeaderRevision: "3"}
	r, err := b.Publish(trace.ContextWithSpanContext(t.Context(), span), e)
	require.NoError(t, err)

	d, err := b.At(t.Context(), subject.Responses, r.Sequence)
	require.NoError(t, err)
	require.Equal(t, "a", d.ID)
	require.Equal(t, "rappel.events.v1.ResponseReceived", d.Type)
	require.Equal(t, e.Subject, d.Subject)
	require.Equal(t, subject.Responses, d.Stream)
	require.Equal(t, []string{subject.SchemaVersion}, d.Headers[subject.HeaderSchema])
	require.Equal(t, []string{"3"}, d.Headers[subject.HeaderRevision])
	require.Equal(t, []string{"00-01000000000000000000000000000000-0200000000000000-01"}, d.Headers[subject.HeaderTraceparent],
		"NATS tells capitals apart")
	var body eventsv1.ResponseReceived
	require.NoError(t, d.Decode(&body))
	require.Equal(t, "001", body.GetBucket())
	require.ErrorContains(t, d.Decode(&eventsv1.AlertRaised{}), "unexpected_type")

	d, err = b.Last(t.Context(), e.Subject)
	require.NoError(t, err)
	require.Equal(t, r.Sequence, d.Sequence)
	_, err = b.Last(t.Context(), subject.Response("s", "fff"))
	require.ErrorIs(t, err, bus.ErrNotFound)
	_, err = b.At(t.Context(), subject.Responses, 99)
	require.ErrorIs(t, err, bus.ErrNotFound)
}

func TestTheHandlerGetsTheTraceOfThePublisher(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	got := make(chan trace.SpanContext, 1)
	consume(t, b, consumer(t, b, topology.Consumer{}), func(ctx context.Context, _ bus.Delivery) error {
		got <- trace.SpanContextFromContext(ctx)
		return nil
	})
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{7}, SpanID: trace.SpanID{8}, TraceFlags: trace.FlagsSampled})
	_, err := b.Publish(trace.ContextWithSpanContext(t.Context(), span), event("001", "a"))
	require.NoError(t, err)
	require.Equal(t, span.TraceID(), receive(t, got).TraceID())
}

func TestCompareAndSet(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	first, err := b.PublishAt(t.Context(), callback(customer, "a"), 0)
	require.NoError(t, err)
	_, err = b.PublishAt(t.Context(), callback(customer, "b"), 0)
	require.ErrorIs(t, err, bus.ErrConflict)
	second, err := b.PublishAt(t.Context(), callback(customer, "c"), first.Sequence)
	require.NoError(t, err)

	// What was ours stays ours, whatever came after it.
	again, err := b.PublishAt(t.Context(), callback(customer, "a"), 0)
	require.NoError(t, err)
	require.Equal(t, bus.Receipt{Sequence: first.Sequence, Duplicate: true}, again)
	again, err = b.PublishAt(t.Context(), callback(customer, "c"), first.Sequence)
	require.NoError(t, err)
	require.Equal(t, bus.Receipt{Sequence: second.Sequence, Duplicate: true}, again)
	require.EqualValues(t, 2, stored(t, b, subject.Callbacks))
}

func TestExactlyOneOfManyWins(t *testing.T) {
	t.Parallel()
	const writers, rounds = 16, 200
	b := testkit.Bus(t)
	var last uint64
	for round := range rounds {
		var wg sync.WaitGroup
		receipts := make([]bus.Receipt, writers)
		errs := make([]error, writers)
		for i := range writers {
			wg.Go(func() {
				receipts[i], errs[i] = b.PublishAt(t.Context(), callback(customer, fmt.Sprintf("%d-%d", round, i)), last)
			})
		}
		wg.Wait()
		winners := 0
		for i, err := range errs {
			if err == nil {
				winners++
				last = receipts[i].Sequence
				continue
			}
			require.ErrorIs(t, err, bus.ErrConflict)
		}
		require.Equal(t, 1, winners)
	}
	require.EqualValues(t, rounds, stored(t, b, subject.Callbacks))
}

func TestAFullStreamSaysSo(t *testing.T) {
	t.Parallel()
	b := testkit.BusWith(t, topology.Options{MaxBytes: 16 << 10})
	var err error
	n := uint64(0)
	for i := 0; err == nil && i < 1000; i++ {
		if _, err = b.Publish(t.Context(), event("001", fmt.Sprint(i))); err == nil {
			n++
		}
	}
	require.ErrorIs(t, err, bus.ErrFull)
	require.NotErrorIs(t, err, bus.ErrUnavailable)
	require.Equal(t, n, stored(t, b, subject.Responses))
}

func TestAnEventTooLargeIsNotTakenForAFullStream(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s, err := b.JetStream().Stream(t.Context(), subject.Responses)
	require.NoError(t, err)
	cfg := s.CachedInfo().Config
	cfg.MaxMsgSize = 64 << 10
	_, err = b.JetStream().UpdateStream(t.Context(), cfg)
	require.NoError(t, err)
	for _, size := range []int{65 << 10, 5 << 20} { // over the stream's limit, over the server's
		e := event("001", "a")
		e.Encoded = make([]byte, size)
		_, err := b.Publish(t.Context(), e)
		require.ErrorIs(t, err, bus.ErrTooLarge)
		require.NotErrorIs(t, err, bus.ErrFull)
	}
}

func TestAnEventMustBeWhole(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	for _, e := range []bus.Event{
		{Subject: "rappel.v1.response.s.001", ID: "a", Encoded: []byte("x")},
		{Subject: "rappel.v1.response.s.001", Body: &eventsv1.ResponseReceived{}},
		{ID: "a", Body: &eventsv1.ResponseReceived{}},
	} {
		_, err := b.Publish(t.Context(), e)
		require.ErrorContains(t, err, "an event needs")
	}
	_, err := bus.New(testkit.Connect(t, testkit.Server(t)), bus.Options{})
	require.ErrorContains(t, err, "barrier is required")
}

// deadDisk is a barrier that cannot promise anything.
type deadDisk struct{}

var errDisk = errors.New("disk")

func (deadDisk) Wait(context.Context) error { return errDisk }

func TestWhatIsNotDurableIsNotPublished(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	b, err := bus.New(testkit.Connect(t, server), bus.Options{Barrier: deadDisk{}})
	require.NoError(t, err)
	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	_, err = b.Publish(t.Context(), event("001", "a"))
	require.ErrorIs(t, err, bus.ErrUnavailable)
	require.ErrorIs(t, err, errDisk)
	_, err = b.PublishAt(t.Context(), callback(customer, "a"), 0)
	require.ErrorIs(t, err, bus.ErrUnavailable)
	_, err = b.Append(t.Context(), event("001", "b"))
	require.NoError(t, err, "Append promises nothing about the disk")
}

func TestHistoryIsOneSubjectsEventsInOrder(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	publish(t, b, event("001", "a"), event("002", "b"), event("001", "c"), event("001", "d"))
	read := func(bucket string) (ids []string) {
		require.NoError(t, b.History(t.Context(), subject.Response("s", bucket), func(d bus.Delivery) error {
			ids = append(ids, d.ID)
			return nil
		}))
		return ids
	}
	require.Equal(t, []string{"a", "c", "d"}, read("001"))
	require.Empty(t, read("003"))
	require.ErrorIs(t, b.History(t.Context(), subject.Response("s", "001"), func(bus.Delivery) error { return errEnough }), errEnough)
	s, err := b.JetStream().Stream(t.Context(), subject.Responses)
	require.NoError(t, err)
	require.NoError(t, s.DeleteMsg(t.Context(), 3))
	require.Equal(t, []string{"a", "d"}, read("001"))
	require.Equal(t, 2, s.CachedInfo().State.Consumers, "the two of the topology: reading leaves nothing behind on the server")
}

func TestPublishesAreCountedByKindAndResult(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	server := testkit.Server(t)
	b, err := bus.New(testkit.Connect(t, server), bus.Options{Barrier: bus.Replicated{}, Metrics: bus.NewMetrics(reg)})
	require.NoError(t, err)
	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	publish(t, b, event("001", "a"))
	_, err = b.PublishAt(t.Context(), callback(customer, "a"), 7)
	require.ErrorIs(t, err, bus.ErrConflict)
	families, err := reg.Gather()
	require.NoError(t, err)
	counts := map[string]uint64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			if n := m.GetHistogram().GetSampleCount(); n > 0 {
				counts[f.GetName()+" "+strings.Join(labels, " ")] = n
			}
		}
	}
	require.Equal(t, map[string]uint64{"bus_publish_seconds response ok": 1, "bus_publish_seconds callback conflict": 1}, counts)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}
