package access

import (
	"container/list"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// MaxBuckets is how many buckets a collector keeps in memory, some 300 bytes each.
const MaxBuckets = 100_000

// Memory keeps buckets in this process. Of too many it forgets the one that was asked
// for the longest ago.
type Memory struct {
	clock Clock
	most  int

	mu      sync.Mutex
	buckets map[string]*list.Element
	used    *list.List // the last used in front
}

type bucket struct {
	name string
	left *rate.Limiter
}

var _ Limiter = (*Memory)(nil)

// NewMemory keeps at most so many buckets.
func NewMemory(c Clock, most int) *Memory {
	return &Memory{clock: c, most: most, buckets: map[string]*list.Element{}, used: list.New()}
}

// Take is the limiter's; its error is nil.
func (m *Memory) Take(_ context.Context, name string, l Limit, n int) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, left := m.clock.Now(), m.bucket(name, l)
	if left.AllowN(now, n) {
		return 0, nil
	}
	missing := float64(n) - left.TokensAt(now)
	return max(1, time.Duration(missing/l.Rate*float64(time.Second))), nil
}

func (m *Memory) bucket(name string, l Limit) *rate.Limiter {
	if e, ok := m.buckets[name]; ok {
		m.used.MoveToFront(e)
		return e.Value.(*bucket).left //nolint:forcetypeassert // it holds nothing else
	}
	b := &bucket{name, rate.NewLimiter(rate.Limit(l.Rate), l.Burst)}
	m.buckets[name] = m.used.PushFront(b)
	if len(m.buckets) > m.most {
		idle := m.used.Back()
		m.used.Remove(idle)
		delete(m.buckets, idle.Value.(*bucket).name) //nolint:forcetypeassert // the same
	}
	return b.left
}
