package bus_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// carriedOut waits until every order to a consumer has been carried out.
func carriedOut(t *testing.T, b *bus.Bus, spec topology.Consumer) {
	t.Helper()
	last, err := b.Last(t.Context(), subject.Redrive(spec.Durable))
	require.NoError(t, err)
	eventually(t, func() bool {
		c, err := b.JetStream().Consumer(t.Context(), subject.DeadLetters, spec.Redrives().Durable)
		return err == nil && c.CachedInfo().AckFloor.Stream >= last.Sequence && c.CachedInfo().NumAckPending == 0
	})
}

// fallible is a handler that gives everything up until it is mended.
type fallible struct {
	mended  chan struct{}
	handled chan bus.Delivery
}

func newFallible() fallible {
	return fallible{mended: make(chan struct{}), handled: make(chan bus.Delivery, 100)}
}

func (f fallible) handle(_ context.Context, d bus.Delivery) error {
	select {
	case <-f.mended:
		f.handled <- d
		return nil
	default:
		return bus.Terminate("rule_failed", errBroken)
	}
}

func TestARedrivenEventComesToItsHandlerAgain(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec, other := consumer(t, b, topology.Consumer{}), consumer(t, b, topology.Consumer{Durable: "other"})
	f := newFallible()
	consume(t, b, spec, f.handle)
	others := make(chan bus.Delivery, 100)
	consume(t, b, other, func(_ context.Context, d bus.Delivery) error { others <- d; return nil })
	publish(t, b, event("001", "a"))
	letters := deadLetters(t, b, 1)

	// In vain: another letter says so, and counts on.
	require.NoError(t, b.Redrive(t.Context(), 1))
	carriedOut(t, b, spec)
	letters = append(letters, deadLetters(t, b, 2)[1])
	require.Equal(t, letters[0].GetDeliveries()+1, letters[1].GetDeliveries())
	require.NotEqual(t, letters[0].GetEventId(), letters[1].GetEventId())
	for _, l := range letters {
		require.Equal(t, []any{spec.Stream, uint64(1), spec.Durable, "rule_failed"},
			[]any{l.GetStream(), l.GetSequence(), l.GetConsumer(), l.GetReason()})
	}

	close(f.mended)
	require.NoError(t, b.Redrive(t.Context(), 3))
	require.NoError(t, b.Redrive(t.Context(), 3), "once more is the same order")
	d := receive(t, f.handled)
	e := &eventsv1.ResponseReceived{}
	require.NoError(t, d.Decode(e))
	require.Equal(t, []any{spec.Stream, subject.Response("s", "001"), uint64(1)}, []any{d.Stream, d.Subject, d.Sequence})
	carriedOut(t, b, spec)
	require.Empty(t, f.handled)
	require.Len(t, deadLetters(t, b, 2), 2)
	require.EqualValues(t, 1, receive(t, others).Sequence)
	require.Empty(t, others, "who did not give it up is not bothered")
}

// An order outlives the process: it is carried out at the next start.
func TestAnOrderWaitsForItsConsumer(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	f := newFallible()
	c := consume(t, b, spec, f.handle)
	publish(t, b, event("001", "a"))
	deadLetters(t, b, 1)
	require.NoError(t, c.Stop(within(t, soon)))

	require.NoError(t, b.Redrive(t.Context(), 1))
	close(f.mended)
	consume(t, b, spec, f.handle)
	require.EqualValues(t, 1, receive(t, f.handled).Sequence)
	carriedOut(t, b, spec)
}

func TestALetterWithoutItsBodyIsReadFromTheStream(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s, err := b.JetStream().Stream(t.Context(), subject.DeadLetters)
	require.NoError(t, err)
	cfg := s.CachedInfo().Config
	cfg.MaxMsgSize = 1000
	_, err = b.JetStream().UpdateStream(t.Context(), cfg)
	require.NoError(t, err)
	spec := consumer(t, b, topology.Consumer{})
	f := newFallible()
	consume(t, b, spec, f.handle)
	large := event("001", "a")
	large.Body.(*eventsv1.ResponseReceived).Response = &eventsv1.Response{Answers: []*eventsv1.Answer{{Verbatim: string(make([]byte, 2000))}}}
	publish(t, b, large)
	require.Empty(t, deadLetters(t, b, 1)[0].GetBody())

	// While its event is there it comes; when it is gone, that is said.
	responses, err := b.JetStream().Stream(t.Context(), spec.Stream)
	require.NoError(t, err)
	require.NoError(t, b.Redrive(t.Context(), 1))
	require.Equal(t, "rule_failed", deadLetters(t, b, 2)[1].GetReason())
	require.NoError(t, responses.DeleteMsg(t.Context(), 1))
	close(f.mended)
	require.NoError(t, b.Redrive(t.Context(), 3))
	require.Equal(t, "event_gone", deadLetters(t, b, 3)[2].GetReason())
	require.Empty(t, f.handled)
}

func TestOnlyALetterCanBeRedriven(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	f := newFallible()
	consume(t, b, spec, f.handle)
	publish(t, b, event("001", "a"))
	deadLetters(t, b, 1)
	require.NoError(t, b.Redrive(t.Context(), 1))
	deadLetters(t, b, 2)
	for _, seq := range []uint64{2, 99} { // an order, and nothing
		require.ErrorIs(t, b.Redrive(t.Context(), seq), bus.ErrNoLetter)
	}

	// Whatever else is sent to the consumer stops nobody.
	publish(t, b,
		bus.Event{Subject: subject.Redrive(spec.Durable), ID: "no order", Body: &eventsv1.DeadLetter{}},
		bus.Event{Subject: subject.Redrive(spec.Durable), ID: "of no letter", Body: &eventsv1.Redrive{Letter: 2}})
	carriedOut(t, b, spec)
	letters := deadLetters(t, b, 3)
	require.Equal(t, []string{"unexpected_type", spec.Durable + "-redrive"}, []string{letters[2].GetReason(), letters[2].GetConsumer()})
	close(f.mended)
	require.NoError(t, b.Redrive(t.Context(), 3))
	receive(t, f.handled)
}

func TestAStopCutsNoOrderShort(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	spec := consumer(t, b, topology.Consumer{})
	begun, proceed := make(chan struct{}), make(chan struct{})
	first := true
	var done atomic.Bool
	c := consume(t, b, spec, func(context.Context, bus.Delivery) error {
		if first { // the lanes of one event never run at once
			first = false
			return bus.Terminate("rule_failed", errBroken)
		}
		close(begun)
		<-proceed
		done.Store(true)
		return nil
	})
	publish(t, b, event("001", "a"))
	deadLetters(t, b, 1)
	require.NoError(t, b.Redrive(t.Context(), 1))
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- c.Stop(within(t, soon)) }()
	require.Empty(t, stopped)
	close(proceed)
	require.NoError(t, <-stopped)
	require.True(t, done.Load(), "it stopped before the order was carried out")
	carriedOut(t, b, spec)
	require.Len(t, deadLetters(t, b, 1), 1)
}
