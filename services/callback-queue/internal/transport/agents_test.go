package transport_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	agentv1 "github.com/rappel-loop/rappel/proto/gen/go/api/agent/v1"
	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/transport"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// notes is a roster that answers every change with one error, and is not ready
// with another.
type notes struct {
	err, ready error
	all        []*directory.Entry
}

func (n notes) Ready() error                { return n.ready }
func (n notes) Entries() []*directory.Entry { return n.all }

func (n notes) Entry(id string) (*directory.Entry, bool) {
	for _, e := range n.all {
		if e.Agent.ID == id {
			return e, true
		}
	}
	return nil, false
}

func (n notes) Create(context.Context, roster.Agent, string) (*directory.Entry, error) {
	return nil, n.err
}

func (n notes) Update(context.Context, roster.Agent, uint64, string) (*directory.Entry, error) {
	return nil, n.err
}

func (n notes) Remove(context.Context, string, uint64, string) (*directory.Entry, error) {
	return nil, n.err
}

// seats is a floor that says this, or that it is away.
type seats struct {
	all []floor.Seat
	err error
}

func (s seats) Seats(context.Context) ([]floor.Seat, error) { return s.all, s.err }

func (s seats) Seat(_ context.Context, agent string) (floor.Seat, bool, error) {
	for _, seat := range s.all {
		if seat.Agent == agent {
			return seat, true, s.err
		}
	}
	return floor.Seat{}, false, s.err
}

func newAgents(n notes) *transport.AgentServer {
	return transport.NewAgents(n, seats{}, nil, clock.System{})
}

func TestEveryWrongFieldOfAnAgentIsNamed(t *testing.T) {
	t.Parallel()
	s := newAgents(notes{})
	ctx := t.Context()
	_, err := s.CreateAgent(ctx, &agentv1.CreateAgentRequest{By: "a b"})
	require.ElementsMatch(t, []string{"id", "by"}, fields(t, err))
	wrong := &eventsv1.Agent{
		Id: "a b", Capacity: proto.Uint32(0), Team: "a b", Role: "é", Zone: "Mars/Olympus", Languages: []string{"fr", "FR"},
		Skills: []*eventsv1.AgentSkill{{Name: "x"}, {Name: "x"}, {Name: "y", Level: proto.Uint32(1 << 31)}},
		Queues: []*eventsv1.AgentQueue{{Preference: proto.Uint32(0)}},
	}
	every := []string{"id", "capacity", "team", "role", "zone", "skills[1]", "skills[2]", "languages[1]", "queues[0].queue", "queues[0].preference"}
	_, err = s.CreateAgent(ctx, &agentv1.CreateAgentRequest{Agent: wrong})
	require.ElementsMatch(t, every, fields(t, err))
	_, err = s.UpdateAgent(ctx, &agentv1.UpdateAgentRequest{Id: "amina", Agent: wrong})
	require.ElementsMatch(t, every, fields(t, err))
	_, err = s.UpdateAgent(ctx, &agentv1.UpdateAgentRequest{Id: "amina", Agent: &eventsv1.Agent{Id: "bob"}})
	require.Equal(t, []string{"id"}, fields(t, err), "two ids")
	_, err = s.RemoveAgent(ctx, &agentv1.RemoveAgentRequest{Id: "amina", By: "a b"})
	require.Equal(t, []string{"by"}, fields(t, err))
	_, err = s.ListAgents(ctx, &agentv1.ListAgentsRequest{Team: "a b", Queue: "a b", PageSize: 201, PageToken: "?"})
	require.ElementsMatch(t, []string{"team", "queue", "pageSize", "pageToken"}, fields(t, err))
}

func TestEveryRefusalOfTheRosterHasAReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		code   codes.Code
		reason string
	}{
		{&roster.ValidationError{Fields: []roster.FieldError{{Field: "zone", Message: "is none"}}}, codes.InvalidArgument, "INVALID_FIELDS"},
		{&directory.DeclaredError{ID: "amina", Where: "agents.yaml:3"}, codes.FailedPrecondition, "DECLARED_IN_CONFIGURATION"},
		{directory.ErrExists, codes.AlreadyExists, "AGENT_EXISTS"},
		{directory.ErrNoAgent, codes.NotFound, "NO_SUCH_AGENT"},
		{directory.ErrStale, codes.Aborted, "STALE_REVISION"},
		{directory.ErrTooMany, codes.ResourceExhausted, "TOO_MANY_AGENTS"},
		{directory.ErrContended, codes.Unavailable, "CONTENDED"},
		{bus.ErrFull, codes.ResourceExhausted, "STORE_FULL"},
		{bus.ErrUnavailable, codes.Unavailable, "STORE_UNAVAILABLE"},
	} {
		s := newAgents(notes{err: fmt.Errorf("outside: %w", c.err)})
		_, err := s.CreateAgent(t.Context(), &agentv1.CreateAgentRequest{Agent: &eventsv1.Agent{Id: "amina"}})
		require.Equal(t, c.code, status.Code(err), c.reason)
		require.Equal(t, c.reason, rpc.Reason(err))
		_, err = s.UpdateAgent(t.Context(), &agentv1.UpdateAgentRequest{Id: "amina"})
		require.Equal(t, c.reason, rpc.Reason(err))
		_, err = s.RemoveAgent(t.Context(), &agentv1.RemoveAgentRequest{Id: "amina"})
		require.Equal(t, c.reason, rpc.Reason(err))
	}
	unknown := errors.New("some secret")
	_, err := newAgents(notes{err: unknown}).RemoveAgent(t.Context(), &agentv1.RemoveAgentRequest{Id: "amina"})
	require.ErrorIs(t, err, unknown, "the server logs it and says INTERNAL")

	loading := newAgents(notes{ready: directory.ErrLoading})
	_, err = loading.GetAgent(t.Context(), &agentv1.GetAgentRequest{Id: "amina"})
	require.Equal(t, "ROSTER_LOADING", rpc.Reason(err))
	_, err = loading.ListAgents(t.Context(), &agentv1.ListAgentsRequest{})
	require.Equal(t, "ROSTER_LOADING", rpc.Reason(err))
}

