// Package contender has the queues that are compared, behind one interface, so
// that each gets the same load and is timed by the same clock.
package contender

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/rappel-loop/rappel/bench/internal/load"
)

// module is a module of this program with the version that is linked.
func module(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				return path + " " + m.Version
			}
		}
	}
	return path
}

// Polling says how often a contender's idle workers look for work.
type Polling int

const (
	// Shipped is as the contender comes, out of the box.
	Shipped Polling = iota
	// Shortest is as often as its settings allow, at whatever cost in work for
	// nothing.
	Shortest
)

// String names it in progress lines.
func (p Polling) String() string {
	if p == Shortest {
		return "shortest polling"
	}
	return "polling as shipped"
}

// Contender is a queue whose server runs, and which holds nothing yet.
type Contender interface {
	// Version is the server's, for the report.
	Version() string
	// Deliver has jobs asked for at a steady rate while workers wait, and says how
	// long each took from being asked for to being in a worker's hand.
	Deliver(ctx context.Context, o Offer, p Polling) (load.Times, error)
	// Enqueue has jobs stored from many senders, one at a time each, until they can
	// be worked.
	Enqueue(ctx context.Context, senders int, b load.Bound) (Enqueued, error)
	// Work has the best jobs taken and completed until none is left of those that
	// Enqueue stored.
	Work(ctx context.Context, workers int, b load.Bound) (load.Done, error)
	// CPU is how much processor time the server has used; false where that cannot be
	// told.
	CPU() (time.Duration, bool)
	// Stop ends the server and removes what it stored.
	Stop() error
}

// Offer is a steady, modest load.
type Offer struct {
	// PerSecond is how many are asked for each second.
	PerSecond int
	// Jobs is how many in all, those of the first second, which are not counted,
	// among them: connections are made and plans are learnt then.
	Jobs int
}

// Enqueued is what came of storing jobs.
type Enqueued struct {
	// Answered is when every sender had the answer that its job is stored.
	Answered load.Done
	// Ready is when every job could be taken by a worker.
	Ready load.Done
}

// deliverWait bounds how long after the last was asked for all must be there.
const deliverWait = 15 * time.Second

// offer runs a steady load: send asks for job i, and whoever gets it stops the
// watch.
func offer(ctx context.Context, o Offer, say *load.Progress, what string, watch *load.Stopwatch, send func(ctx context.Context, i int) error) (load.Times, error) {
	defer say.Watch(what, o.Jobs, watch.Count)()
	err := load.Pace(ctx, o.PerSecond, o.Jobs, func(ctx context.Context, i int) error {
		watch.Start(i)
		return send(ctx, i)
	})
	if err != nil {
		return nil, err
	}
	if err := watch.Wait(ctx, deliverWait); err != nil {
		return nil, err
	}
	return watch.Times(min(o.PerSecond, o.Jobs-1)), nil
}
