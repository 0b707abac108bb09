package donotcall_test

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func key(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

func keys(from, to int) (all []string) {
	for n := from; n < to; n++ {
		all = append(all, key(n))
	}
	return all
}

func apply(t *testing.T, l *donotcall.List, listed bool, keys ...string) int {
	t.Helper()
	n, err := l.Apply(t.Context(), donotcall.Change{Keys: keys, Listed: listed, By: "sam", CallbackID: "c-1", At: t0})
	require.NoError(t, err)
	return n
}

// followed is a list that is followed until the test ends.
func followed(t *testing.T, b *bus.Bus) *donotcall.List {
	t.Helper()
	l := donotcall.New(b, zap.NewNop())
	l.Hurry()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = l.Follow(ctx) }) // it ends without an error, with ctx
	t.Cleanup(func() { cancel(); running.Wait() })
	waiting, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	require.NoError(t, l.Wait(waiting))
	return l
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 30*time.Second, 2*time.Millisecond)
}

func TestWhoIsListedStaysSo(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	api := donotcall.New(b, zap.NewNop())
	require.Equal(t, 3, apply(t, api, true, key(1), key(2), key(3), key(2)))
	require.Equal(t, 1, apply(t, api, true, key(3), key(4)), "what is so already is no change")
	require.Equal(t, 1, apply(t, api, false, key(1), key(9)))

	one, other := followed(t, b), followed(t, b)
	for _, l := range []*donotcall.List{one, other} {
		require.Equal(t, 3, l.Len())
		require.False(t, l.Has(key(1)))
		require.True(t, l.Has(key(1), key(4)))
		require.False(t, l.Has())
		require.False(t, l.Has("no pseudonym", ""))
		<-l.News()
	}
	apply(t, one, true, key(5))
	require.True(t, one.Has(key(5)), "a change made through it is known at once")
	<-one.News()
	until(t, func() bool { return other.Has(key(5)) })
	<-other.News()
	apply(t, other, false, key(5))
	until(t, func() bool { return !one.Has(key(5)) })
	require.Empty(t, one.News(), "nobody was added")

	why, err := api.Check(t.Context(), []string{key(9), key(1), key(2)})
	require.NoError(t, err)
	require.Equal(t, []any{true, "sam", "c-1", t0}, []any{why.GetListed(), why.GetBy(), why.GetCallbackId(), why.GetAt().AsTime()})
	why, err = api.Check(t.Context(), []string{key(9), key(1)})
	require.NoError(t, err)
	require.False(t, why.GetListed())
}

// Many change the same few at once: each is changed once, and nothing is lost.
func TestManyChangeAtOnce(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	l := followed(t, b)
	var mu sync.Mutex
	total := 0
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			n, err := donotcall.New(b, zap.NewNop()).Apply(t.Context(), donotcall.Change{Keys: keys(0, 100), Listed: true, At: t0})
			mu.Lock()
			defer mu.Unlock()
			total += n
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// Who lost the race to the very same event is told that it is stored, and it is.
	require.GreaterOrEqual(t, total, 100)
	until(t, func() bool { return l.Len() == 100 })
	s, err := b.JetStream().Stream(t.Context(), subject.DoNotCall)
	require.NoError(t, err)
	require.EqualValues(t, 100, s.CachedInfo().State.Msgs)
}

func TestUntilItIsReadNothingIsKnown(t *testing.T) {
	t.Parallel()
	l := donotcall.New(testkit.Bus(t), zap.NewNop())
	require.ErrorIs(t, l.Ready(), donotcall.ErrLoading)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Wait(ctx), donotcall.ErrLoading)
}

// While the stream is away what is known holds; another in its place counts.
func TestAStreamThatIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	apply(t, donotcall.New(b, zap.NewNop()), true, key(1))
	l := followed(t, b)
	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.DoNotCall))
	_, err := l.Apply(t.Context(), donotcall.Change{Keys: []string{key(2)}, Listed: true, At: t0})
	require.Error(t, err)
	require.True(t, l.Has(key(1)))
	require.False(t, l.Has(key(2)))
	require.NoError(t, topology.Ensure(t.Context(), b.JetStream(), topology.Options{}))
	apply(t, donotcall.New(b, zap.NewNop()), true, key(3))
	until(t, func() bool { return l.Has(key(3)) && !l.Has(key(1)) })
}

// What cannot be read is left out, and what is behind it is not.
func TestAForeignEvent(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	_, err := b.Publish(t.Context(), bus.Event{Subject: subject.DoNotCallKey(key(1)), ID: "x", Body: &eventsv1.CallNoted{}})
	require.NoError(t, err)
	_, err = b.Publish(t.Context(), bus.Event{Subject: subject.DoNotCallKey("short"), ID: "y", Body: &eventsv1.DoNotCallChanged{Listed: true}})
	require.NoError(t, err)
	apply(t, donotcall.New(b, zap.NewNop()), true, key(2))
	require.Equal(t, 1, followed(t, b).Len())
}

func BenchmarkHas(b *testing.B) {
	bus := testkit.Bus(b)
	l := donotcall.New(bus, zap.NewNop())
	_, err := l.Apply(b.Context(), donotcall.Change{Keys: keys(0, 10_000), Listed: true, At: t0})
	require.NoError(b, err)
	asked := keys(9_999, 10_002)
	b.ReportAllocs()
	for b.Loop() {
		if l.Has(asked[1], asked[2]) {
			b.Fatal("nobody listed them")
		}
	}
}
