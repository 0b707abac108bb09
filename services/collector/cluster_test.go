package collector_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// insistent is a source that sends a response until it is accepted.
func (l *loop) insistent(ctx context.Context, r *eventsv1.Response) *collectorv1.SubmitResponseResponse {
	for ctx.Err() == nil {
		res, err := l.grpc.SubmitResponse(ctx, request(r))
		if err == nil {
			return res
		}
		if code := grpcstatus.Code(err); code != codes.Unavailable && code != codes.ResourceExhausted {
			l.Errorf("%s: %v", r.GetId(), err)
			return nil
		}
	}
	return nil
}

// Two collectors at two nodes get the same responses at the same time, and a
// third node, which leads RESPONSES, is lost meanwhile and comes back. Each
// revision of each response is stored once, and what was accepted is stored.
func TestTwoCollectorsAtTwoNodesWhileTheLeaderIsLost(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	const pairs = 4
	c := testkit.NATSCluster(t)
	leader := c.Leader(t, subject.Responses)
	others := c.Others(leader)
	a := start(t, c.Bus(t, others[0]), zap.NewNop())
	b := start(t, c.Bus(t, others[1]), zap.NewNop())
	b.clock.Advance(time.Nanosecond) // no two clocks agree to the nanosecond, except by hand

	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var accepted atomic.Int64
	var ended atomic.Bool
	var mu sync.Mutex
	first := map[string]uint32{} // response -> revisions that were accepted as new
	var sources sync.WaitGroup
	for pair := range pairs {
		sources.Go(func() {
			for n := 0; !ended.Load() && ctx.Err() == nil; n++ {
				id := fmt.Sprintf("r-%d-%d", pair, n)
				// The same score at both at once, then a word from each.
				for _, word := range []string{"", "said"} {
					var both sync.WaitGroup
					for i, l := range []*loop{a, b} {
						r := piece(id, "C-"+id, nps(2))
						if word != "" {
							r = piece(id, "", &eventsv1.Answer{Question: fmt.Sprintf("q%d", i), Verbatim: word})
						}
						both.Go(func() {
							res := l.insistent(ctx, r)
							if res == nil {
								return
							}
							mu.Lock()
							defer mu.Unlock()
							first[id] = max(first[id], res.GetRevision())
							accepted.Add(1)
						})
					}
					both.Wait()
				}
			}
		})
	}
	goesOn := func(n int64) {
		t.Helper()
		want := accepted.Load() + n
		require.Eventually(t, func() bool { return accepted.Load() >= want }, 60*time.Second, 5*time.Millisecond)
	}
	goesOn(200)
	c.Stop(t, leader)
	goesOn(200)
	c.Start(t, leader)
	goesOn(200)
	ended.Store(true)
	sources.Wait()
	require.NoError(t, ctx.Err())
	c.AwaitHealthy(t)

	last := checkRevisions(a)
	require.Len(t, last, len(first), "what is stored was accepted, and what was accepted is stored")
	for id, revision := range first {
		require.Equal(t, revision, last[id].GetRevision(), id)
		require.EqualValues(t, 3, revision, "the score is one revision, and each word one: %s", id)
		require.Len(t, last[id].GetResponse().GetAnswers(), 3, id)
	}
	t.Logf("%d submissions of %d responses", accepted.Load(), len(first))
}
