package callbackqueue_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	floormemory "github.com/rappel-loop/rappel/services/callback-queue/internal/floor/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// queueAtWork is the callback queue as the service wires it, its projector
// running.
type queueAtWork struct {
	*queue.Queue
	site *site
}

func newQueue(b *testing.B, s *site) contender {
	b.Helper()
	var index queue.Index = memory.New()
	if s.redis != nil {
		index = redisindex.New(s.redis, "bench")
	}
	found, err := store.NewMetrics(nil)
	require.NoError(b, err)
	metrics, err := queue.NewMetrics(nil)
	require.NoError(b, err)
	q := queue.New(queue.Deps{
		Store: store.New(s.bus, zap.NewNop(), found, 0), Index: index, Roster: roster.List(nil), Floor: floormemory.New(), Policy: callback.DefaultPolicy(),
		Clock: clock.System{}, Log: zap.NewNop(), Metrics: metrics,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { _ = q.Project(ctx) })
	b.Cleanup(func() { cancel(); tasks.Wait() })
	began := time.Now()
	require.Eventually(b, func() bool {
		_, err := index.Checkpoint(ctx)
		return err == nil
	}, 5*time.Minute, 10*time.Millisecond)
	b.Logf("index of %d callbacks built in %s", s.opened, time.Since(began).Round(time.Millisecond))
	return &queueAtWork{Queue: q, site: s}
}

func (q *queueAtWork) open(b *testing.B, n int) {
	q.site.spread(b, n, func(i int) error { return q.TakeAlert(b.Context(), customerAlert(i)) })
}

func (q *queueAtWork) claim(ctx context.Context, agent string) error {
	_, err := q.Claim(ctx, queue.ClaimRequest{AgentID: agent, RequestID: requestID()})
	return err
}
