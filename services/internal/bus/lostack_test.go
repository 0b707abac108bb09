package bus_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
)

// lossyPair is a bus whose server's answers can be lost, and one that sees what
// is stored all the while.
type lossyPair struct {
	*proxy
	lossy, sure *bus.Bus
}

func setupLossy(t *testing.T, ackTimeout time.Duration) lossyPair {
	t.Helper()
	s := listening(t, embednats.Config{Dir: t.TempDir()})
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	p := newProxy(t, s.URL())
	sure := newBus(t, dial(t, s.URL()), soon)
	provision(t, sure)
	return lossyPair{proxy: p, lossy: newBus(t, dial(t, p.url()), ackTimeout), sure: sure}
}

type answer struct {
	r   bus.Receipt
	err error
}

// losing publishes with the acknowledgement lost, and calls meanwhile when the
// event is stored, before the client can ask again.
func (p lossyPair) losing(t *testing.T, e bus.Event, publish func(context.Context, bus.Event) (bus.Receipt, error), meanwhile func()) answer {
	t.Helper()
	p.deaf.Store(true)
	done := make(chan answer, 1)
	ctx := within(t, soon)
	go func() {
		r, err := publish(ctx, e)
		done <- answer{r, err}
	}()
	eventually(t, func() bool {
		d, err := p.sure.Last(ctx, e.Subject)
		return err == nil && d.ID == e.ID
	})
	select {
	case a := <-done:
		require.Failf(t, "the answer was not lost", "%v", a)
	default:
	}
	meanwhile()
	p.cut()
	return receive(t, done)
}

func TestALostAcknowledgementOfACompareAndSetIsFound(t *testing.T) {
	t.Parallel()
	p := setupLossy(t, soon)
	at := func(ctx context.Context, e bus.Event) (bus.Receipt, error) { return p.lossy.PublishAt(ctx, e, 0) }
	a := p.losing(t, callback(customer, "mine"), at, func() {})
	require.NoError(t, a.err)
	require.Equal(t, bus.Receipt{Sequence: 1, Duplicate: true}, a.r)
	require.EqualValues(t, 1, stored(t, p.sure, subject.Callbacks))
}

func TestALostAcknowledgementIsFoundBehindALaterEvent(t *testing.T) {
	t.Parallel()
	p := setupLossy(t, soon)
	at := func(ctx context.Context, e bus.Event) (bus.Receipt, error) { return p.lossy.PublishAt(ctx, e, 0) }
	a := p.losing(t, callback(customer, "mine"), at, func() {
		_, err := p.sure.PublishAt(t.Context(), callback(customer, "next"), 1)
		require.NoError(t, err)
	})
	require.NoError(t, a.err, "we were first; that somebody followed is no conflict")
	require.Equal(t, bus.Receipt{Sequence: 1, Duplicate: true}, a.r)
	require.EqualValues(t, 2, stored(t, p.sure, subject.Callbacks))
}

func TestALostRefusalIsAConflict(t *testing.T) {
	t.Parallel()
	p := setupLossy(t, soon)
	_, err := p.sure.PublishAt(t.Context(), callback(customer, "theirs"), 0)
	require.NoError(t, err)
	p.deaf.Store(true)
	done := make(chan error, 1)
	ctx := within(t, soon)
	go func() {
		_, err := p.lossy.PublishAt(ctx, callback(customer, "mine"), 0)
		done <- err
	}()
	p.cut()
	require.ErrorIs(t, receive(t, done), bus.ErrConflict)
	require.EqualValues(t, 1, stored(t, p.sure, subject.Callbacks))
}

func TestALostAcknowledgementWithinTheDuplicateWindow(t *testing.T) {
	t.Parallel()
	p := setupLossy(t, soon)
	// Another event of the bucket follows: reading the subject's end back tells
	// nothing, the server's memory of ids does.
	a := p.losing(t, event("001", "mine"), p.lossy.Publish, func() { publish(t, p.sure, event("001", "other")) })
	require.NoError(t, a.err)
	require.Equal(t, bus.Receipt{Sequence: 1, Duplicate: true}, a.r)
	require.EqualValues(t, 2, stored(t, p.sure, subject.Responses))
}

func TestALostAcknowledgementBeyondTheDuplicateWindow(t *testing.T) {
	t.Parallel()
	p := setupLossy(t, soon)
	s, err := p.sure.JetStream().Stream(t.Context(), subject.Responses)
	require.NoError(t, err)
	cfg := s.CachedInfo().Config
	cfg.Duplicates = 100 * time.Millisecond
	_, err = p.sure.JetStream().UpdateStream(t.Context(), cfg)
	require.NoError(t, err)
	a := p.losing(t, event("001", "mine"), p.lossy.Publish, func() {
		probe := event("002", "probe")
		publish(t, p.sure, probe)
		eventually(t, func() bool { // the window is over when the probe is stored twice
			r, err := p.sure.Publish(t.Context(), probe)
			return err == nil && !r.Duplicate
		})
	})
	require.NoError(t, a.err)
	require.Equal(t, bus.Receipt{Sequence: 1, Duplicate: true}, a.r)
	require.EqualValues(t, 3, stored(t, p.sure, subject.Responses), "the event once, the probe twice")
}

