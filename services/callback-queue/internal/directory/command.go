package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Refusals of a change.
var (
	// ErrExists says that there is an agent of this id, who is described otherwise.
	ErrExists = errors.New("there is an agent with this id")
	// ErrNoAgent says that there is none of this id.
	ErrNoAgent = errors.New("there is no agent with this id")
	// ErrStale says that the agent has changed since the revision that was named.
	ErrStale = errors.New("the agent has changed since")
	// ErrTooMany says that the roster is full.
	ErrTooMany = errors.New("the roster is full")
	// ErrContended says that others changed the agent each time it was tried.
	ErrContended = errors.New("too many change this agent at once")
)

// DeclaredError says that the configuration declares an agent, who can't be
// changed here.
type DeclaredError struct {
	// ID is who; Where is the place, as agents.yaml:12.
	ID, Where string
}

// Error names both.
func (e *DeclaredError) Error() string {
	return fmt.Sprintf("agent %s is declared in the configuration, at %s", e.ID, e.Where)
}

// state is what an agent's subject holds.
type state struct {
	seq   uint64
	event *eventsv1.AgentEvent // nil when there was never any
}

// entry is the agent as the last event left or, removed, found them.
func (s state) entry() *Entry {
	return &Entry{Agent: wire.FromAgent(s.event.GetAgent()), Revision: s.event.GetEventNo(), seq: s.seq}
}

func (s state) here() bool {
	return s.event != nil && s.event.GetType() != eventsv1.AgentEvent_REMOVED
}

// is reports whether the agent is described just so.
func (s state) is(a roster.Agent) bool {
	return proto.Equal(wire.Agent(s.entry().Agent), wire.Agent(a))
}

// next is an event to be; without a type nothing is to be done.
type next struct {
	kind  eventsv1.AgentEvent_Type
	agent roster.Agent
}

// Create adds an agent; by is who decided it, and may be empty. An agent who is
// there and just so is returned as if added now. It returns a
// *roster.ValidationError, a *DeclaredError, ErrExists, ErrTooMany, ErrContended,
// or an error of the bus.
func (d *Directory) Create(ctx context.Context, a roster.Agent, by string) (*Entry, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	return d.change(ctx, a.ID, by, func(s state) (next, error) {
		switch {
		case s.here() && s.is(a):
			return next{}, nil
		case s.here():
			return next{}, ErrExists
		case len(d.Entries()) >= MaxAgents:
			return next{}, ErrTooMany
		default:
			return next{eventsv1.AgentEvent_CREATED, a}, nil
		}
	})
}

// Update puts a description in the place of an agent's. A revision other than 0 is
// the one that it was made from; when the agent has another by now it is ErrStale,
// unless it is this very update that was done already. It returns what Create
// does, with ErrNoAgent and ErrStale for ErrExists and ErrTooMany.
func (d *Directory) Update(ctx context.Context, a roster.Agent, revision uint64, by string) (*Entry, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	return d.change(ctx, a.ID, by, func(s state) (next, error) {
		switch {
		case !s.here():
			return next{}, ErrNoAgent
		case s.done(eventsv1.AgentEvent_UPDATED, revision, by) && s.is(a):
			return next{}, nil
		case s.stale(revision):
			return next{}, ErrStale
		case s.is(a):
			return next{}, nil
		default:
			return next{eventsv1.AgentEvent_UPDATED, a}, nil
		}
	})
}

// Remove takes an agent out, and returns them as they were. One whom the same
// person has taken out already is returned again. It returns the errors of Update.
func (d *Directory) Remove(ctx context.Context, id string, revision uint64, by string) (*Entry, error) {
	if !roster.IsID(id) {
		return nil, ErrNoAgent
	}
	return d.change(ctx, id, by, func(s state) (next, error) {
		switch {
		case s.done(eventsv1.AgentEvent_REMOVED, revision, by):
			return next{}, nil
		case !s.here():
			return next{}, ErrNoAgent
		case s.stale(revision):
			return next{}, ErrStale
		default:
			return next{eventsv1.AgentEvent_REMOVED, s.entry().Agent}, nil
		}
	})
}

// done reports whether the last event is what a command of this kind, from this
// revision or from any (0), and of this person's leaves behind.
func (s state) done(kind eventsv1.AgentEvent_Type, revision uint64, by string) bool {
	return s.event.GetType() == kind && s.event.GetBy() == by && (revision == 0 || s.event.GetEventNo() == revision+1)
}

func (s state) stale(revision uint64) bool { return revision != 0 && s.event.GetEventNo() != revision }

// tries is how often a change is decided again because somebody else was first.
const tries = 16

// change decides on the truth until the decision is stored.
func (d *Directory) change(ctx context.Context, id, by string, decide func(state) (next, error)) (*Entry, error) {
	if e, ok := d.declared[id]; ok {
		return nil, &DeclaredError{ID: id, Where: e.Declared}
	}
	for range tries {
		s, err := d.load(ctx, id)
		if err != nil {
			return nil, err
		}
		n, err := decide(s)
		if err != nil {
			return nil, err
		}
		if n.kind == eventsv1.AgentEvent_TYPE_UNSPECIFIED {
			return s.entry(), d.deps.Bus.Durable(ctx) // somebody else's commit may not be on disk yet
		}
		e, err := d.commit(ctx, s, n, by)
		if !errors.Is(err, bus.ErrConflict) {
			return e, err
		}
	}
	return nil, ErrContended
}

// load asks the leader for an agent's last event, which is known here from then
// on.
func (d *Directory) load(ctx context.Context, id string) (state, error) {
	e, err := d.deps.Bus.Latest(ctx, subjectOf(id))
	if errors.Is(err, bus.ErrNotFound) {
		return state{}, nil
	}
	if err != nil {
		return state{}, err
	}
	s := state{seq: e.Sequence, event: &eventsv1.AgentEvent{}}
	if err := e.Decode(s.event); err != nil {
		return state{}, err
	}
	c, err := readEvent(e, s.event)
	if err == nil {
		d.learn(c)
	}
	return s, err
}

// commit stores what was decided, where nothing was stored since.
func (d *Directory) commit(ctx context.Context, s state, n next, by string) (*Entry, error) {
	event := &eventsv1.AgentEvent{
		EventId: ulid.Make().String(), EventNo: s.event.GetEventNo() + 1, Type: n.kind,
		OccurredAt: timestamppb.New(d.deps.Clock.Now()), By: by, Agent: wire.Agent(n.agent),
	}
	r, err := d.deps.Bus.PublishAt(ctx, bus.Event{Subject: subjectOf(n.agent.ID), ID: event.GetEventId(), Body: event}, s.seq)
	if err != nil {
		return nil, err
	}
	e := state{seq: r.Sequence, event: event}.entry()
	c := change{id: n.agent.ID, seq: r.Sequence, entry: e}
	if n.kind == eventsv1.AgentEvent_REMOVED {
		c.entry = nil
	}
	d.learn(c)
	return e, nil
}

// learn takes a change that following may not have brought yet.
func (d *Directory) learn(c change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if own, ok := d.own[c.id]; c.seq <= d.followed || ok && own.seq >= c.seq {
		return
	}
	d.own[c.id] = c
	d.showOne(c)
}
