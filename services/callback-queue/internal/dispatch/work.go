package dispatch

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
)

// work is what agents have done, by queue, that the floor does not know of yet.
type work struct {
	mu   sync.Mutex
	done map[string]floor.Work
}

// note takes in an event that ended a hold in which the customer was called.
func (w *work) note(e callback.Event) {
	if e.Type != callback.EventCompleted && e.Type != callback.EventAttemptEnded {
		return
	}
	cb := e.Next.Callback
	if last := cb.LastHolder; cb.Holder == nil && last != nil && last.EndedAt.Equal(e.At) {
		w.add(cb.Queue, floor.Work{Callbacks: 1, Took: last.EndedAt.Sub(last.Since)})
	}
}

func (w *work) add(queue string, more floor.Work) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done == nil {
		w.done = make(map[string]floor.Work)
	}
	had := w.done[queue]
	w.done[queue] = floor.Work{Callbacks: had.Callbacks + more.Callbacks, Took: had.Took + more.Took}
}

// take empties it.
func (w *work) take() map[string]floor.Work {
	w.mu.Lock()
	defer w.mu.Unlock()
	done := w.done
	w.done = nil
	return done
}

// report tells the floor. What it does not take is told it the next time: it is an
// average.
func (d *Dispatcher) report(ctx context.Context, now time.Time) {
	done := d.work.take()
	if len(done) == 0 {
		return
	}
	if err := d.Floor.Worked(ctx, now, done); err != nil {
		d.Log.Debug("the floor was not told what was done", zap.Error(err))
		for queue, w := range done {
			d.work.add(queue, w)
		}
	}
}
