package queue

import (
	"context"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
)

// guarded is a change of the callback with this id. What somebody who is at their desk is
// calling, or writes down in time, is not taken from them: ErrAtDesk.
func (q *Queue) guarded(ctx context.Context, id string, cmd callback.Command) change {
	c := onOnly(id, cmd)
	if _, takesBack := cmd.(callback.Requeue); !takesBack {
		return c
	}
	c.fits = func(a callback.Aggregate) error {
		cb, err := a.Find(id)
		if err != nil {
			return err
		}
		busy := cb.State == callback.Attempting || cb.State == callback.Wrapping && !cb.WrapUpOverdue()
		if busy && q.sits(ctx, cb.Holder.AgentID) {
			return ErrAtDesk
		}
		return nil
	}
	return c
}

// sits reports whether an agent is known to be there, busy or on a break.
func (q *Queue) sits(ctx context.Context, agent string) bool {
	s, known, err := q.floor.Seat(ctx, agent)
	return err == nil && known && s.Status != floor.Left && s.StatusAt(q.clock.Now()) != floor.Offline
}
