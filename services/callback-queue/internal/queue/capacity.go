package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/clock"
)

const (
	// enterEvery is how often somebody asks who waits until nobody else gives the agent
	// something, and enterFor how long at most.
	enterEvery, enterFor = 5 * time.Millisecond, 2 * time.Second
)

// enter waits until nobody else gives the agent something, so that two who count at once
// what is in hand do not both find room. It is for agents who can take a limited number:
// of the others nothing is counted. who names what can be repeated, and is let in again.
// It is ErrContended when others are at it all the while.
func (q *Queue) enter(ctx context.Context, agent routed, who string) (leave func(), err error) {
	if !agent.known {
		return func() {}, nil
	}
	if who == "" {
		who = rand.Text()
	}
	for end := time.Now().Add(enterFor); ; {
		now := q.clock.Now()
		in, err := q.floor.Enter(ctx, agent.ID, who, now, now.Add(reservationHold))
		if err != nil {
			return nil, &indexFailure{err}
		}
		if in {
			return func() { q.leave(ctx, agent.ID, who) }, nil
		}
		if time.Now().After(end) {
			return nil, ErrContended
		}
		if err := clock.Sleep(ctx, enterEvery); err != nil {
			return nil, err
		}
	}
}

// leave lets the next one in. If it fails, they are let in after reservationHold.
func (q *Queue) leave(ctx context.Context, agentID, who string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	if err := q.floor.Leave(ctx, agentID, who); err != nil {
		q.log.Debug("an agent is given nothing for a moment", zap.Error(err))
	}
}

// wants is ErrAway when the agent has said that they want nothing now. One of whom the
// floor knows nothing, or cannot say, asks for work by asking.
func (q *Queue) wants(ctx context.Context, agentID string) error {
	s, known, err := q.floor.Seat(ctx, agentID)
	if err == nil && known && s.SaidAway(q.clock.Now()) {
		return ErrAway
	}
	return nil
}

// hasRoom is nil unless the agent has in hand all they can, as far as the index knows: one
// that is being read again may not know of everything.
func (q *Queue) hasRoom(ctx context.Context, agent routed) error {
	if !agent.known {
		return nil
	}
	held, err := q.index.HeldBy(ctx, agent.ID)
	if load(held) >= agent.Capacity {
		return &AtCapacityError{Capacity: agent.Capacity}
	}
	if err = q.indexError(err); errors.Is(err, ErrIndexIncomplete) {
		return nil
	}
	return err
}
