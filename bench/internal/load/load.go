// Package load makes the same load for every contender: so many jobs from so many
// senders, or so many a second; each bounded in count and in time.
package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Bound limits one load, whichever comes first.
type Bound struct {
	// Jobs is how many at most.
	Jobs int
	// For is how long new ones are begun.
	For time.Duration
}

// Done is what came of a load.
type Done struct {
	// Jobs is how many were done, all of them whole.
	Jobs int
	// Took is from the first one's begin to the last one's end.
	Took time.Duration
}

// PerSecond is the rate; 0 when nothing was done.
func (d Done) PerSecond() float64 {
	if d.Jobs == 0 || d.Took <= 0 {
		return 0
	}
	return float64(d.Jobs) / d.Took.Seconds()
}

// Spread calls f for 0, 1, 2 and so on, from so many workers at once, within the
// bound. What was begun when the time is over is ended, so the numbers done have
// no gap. The first error ends it.
func Spread(ctx context.Context, workers int, b Bound, f func(ctx context.Context, worker, i int) error) (Done, error) {
	var next, done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	for w := range workers {
		group.Go(func() error {
			for ctx.Err() == nil && time.Since(start) < b.For {
				i := int(next.Add(1)) - 1
				if i >= b.Jobs {
					return nil
				}
				if err := f(ctx, w, i); err != nil {
					return err
				}
				done.Add(1)
			}
			return ctx.Err()
		})
	}
	err := group.Wait()
	return Done{Jobs: int(done.Load()), Took: time.Since(start)}, err
}

// Pace calls f so many times a second, however long the calls take: a queue does
// not choose how fast customers answer. It returns when all have ended.
func Pace(ctx context.Context, perSecond, jobs int, f func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for i := range jobs {
		select {
		case <-tick.C:
			group.Go(func() error { return f(ctx, i) })
		case <-ctx.Done():
			return group.Wait()
		}
	}
	return group.Wait()
}

// Until asks again and again, at short intervals, until there is a yes or an error.
func Until(ctx context.Context, every, bound time.Duration, yes func(context.Context) (bool, error)) error {
	late := time.NewTimer(bound)
	defer late.Stop()
	again := time.NewTicker(every)
	defer again.Stop()
	for {
		ok, err := yes(ctx)
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return fmt.Errorf("not within %s", bound)
		case <-again.C:
		}
	}
}

// Tally counts jobs and says when a number is reached.
type Tally struct {
	want int64
	n    atomic.Int64
	last atomic.Int64 // when the last was counted, in nanoseconds since start
	from time.Time
	all  chan struct{}
	once sync.Once
}

// NewTally begins to count, and its time to run.
func NewTally(want int) *Tally {
	return &Tally{want: int64(want), from: time.Now(), all: make(chan struct{})}
}

// Add counts one more.
func (t *Tally) Add() {
	n := t.n.Add(1)
	t.last.Store(int64(time.Since(t.from)))
	if n >= t.want {
		t.once.Do(func() { close(t.all) })
	}
}

// Count is how many there are.
func (t *Tally) Count() int { return int(t.n.Load()) }

// Wait waits until all are counted or the time is over, and says how many were and
// how long that took: to the last one counted, not to the end of the wait.
func (t *Tally) Wait(ctx context.Context, bound time.Duration) (Done, error) {
	late := time.NewTimer(bound)
	defer late.Stop()
	select {
	case <-t.all:
	case <-late.C:
	case <-ctx.Done():
		return Done{}, ctx.Err()
	}
	return Done{Jobs: t.Count(), Took: time.Duration(t.last.Load())}, nil
}
