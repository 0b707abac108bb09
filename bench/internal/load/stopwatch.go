package load

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Stopwatch times each of a number of jobs, from when it is asked for to when a
// worker has it.
type Stopwatch struct {
	zero  time.Time
	jobs  []lap
	tally *Tally
}

// lap is one job's times, in nanoseconds since zero; 0 is not yet.
type lap struct{ start, stop atomic.Int64 }

// NewStopwatch times the jobs 0 to n-1.
func NewStopwatch(n int) *Stopwatch {
	// A moment before now, so that no time is 0.
	return &Stopwatch{zero: time.Now().Add(-time.Nanosecond), jobs: make([]lap, n), tally: NewTally(n)}
}

// Start says that job i is asked for from now on.
func (s *Stopwatch) Start(i int) { s.jobs[i].start.Store(int64(time.Since(s.zero))) }

// Stop says that a worker has job i. A job that comes twice, which all contenders
// may do, is counted once; one from another measurement is not counted.
func (s *Stopwatch) Stop(i int) {
	if i < 0 || i >= len(s.jobs) {
		return
	}
	if s.jobs[i].stop.CompareAndSwap(0, int64(time.Since(s.zero))) {
		s.tally.Add()
	}
}

// Count is how many have been stopped.
func (s *Stopwatch) Count() int { return s.tally.Count() }

// Wait waits until all jobs have been stopped.
func (s *Stopwatch) Wait(ctx context.Context, bound time.Duration) error {
	done, err := s.tally.Wait(ctx, bound)
	if err == nil && done.Jobs < len(s.jobs) {
		err = fmt.Errorf("after %s only %d of %d jobs have come to a worker", bound, done.Jobs, len(s.jobs))
	}
	return err
}

// Times are those of the jobs from the first one given on, shortest first.
func (s *Stopwatch) Times(first int) Times {
	var out Times
	for i := first; i < len(s.jobs); i++ {
		out = append(out, time.Duration(s.jobs[i].stop.Load()-s.jobs[i].start.Load()))
	}
	slices.Sort(out)
	return out
}

// Times are sorted, shortest first.
type Times []time.Duration

// Percentile is the time that p percent of the jobs did not exceed (nearest rank);
// 0 when there are none.
func (t Times) Percentile(p int) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[max(0, (len(t)*p+99)/100-1)]
}
