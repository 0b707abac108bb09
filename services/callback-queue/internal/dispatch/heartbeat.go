package dispatch

import (
	"context"
	"errors"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
)

// ErrOnStream says that an agent is at work on a stream, which says where they are.
var ErrOnStream = errors.New("the agent is at work on a stream")

// Heartbeat says that an agent is at their desk who asks for work instead of being
// offered it; floor.Offline says that they leave. It returns their seat. The error is
// ErrOnStream when a stream looks after them, ErrUnknownAgent, or one of the floor or
// the index.
func (d *Dispatcher) Heartbeat(ctx context.Context, agentID string, status floor.Status) (floor.Seat, error) {
	capacity, err := d.capacity(ctx, Hello{AgentID: agentID})
	if err != nil {
		return floor.Seat{}, err
	}
	before, known, err := d.Floor.Seat(ctx, agentID)
	if err != nil {
		return floor.Seat{}, err
	}
	now := d.Clock.Now()
	was := known && before.StatusAt(now) != floor.Offline
	if was && before.Session != "" {
		return floor.Seat{}, ErrOnStream
	}
	load, err := d.Queue.Load(ctx, agentID)
	if err != nil {
		return floor.Seat{}, err
	}
	s := floor.Seat{Agent: agentID, Status: status, Capacity: capacity, Load: load, IdleSince: now, Until: now.Add(d.LostAfter)}
	if was && before.Load == load {
		s.IdleSince = before.IdleSince
	}
	if status == floor.Offline {
		s.Status, s.Until = floor.Away, now
	}
	return s, d.take(ctx, s, known && before.Session != "")
}

// take writes the seat. One that a stream left behind must be sat down at; else a
// stream that has come in between keeps it.
func (d *Dispatcher) take(ctx context.Context, s floor.Seat, abandoned bool) error {
	if abandoned {
		_, _, err := d.Floor.Sit(ctx, s)
		return err
	}
	err := d.Floor.Report(ctx, s, false)
	if errors.Is(err, floor.ErrReplaced) {
		err = ErrOnStream
	}
	return err
}
