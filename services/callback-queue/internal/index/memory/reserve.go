package memory

import (
	"context"
	"fmt"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// Reserve implements queue.Index. The order over all queues is exact.
func (x *Index) Reserve(_ context.Context, r queue.Reservation) (queue.Entry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := order.Nanos(r.Now)
	x.settle(now)
	question := ask{}
	if r.RequestID != "" {
		question = ask{agent: r.Agent, request: r.RequestID}
		if held, known := x.asks[question]; known {
			return held.entry(), nil
		}
	}
	best := x.best(r.Queues, now)
	if best == nil {
		return queue.Entry{}, x.none()
	}
	x.holdFor(best, &hold{until: order.Nanos(r.Now.Add(r.Hold)), ask: question})
	return best.entry(), nil
}

// best is the lowest (Rank, ID) ready in the named queues, or in all.
func (x *Index) best(names []string, now int64) *record {
	var best *record
	consider := func(l *lane) {
		if r := x.head(l, now); r != nil && (best == nil || byRank(r, best)) {
			best = r
		}
	}
	if len(names) == 0 {
		for _, l := range x.lanes {
			consider(l)
		}
		return best
	}
	for _, name := range names {
		if l, known := x.lanes[name]; known {
			consider(l)
		}
	}
	return best
}

func (x *Index) none() error {
	if !x.complete {
		return fmt.Errorf("index reserve: %w", queue.ErrIndexIncomplete)
	}
	return fmt.Errorf("index reserve: %w", queue.ErrNoneReady)
}