// Pages follow each other by id, whatever comes and goes in between.
func TestPagesOfAgents(t *testing.T) {
	t.Parallel()
	var all []*directory.Entry
	for _, a := range []roster.Agent{
		{ID: "a", Team: "x"},
		{ID: "b", Team: "y", Queues: []roster.QueuePreference{{Queue: "q"}}},
		{ID: "c@example.org", Team: "x", Queues: []roster.QueuePreference{{Queue: "other"}}},
		{ID: "d", Team: "x", Queues: []roster.QueuePreference{{Queue: "other"}, {Queue: "q"}}},
	} {
		all = append(all, &directory.Entry{Agent: a})
	}
	list := func(all []*directory.Entry, r *agentv1.ListAgentsRequest) (ids []string, next string) {
		resp, err := newAgents(notes{all: all}).ListAgents(t.Context(), r)
		require.NoError(t, err)
		for _, a := range resp.GetAgents() {
			ids = append(ids, a.GetAgent().GetId())
		}
		return ids, resp.GetNextPageToken()
	}
	ids, next := list(all, &agentv1.ListAgentsRequest{})
	require.Equal(t, []string{"a", "b", "c@example.org", "d"}, ids)
	require.Empty(t, next)
	ids, next = list(all, &agentv1.ListAgentsRequest{PageSize: 3})
	require.Equal(t, []string{"a", "b", "c@example.org"}, ids)
	ids, next = list(append(all[:1:1], all[3]), &agentv1.ListAgentsRequest{PageSize: 3, PageToken: next})
	require.Equal(t, []string{"d"}, ids, "who ended the page has gone meanwhile")
	require.Empty(t, next)
	ids, next = list(all, &agentv1.ListAgentsRequest{Team: "x", PageSize: 3})
	require.Equal(t, []string{"a", "c@example.org", "d"}, ids)
	require.Empty(t, next, "nobody of the team is left")
	ids, _ = list(all, &agentv1.ListAgentsRequest{Queue: "q"})
	require.Equal(t, []string{"a", "b", "d"}, ids, "a works everywhere")
}

func TestAgentsAreShownWithTheirPresence(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	idle, until := now.Add(-time.Minute), now.Add(time.Second)
	var agents []*directory.Entry
	for _, id := range []string{"at-desk", "away", "busy", "ended", "nobody"} {
		agents = append(agents, &directory.Entry{Agent: roster.Agent{ID: id, Capacity: 9}})
	}
	there := seats{all: []floor.Seat{
		{Agent: "ended", Status: floor.Available, Capacity: 3, Load: 2, IdleSince: idle, Until: now},
		{Agent: "unknown", Status: floor.Available, Capacity: 3, IdleSince: idle, Until: until},
		{Agent: "busy", Status: floor.Available, Capacity: 2, Load: 2, IdleSince: idle, Until: until},
		{Agent: "away", Status: floor.Away, Capacity: 2, Load: 1, IdleSince: idle, Until: until},
		{Agent: "at-desk", Status: floor.Available, Capacity: 3, IdleSince: idle, Until: until},
	}}
	since := timestamppb.New(idle)
	want := []*agentv1.Presence{
		{Status: callbackv1.AgentStatus_AVAILABLE, Capacity: 3, IdleSince: since},
		{Status: callbackv1.AgentStatus_AWAY, InHand: 1, Capacity: 2, IdleSince: since},
		{Status: callbackv1.AgentStatus_BUSY, InHand: 2, Capacity: 2, IdleSince: since},
		{Status: callbackv1.AgentStatus_OFFLINE},
		{Status: callbackv1.AgentStatus_OFFLINE},
	}
	s := transport.NewAgents(notes{all: agents}, there, nil, clock.NewManual(now))
	list, err := s.ListAgents(t.Context(), &agentv1.ListAgentsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetAgents(), len(want), "who is not in the roster is not listed")
	for i, a := range list.GetAgents() {
		require.True(t, proto.Equal(want[i], a.GetPresence()), "%v", a)
		got, err := s.GetAgent(t.Context(), &agentv1.GetAgentRequest{Id: a.GetAgent().GetId()})
		require.NoError(t, err)
		require.True(t, proto.Equal(want[i], got.GetPresence()), "%v", got)
	}

	// The roster is told while the floor is away.
	there.err = errors.New("away")
	s = transport.NewAgents(notes{all: agents}, there, nil, clock.NewManual(now))
	list, err = s.ListAgents(t.Context(), &agentv1.ListAgentsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetAgents(), len(want))
	require.Nil(t, list.GetAgents()[0].GetPresence())
	got, err := s.GetAgent(t.Context(), &agentv1.GetAgentRequest{Id: "at-desk"})
	require.NoError(t, err)
	require.Nil(t, got.GetPresence())
}
