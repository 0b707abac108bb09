package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/collector/internal/ledger"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func follow(t *testing.T, b *bus.Bus, sweep time.Duration) *ledger.Ledger {
	t.Helper()
	l := ledger.New()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	f := &ledger.Follower{Ledger: l, Bus: b, Log: zap.NewNop(), Sweep: sweep}
	wg.Go(func() { f.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return l
}

func event(id string, revision uint32) *eventsv1.ResponseReceived {
	return &eventsv1.ResponseReceived{
		EventId: fmt.Sprintf("%s-%d", id, revision), Revision: revision, Bucket: "abc",
		Response: &eventsv1.Response{Survey: "s", Id: id},
	}
}

func TestALedgerReadsWhatWasAndFollowsWhatComes(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	j := journal.New(b)
	head := uint64(0)
	add := func(id string, revision uint32) {
		seq, err := j.Append(t.Context(), event(id, revision), response.Digest{byte(revision)}, head)
		require.NoError(t, err)
		head = seq
	}
	for i := range 100 {
		add(fmt.Sprint("r-", i%40), uint32(i/40+1))
	}
	l := follow(t, b, 0)
	require.Eventually(t, func() bool { return l.Ready() == nil }, 10*time.Second, time.Millisecond)
	require.Equal(t, 40, l.Len())
	e, ok := l.Find(response.IdentityOf("s", "r-19"))
	require.True(t, ok)
	require.EqualValues(t, 3, e.Revision)
	require.EqualValues(t, 100, e.Sequence)
	require.Equal(t, response.Digest{3}, e.Digest)
	require.EqualValues(t, 100, l.Head(subject.Response("s", "abc")))

	add("new", 1)
	require.NoError(t, l.Await(t.Context(), head))
	_, ok = l.Find(response.IdentityOf("s", "new"))
	require.True(t, ok)
}

func TestALedgerForgetsWhatHasLeftTheStream(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	for i := range 10 {
		_, err := journal.New(b).Append(t.Context(), event(fmt.Sprint(i), 1), response.Digest{}, uint64(i))
		require.NoError(t, err)
	}
	l := follow(t, b, 5*time.Millisecond)
	require.Eventually(t, func() bool { return l.Len() == 10 }, 10*time.Second, time.Millisecond)
	s, err := b.JetStream().Stream(t.Context(), subject.Responses)
	require.NoError(t, err)
	require.NoError(t, s.Purge(t.Context(), jetstream.WithPurgeSequence(8)))
	require.Eventually(t, func() bool { return l.Len() == 3 }, 10*time.Second, time.Millisecond)
	require.NoError(t, s.Purge(t.Context()))
	require.Eventually(t, func() bool { return l.Len() == 0 }, 10*time.Second, time.Millisecond)
	require.Zero(t, l.Head(subject.Response("s", "abc")))
}

func BenchmarkRebuild(b *testing.B) {
	bu := testkit.Bus(b)
	const n = 20_000
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < n; i += 64 {
				e := event(fmt.Sprint(i), 1)
				e.Bucket = fmt.Sprintf("%03x", w)
				if _, err := bu.Append(b.Context(), bus.Event{
					Subject: subject.Response("s", e.GetBucket()), ID: e.GetEventId(), Body: e,
					Headers: map[string]string{subject.HeaderResponseID: "cg", subject.HeaderRevision: "1", subject.HeaderDigest: response.Digest{}.String()},
				}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for b.Loop() {
		l := ledger.New()
		ctx, cancel := context.WithCancel(b.Context())
		var running sync.WaitGroup
		running.Go(func() { (&ledger.Follower{Ledger: l, Bus: bu, Log: zap.NewNop()}).Run(ctx) })
		if err := l.Await(ctx, n); err != nil {
			b.Fatal(err)
		}
		cancel()
		running.Wait()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
