package dispatch

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// Watch gives back what agents had in hand who are gone, until ctx ends. Any
// number of processes may watch the same floor.
func (d *Dispatcher) Watch(ctx context.Context) error {
	clock.Every(ctx, d.pace.watch, func() {
		d.report(ctx, d.Clock.Now())
		seats, err := d.Floor.Seats(ctx)
		if err != nil {
			return // nobody is gone while nobody can say so
		}
		d.Metrics.atDesk(seats, d.Clock.Now())
		for i := range seats {
			if seats[i].StatusAt(d.Clock.Now()) == floor.Offline {
				d.gone(ctx, &seats[i])
			}
		}
	})
	return nil
}

// gone gives back what the agent had in hand, and only then takes the seat away: if
// this process dies between, the next one does it again, and finds nothing.
func (d *Dispatcher) gone(ctx context.Context, s *floor.Seat) {
	err := d.Queue.Lost(ctx, s.Agent)
	if err == nil {
		err = d.Floor.Clear(ctx, s.Agent, s.Until)
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, queue.ErrIndexIncomplete) { // until it is whole again
		d.Log.Warn("what an agent had in hand who is gone could not be given back; it is tried again",
			zap.String(obs.Desk, obs.DeskOf(s.Agent)), zap.Error(err))
	}
}