func TestAnAcknowledgementThatIsOnlyLateIsResolvedByTheTimeout(t *testing.T) {
	t.Parallel()
	p := setupLossy(t, 150*time.Millisecond)
	_, err := p.lossy.Publish(t.Context(), event("001", "warm-up"))
	require.NoError(t, err)
	p.deaf.Store(true)
	ctx := within(t, soon)
	start := time.Now()
	_, err = p.lossy.Publish(ctx, event("001", "a"))
	require.ErrorIs(t, err, bus.ErrUnavailable, "nothing was heard, and whether it is stored is not known")
	require.Less(t, time.Since(start), 3*time.Second)
	p.cut()
	eventually(t, func() bool { return p.lossy.Connected() == nil })
	var r bus.Receipt
	eventually(t, func() bool { // 150 ms may be too short for a busy machine: a caller repeats
		r, err = p.lossy.Publish(ctx, event("001", "a"))
		return err == nil
	})
	require.True(t, r.Duplicate, "repeated with the same id it is stored once")
	require.EqualValues(t, 2, stored(t, p.sure, subject.Responses))
}

// A node may die with the answer to a question: whoever asked has more time than
// that, and others to ask.
func TestAQuestionWhoseAnswerIsLostIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	s := listening(t, embednats.Config{Dir: t.TempDir()})
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	p := newProxy(t, s.URL())
	sure := newBus(t, dial(t, s.URL()), soon)
	provision(t, sure)
	publish(t, sure, event("001", "a"))
	subj := subject.Response("s", "001")
	for name, ask := range map[string]func(context.Context, *bus.Bus) error{
		"last": func(ctx context.Context, b *bus.Bus) error { _, err := b.Last(ctx, subj); return err },
		"at":   func(ctx context.Context, b *bus.Bus) error { _, err := b.At(ctx, subject.Responses, 1); return err },
		"history": func(ctx context.Context, b *bus.Bus) error {
			return b.History(ctx, subj, func(bus.Delivery) error { return nil })
		},
	} {
		p.deaf.Store(false)
		b := newBus(t, dial(t, p.url()), 200*time.Millisecond)
		eventually(t, func() bool { return ask(within(t, soon), b) == nil })
		p.deaf.Store(true)
		start := time.Now()
		require.ErrorIs(t, ask(within(t, soon), b), bus.ErrUnavailable, name)
		require.Less(t, time.Since(start), soon/2, name)
	}
}

func TestAServerThatIsGoneIsSaidSoInTimeAndComesBack(t *testing.T) {
	t.Parallel()
	cfg := embednats.Config{Dir: t.TempDir()}
	s := listening(t, cfg)
	b := newBus(t, dial(t, s.URL()), 200*time.Millisecond)
	provision(t, b)
	publish(t, b, event("001", "before"))
	cfg.Listen = s.URL()[len("nats://"):]
	require.NoError(t, s.Shutdown(context.Background()))
	eventually(t, func() bool { return b.Connected() != nil })

	start := time.Now()
	_, err := b.Publish(t.Context(), event("001", "during"))
	require.ErrorIs(t, err, bus.ErrUnavailable)
	require.Less(t, time.Since(start), 3*time.Second)
	_, err = b.PublishAt(t.Context(), callback(customer, "during"), 0)
	require.ErrorIs(t, err, bus.ErrUnavailable)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Publish(ctx, event("001", "no time"))
	require.ErrorIs(t, err, bus.ErrUnavailable)
	require.ErrorIs(t, err, context.Canceled)

	s = listening(t, cfg)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	eventually(t, func() bool {
		_, err := b.Publish(t.Context(), event("001", "after"))
		return err == nil
	})
	d, err := b.Last(t.Context(), subject.Response("s", "001"))
	require.NoError(t, err)
	require.Equal(t, "after", d.ID)
}

func TestAPublishOutlivesARestartOfTheServer(t *testing.T) {
	t.Parallel()
	cfg := embednats.Config{Dir: t.TempDir()}
	s := listening(t, cfg)
	b := newBus(t, dial(t, s.URL()), soon)
	provision(t, b)
	cfg.Listen = s.URL()[len("nats://"):]
	require.NoError(t, s.Shutdown(context.Background()))
	eventually(t, func() bool { return b.Connected() != nil })
	done := make(chan error, 1)
	ctx := within(t, soon)
	go func() {
		_, err := b.Publish(ctx, event("001", "a"))
		done <- err
	}()
	s = listening(t, cfg)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	require.NoError(t, receive(t, done))
	require.EqualValues(t, 1, stored(t, b, subject.Responses))
}

func TestSlotsAreBounded(t *testing.T) {
	t.Parallel()
	s := listening(t, embednats.Config{Dir: t.TempDir()})
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	p := newProxy(t, s.URL())
	provision(t, newBus(t, dial(t, s.URL()), soon))
	b, err := bus.New(dial(t, p.url()), bus.Options{Barrier: bus.Replicated{}, MaxInFlight: 1, AckTimeout: 300 * time.Millisecond})
	require.NoError(t, err)
	p.deaf.Store(true)
	done := make(chan error, 4)
	start := time.Now()
	for range cap(done) {
		go func() {
			_, err := b.Publish(t.Context(), event("001", nats.NewInbox()))
			done <- err
		}()
	}
	for range cap(done) {
		require.ErrorIs(t, receive(t, done), bus.ErrUnavailable)
	}
	require.Less(t, time.Since(start), 4*time.Second, "who has no slot does not wait for all those before")
}
