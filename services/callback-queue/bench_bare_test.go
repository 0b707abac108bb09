package callbackqueue_test

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

var requests atomic.Int64

func requestID() string { return strconv.FormatInt(requests.Add(1), 36) }

// bare reserves, stores and drops the reservation: the least that a durable
// exclusive claim can be made of.
type bare struct {
	site       *site
	claimEvent bus.Event // the bytes a claim stores
	line       line
}

// line is what the callbacks wait in.
type line interface {
	put(ctx context.Context, p place) error
	reserve(ctx context.Context) (place, error)
	done(ctx context.Context, p place) error
}

var errEmpty = errors.New("nothing waits")

func newBare(b *testing.B, s *site) contender {
	b.Helper()
	c := &bare{site: s, line: &heapLine{}}
	if s.redis != nil {
		c.line = redisLine{s.redis}
	}
	e, _, err := decided(callback.NewAggregate(key(0)), callback.TakeAlert{Alert: customerAlert(0)})
	require.NoError(b, err)
	_, c.claimEvent, err = decided(e.Next, callback.Claim{AgentID: "agent-1000", RequestID: "request-1000"})
	require.NoError(b, err)
	for _, p := range s.at {
		require.NoError(b, c.line.put(b.Context(), p))
	}
	return c
}

func (c *bare) open(b *testing.B, n int) {
	from := c.site.opened
	c.site.open(b, n)
	for _, p := range c.site.at[from:] {
		require.NoError(b, c.line.put(b.Context(), p))
	}
}

func (c *bare) claim(ctx context.Context, _ string) error {
	p, err := c.line.reserve(ctx)
	if err != nil {
		return err
	}
	e := c.claimEvent
	e.Subject, e.ID = p.subject, requestID()
	if _, err := c.site.bus.PublishAt(ctx, e, p.seq); err != nil {
		return err
	}
	return c.line.done(ctx, p)
}

// heapLine is a heap under a mutex.
type heapLine struct {
	mu sync.Mutex
	h  places
}

func (l *heapLine) put(_ context.Context, p place) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	heap.Push(&l.h, p)
	return nil
}

func (l *heapLine) reserve(context.Context) (place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.h) == 0 {
		return place{}, errEmpty
	}
	return heap.Pop(&l.h).(place), nil
}

func (l *heapLine) done(context.Context, place) error { return nil }

type places []place

func (h places) Len() int           { return len(h) }
func (h places) Less(i, j int) bool { return h[i].rank < h[j].rank }
func (h places) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *places) Push(p any)        { *h = append(*h, p.(place)) }
func (h *places) Pop() any {
	old := *h
	p := old[len(old)-1]
	*h = old[:len(old)-1]
	return p
}

// redisLine is two sorted sets: those that wait, and those that are held.
type redisLine struct{ *redis.Client }

var (
	reserveOne = redis.NewScript(`
local first = redis.call('ZPOPMIN', KEYS[1])
if #first == 0 then return false end
redis.call('ZADD', KEYS[2], ARGV[1], first[1])
return first[1]`)
	dropOne = redis.NewScript(`return redis.call('ZREM', KEYS[1], ARGV[1])`)
)

func (p place) member() string { return fmt.Sprintf("%d:%s", p.seq, p.subject) }

func (l redisLine) put(ctx context.Context, p place) error {
	return l.ZAdd(ctx, "ready", redis.Z{Score: float64(p.rank), Member: p.member()}).Err()
}

func (l redisLine) reserve(ctx context.Context) (place, error) {
	member, err := reserveOne.Run(ctx, l.Client, []string{"ready", "held"}, 1).Text()
	if err != nil {
		return place{}, err
	}
	digits, subject, _ := strings.Cut(member, ":")
	seq, err := strconv.ParseUint(digits, 10, 64)
	return place{subject: subject, seq: seq}, err
}

func (l redisLine) done(ctx context.Context, p place) error {
	return dropOne.Run(ctx, l.Client, []string{"held"}, p.member()).Err()
}
