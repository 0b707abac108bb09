package memory

import (
	"context"
	"fmt"
	"time"

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
	best := x.best(r.Fits, now)
	if best == nil {
		return queue.Entry{}, x.none()
	}
	x.holdFor(best, &hold{until: order.Nanos(r.Now.Add(r.Hold)), ask: question})
	return best.entry(), nil
}

// best is the first ready entry of those that fit; nil fits all.
func (x *Index) best(fits queue.Fit, now int64) *record {
	var best *record
	var behind int64 // the best's
	for _, l := range x.lanes {
		for text, line := range l.lines {
			var by int64
			if fits != nil {
				var ok bool
				if by, ok = fits(l.name, text.Value()); !ok {
					continue
				}
			}
			if r := x.head(line, now); r != nil && (best == nil || goesBefore(r, by, best, behind)) {
				best, behind = r, by
			}
		}
	}
	return best
}

// Release implements queue.Index.
func (x *Index) Release(_ context.Context, now time.Time, entries ...queue.Entry) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range entries {
		if r, known := x.byID[entries[i].ID]; known && r.hold != nil {
			x.release(r, order.Nanos(now))
		}
	}
	return nil
}

func (x *Index) none() error {
	if !x.complete {
		return fmt.Errorf("index reserve: %w", queue.ErrIndexIncomplete)
	}
	return fmt.Errorf("index reserve: %w", queue.ErrNoneReady)
}
