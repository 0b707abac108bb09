package access

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// Patience is how long a caller waits for the shared limits, unless it is said.
	Patience = 50 * time.Millisecond
	// pause is how long they are not asked after they did not answer: a thousand callers
	// need not each find out.
	pause = time.Second
	// sayAgain is how often it is said.
	sayAgain = time.Minute
)

// Fallback takes from shared buckets, and from the process's own while those don't
// answer.
type Fallback struct {
	shared, own Limiter
	patience    time.Duration
	clock       Clock
	log         *zap.Logger

	mu     sync.Mutex
	away   time.Time // until then they are not asked
	silent time.Time // until then nothing is said
}

var _ Limiter = (*Fallback)(nil)

// NewFallback returns a limiter that does not fail as long as own doesn't; patience is how
// long a caller waits for the shared one.
func NewFallback(shared, own Limiter, patience time.Duration, c Clock, log *zap.Logger) *Fallback {
	return &Fallback{shared: shared, own: own, patience: patience, clock: c, log: log}
}

// Take is the limiter's.
func (f *Fallback) Take(ctx context.Context, name string, l Limit, n int) (time.Duration, error) {
	if f.asks() {
		asked, cancel := context.WithTimeout(ctx, f.patience)
		defer cancel()
		wait, err := f.shared.Take(asked, name, l, n)
		if err == nil {
			return wait, nil
		}
		if ctx.Err() == nil { // else the caller has gone, which says nothing of the others
			f.missed(err)
		}
	}
	return f.own.Take(ctx, name, l, n)
}

func (f *Fallback) asks() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.clock.Now().Before(f.away)
}

func (f *Fallback) missed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.Now()
	f.away = now.Add(pause)
	if now.Before(f.silent) {
		return
	}
	f.silent = now.Add(sayAgain)
	f.log.Warn("redis does not answer; this collector limits by itself", zap.Error(err))
}
