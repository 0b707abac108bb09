package queue

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
)

// Fit says what an agent takes, or returns ErrUnknownAgent.
func (q *Queue) Fit(ctx context.Context, agentID string) (Fit, error) {
	a, err := q.agent(agentID)
	if err != nil {
		return nil, err
	}
	return q.fit(a, nil, q.atDesk(ctx)), nil
}

// Fitting is Fit for many agents: who is at their desk is read once for all.
func (q *Queue) Fitting(ctx context.Context) func(agentID string) (Fit, error) {
	atDesk := q.atDesk(ctx)
	return func(agentID string) (Fit, error) {
		a, err := q.agent(agentID)
		if err != nil {
			return nil, err
		}
		return q.fit(a, nil, atDesk), nil
	}
}

// Lines counts what is ready now.
func (q *Queue) Lines(ctx context.Context) ([]Line, error) {
	lines, err := q.index.Lines(ctx, q.clock.Now())
	return lines, q.indexError(err)
}

// Look returns what the customer's callback is now, as the stream's leader has it.
func (q *Queue) Look(ctx context.Context, customerKey string) (callback.Aggregate, error) {
	return q.store.Load(ctx, customerKey)
}

// Held returns the customers of what an agent has in hand, as the stream's leader
// has it, and on disk; the oldest hold first. With ErrIndexIncomplete there may be more.
func (q *Queue) Held(ctx context.Context, agentID string) ([]callback.Aggregate, error) {
	entries, whole := q.index.HeldBy(ctx, agentID)
	whole = q.indexError(whole)
	if whole != nil && !errors.Is(whole, ErrIndexIncomplete) {
		return nil, whole
	}
	var held []callback.Aggregate
	for _, e := range entries {
		a, err := q.store.Load(ctx, e.CustomerKey)
		switch {
		case errors.Is(err, ErrUnreadable):
			continue // whatever it is, nobody can work on it
		case err != nil:
			return nil, err
		}
		if cb := a.Callback; cb != nil && cb.Holder != nil && cb.Holder.AgentID == agentID {
			held = append(held, a)
		}
	}
	if len(held) > 0 {
		if err := q.store.Durable(ctx); err != nil {
			return nil, err
		}
	}
	return held, whole
}

// Load is how many of the callbacks that an agent has in hand take up their time, as
// far as the index knows.
func (q *Queue) Load(ctx context.Context, agentID string) (int, error) {
	entries, err := q.index.HeldBy(ctx, agentID)
	if err = q.indexError(err); err != nil && !errors.Is(err, ErrIndexIncomplete) {
		return 0, err
	}
	return load(entries), nil
}

// Lost gives back what an agent who is gone had not begun to call.
func (q *Queue) Lost(ctx context.Context, agentID string) error {
	entries, err := q.index.HeldBy(ctx, agentID)
	if err != nil {
		return q.indexError(err)
	}
	for _, e := range entries {
		if e.State != callback.Reserved && e.State != callback.Assigned {
			continue
		}
		a, err := q.update(ctx, e.CustomerKey, onOnly(e.ID, callback.AgentLost{AgentID: agentID}))
		switch {
		case errors.Is(err, ErrUnreadable):
			continue
		case err != nil && !errors.Is(err, callback.ErrNoChange) && !errors.Is(err, callback.ErrNoCallback):
			return err
		}
		q.settle(ctx, e, a)
	}
	return nil
}

// Obstacle is why an agent is not offered a callback; the words are those of the
// API, roster.Lack's among them.
type Obstacle string

// The obstacles that are not lacks.
const (
	// KeptForAnother: it is kept for another agent, who is at their desk.
	KeptForAnother Obstacle = "KEPT_FOR_ANOTHER"
	// NotThere: nothing is heard of the agent.
	NotThere Obstacle = "NOT_THERE"
	// OnABreak: the agent takes no offers now.
	OnABreak Obstacle = "ON_A_BREAK"
	// AtCapacity: the agent has in hand all they can.
	AtCapacity Obstacle = "AT_CAPACITY"
	// Declined: the agent was offered it a short while ago, or gave it back.
	Declined Obstacle = "DECLINED"
	// NoStream: the agent asks for work instead of being offered it.
	NoStream Obstacle = "NO_STREAM"
)

// Candidate is an agent, and what stands against them.
type Candidate struct {
	Agent string
	// Status is where they are, and IdleSince since when they have had nothing to do;
	// zero when they are not there.
	Status    floor.Status
	IdleSince time.Time
	// Load is how much they have in hand.
	Load int
	// Obstacles are why they are not offered it; Missing are the skills they lack.
	Obstacles []Obstacle
	Missing   []callback.Skill
}

// Routing is who could be offered a callback.
type Routing struct {
	// CallableAt is from when on its customer may be called; zero for now, and unless
	// it waits.
	CallableAt time.Time
	// Candidates are the agents: who would be offered it first comes first.
	Candidates []Candidate
}

// Explain says who could be offered a callback, and what stands against the
// others. It goes by what is at hand: a hint.
func (q *Queue) Explain(ctx context.Context, cb *callback.Callback) (Routing, error) {
	seats, err := q.floor.Seats(ctx)
	if err != nil {
		return Routing{}, &indexFailure{err}
	}
	there := make(map[string]floor.Seat, len(seats))
	agents := slices.Clone(q.roster.All())
	for _, s := range seats {
		there[s.Agent] = s
		if _, known := q.roster.Agent(s.Agent); !known && !q.knownOnly {
			agents = append(agents, roster.Agent{ID: s.Agent, Capacity: s.Capacity})
		}
	}
	now, atDesk := q.clock.Now(), q.there(seats)
	out := make([]Candidate, 0, len(agents))
	for i := range agents {
		seat := there[agents[i].ID]
		_, known := q.roster.Agent(agents[i].ID)
		out = append(out, q.candidate(routed{agents[i], known}, &seat, cb, now, atDesk))
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(len(a.Obstacles), len(b.Obstacles)), cmp.Compare(a.Load, b.Load), a.IdleSince.Compare(b.IdleSince), cmp.Compare(a.Agent, b.Agent))
	})
	r := Routing{Candidates: out}
	if at := q.CallableAt(cb); cb.State == callback.Pending && at.After(now) {
		r.CallableAt = at
	}
	return r, nil
}

func (q *Queue) candidate(a routed, seat *floor.Seat, cb *callback.Callback, now time.Time, atDesk map[string]bool) Candidate {
	needs := cb.Needs()
	c := Candidate{Agent: a.ID, Status: seat.StatusAt(now)}
	if a.known {
		var lacks []roster.Lack
		_, lacks, c.Missing = a.Fits(needs)
		for _, l := range lacks {
			c.Obstacles = append(c.Obstacles, Obstacle(l))
		}
	}
	if needs.Preferred != "" && needs.Preferred != a.ID && atDesk[needs.Preferred] {
		c.Obstacles = append(c.Obstacles, KeptForAnother)
	}
	if !q.policy.DeclinedUntil(cb, a.ID, now).IsZero() {
		c.Obstacles = append(c.Obstacles, Declined)
	}
	switch c.Status {
	case floor.Offline:
		c.Obstacles = append(c.Obstacles, NotThere)
		return c
	case floor.Away, floor.Left:
		c.Obstacles = append(c.Obstacles, OnABreak)
	case floor.Busy:
		c.Obstacles = append(c.Obstacles, AtCapacity)
	case floor.Available:
		if seat.Session == "" {
			c.Obstacles = append(c.Obstacles, NoStream)
		}
	}
	c.IdleSince, c.Load = seat.IdleSince, seat.Load
	return c
}
