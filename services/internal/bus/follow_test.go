package bus_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// following is a Follow at work: what it handed over, and when it caught up, as
// one sequence of words.
type following struct {
	words chan string
	ended chan error
	end   context.CancelFunc
}

const caughtUpWord = "caught up"

func follow(t *testing.T, b *bus.Bus, from uint64) following {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	f := following{words: make(chan string, 100_000), ended: make(chan error, 1), end: cancel}
	go func() {
		f.ended <- b.Follow(ctx, bus.FollowOptions{Stream: subject.Responses, From: from},
			func(d bus.Delivery) error { f.words <- d.ID; return nil },
			func() error { f.words <- caughtUpWord; return nil })
	}()
	return f
}

func (f following) expect(t *testing.T, words ...string) {
	t.Helper()
	for _, want := range words {
		require.Equal(t, want, receive(t, f.words))
	}
}

func (f following) stop(t *testing.T) {
	t.Helper()
	f.end()
	require.ErrorIs(t, receive(t, f.ended), context.Canceled)
	require.Empty(t, f.words)
}

func TestFollowHandsOverWhatIsStoredThenWhatComes(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	publish(t, b, event("001", "a"), event("002", "b"))
	f := follow(t, b, 0)
	f.expect(t, "a", "b", caughtUpWord)
	publish(t, b, event("001", "c"), event("003", "d"))
	f.expect(t, "c", "d")
	f.stop(t)
}

func TestFollowOfNothingIsCaughtUpAtOnce(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	f := follow(t, b, 1)
	f.expect(t, caughtUpWord)
	publish(t, b, event("001", "a"))
	f.expect(t, "a")
	f.stop(t)
}

func TestFollowFromWithinAndFromBeyondTheEnd(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	publish(t, b, event("001", "a"), event("001", "b"), event("001", "c"))
	within, next, beyond := follow(t, b, 2), follow(t, b, 4), follow(t, b, 5)
	within.expect(t, "b", "c", caughtUpWord)
	next.expect(t, caughtUpWord)
	beyond.expect(t, caughtUpWord)
	publish(t, b, event("001", "d"), event("001", "e"))
	within.expect(t, "d", "e")
	next.expect(t, "d", "e")
	beyond.expect(t, "e")
	within.stop(t)
	next.stop(t)
	beyond.stop(t)
}

func TestFollowPassesOverWhatWasDeleted(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	publish(t, b, event("001", "a"), event("001", "b"), event("001", "c"))
	s, err := b.JetStream().Stream(t.Context(), subject.Responses)
	require.NoError(t, err)
	require.NoError(t, s.SecureDeleteMsg(t.Context(), 2))
	require.NoError(t, s.SecureDeleteMsg(t.Context(), 3))
	f := follow(t, b, 0)
	f.expect(t, "a", caughtUpWord)
	require.NoError(t, s.SecureDeleteMsg(t.Context(), 1))
	none := follow(t, b, 0)
	none.expect(t, caughtUpWord)
	publish(t, b, event("001", "d"))
	f.expect(t, "d")
	none.expect(t, "d")
	f.stop(t)
	none.stop(t)
}

func TestFollowCatchesUpAlthoughTheRestIsDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	const n = 9000 // more than is fetched ahead
	b := testkit.Bus(t)
	for i := range n {
		_, err := b.JetStream().PublishAsync(subject.Response("s", "001"), fmt.Append(nil, i))
		require.NoError(t, err)
	}
	<-b.JetStream().PublishAsyncComplete()
	s, err := b.JetStream().Stream(t.Context(), subject.Responses)
	require.NoError(t, err)
	ctx := within(t, soon)
	seen := 0
	err = b.Follow(ctx, bus.FollowOptions{Stream: subject.Responses}, func(bus.Delivery) error {
		if seen++; seen == 1 {
			return s.Purge(ctx)
		}
		return nil
	}, func() error { return errEnough })
	require.ErrorIs(t, err, errEnough)
	require.Less(t, seen, n)
}

func TestFollowEndsWithWhatItsCallerSays(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	publish(t, b, event("001", "a"))
	o := bus.FollowOptions{Stream: subject.Responses}
	ok, no := func(bus.Delivery) error { return nil }, func(bus.Delivery) error { return errEnough }
	require.ErrorIs(t, b.Follow(t.Context(), o, no, nil), errEnough)
	require.ErrorIs(t, b.Follow(t.Context(), o, ok, func() error { return errEnough }), errEnough)
	o.Stream = "NONE"
	require.ErrorIs(t, b.Follow(t.Context(), o, ok, nil), bus.ErrUnavailable)
}

func TestFollowHeadersOnly(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	publish(t, b, event("001", "a"))
	err := b.Follow(t.Context(), bus.FollowOptions{Stream: subject.Responses, HeadersOnly: true}, func(d bus.Delivery) error {
		require.Equal(t, "a", d.ID)
		require.Equal(t, "rappel.events.v1.ResponseReceived", d.Type)
		require.Empty(t, d.Data)
		return errEnough
	}, nil)
	require.ErrorIs(t, err, errEnough)
}

func TestFollowOutlivesARestartOfTheServer(t *testing.T) {
	t.Parallel()
	cfg := embednats.Config{Dir: t.TempDir()}
	s := listening(t, cfg)
	b := newBus(t, dial(t, s.URL()), soon)
	provision(t, b)
	publish(t, b, event("001", "a"))
	f := follow(t, b, 0)
	f.expect(t, "a", caughtUpWord)
	cfg.Listen = s.URL()[len("nats://"):]
	require.NoError(t, s.Shutdown(context.Background()))
	s = listening(t, cfg)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	publish(t, b, event("001", "b"), event("001", "c"))
	f.expect(t, "b", "c")
	f.stop(t)
}

func TestFollowEndsPromptlyWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	s := listening(t, embednats.Config{Dir: t.TempDir()})
	b := newBus(t, dial(t, s.URL()), soon)
	provision(t, b)
	f := follow(t, b, 0)
	f.expect(t, caughtUpWord)
	require.NoError(t, s.Shutdown(context.Background()))
	eventually(t, func() bool { return b.Connected() != nil })
	start := time.Now()
	f.stop(t)
	require.Less(t, time.Since(start), time.Second)
}

// TestFollowIsCaughtUpOnceUnderLoad checks the callback's place: after all that
// was stored before, while events keep coming.
func TestFollowIsCaughtUpOnceUnderLoad(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	publishMany(t, b, 500, 50)
	var stop atomic.Bool
	published := make(chan int, 1)
	go func() {
		i := 500
		for ; !stop.Load() && i < 5000; i++ {
			if _, err := b.Append(t.Context(), event(bucketName(i%50), fmt.Sprintf("e%d", i))); err != nil {
				t.Errorf("publish: %v", err)
				break
			}
		}
		published <- i
	}()
	var seqs []uint64
	var at, times int
	ctx, cancel := context.WithCancel(within(t, soon))
	err := b.Follow(ctx, bus.FollowOptions{Stream: subject.Responses}, func(d bus.Delivery) error {
		if seqs = append(seqs, d.Sequence); len(seqs) == 2000 {
			cancel()
		}
		return nil
	}, func() error { at, times = len(seqs), times+1; return nil })
	stop.Store(true)
	<-published
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, times)
	require.GreaterOrEqual(t, at, 500)
	for i, seq := range seqs {
		require.EqualValues(t, i+1, seq, "no gap")
	}
}
