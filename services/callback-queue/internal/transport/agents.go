package transport

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	agentv1 "github.com/rappel-loop/rappel/proto/gen/go/api/agent/v1"
	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/dispatch"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Roster is the agents that callers read and change.
type Roster interface {
	Ready() error
	Entry(id string) (*directory.Entry, bool)
	Entries() []*directory.Entry
	Create(ctx context.Context, a roster.Agent, by string) (*directory.Entry, error)
	Update(ctx context.Context, a roster.Agent, revision uint64, by string) (*directory.Entry, error)
	Remove(ctx context.Context, id string, revision uint64, by string) (*directory.Entry, error)
}

var _ Roster = (*directory.Directory)(nil)

// Floor says who is at their desk.
type Floor interface {
	Seat(ctx context.Context, agent string) (s floor.Seat, known bool, err error)
	Seats(ctx context.Context) ([]floor.Seat, error)
}

var _ Floor = floor.Floor(nil)

// Heartbeats take what agents without a stream say of themselves.
type Heartbeats interface {
	Heartbeat(ctx context.Context, agentID string, status floor.Status) (floor.Seat, error)
}

var _ Heartbeats = (*dispatch.Dispatcher)(nil)

// AgentServer implements AgentService.
type AgentServer struct {
	agentv1.UnimplementedAgentServiceServer
	roster Roster
	floor  Floor
	beats  Heartbeats
	clock  clock.Clock
}

// NewAgents returns a server over the roster, which also says who of it is at work.
func NewAgents(r Roster, f Floor, h Heartbeats, c clock.Clock) *AgentServer {
	return &AgentServer{roster: r, floor: f, beats: h, clock: c}
}

// ReportPresence says that an agent without a stream is at their desk.
func (s *AgentServer) ReportPresence(ctx context.Context, r *agentv1.ReportPresenceRequest) (*agentv1.ReportPresenceResponse, error) {
	var w wrong
	if !roster.IsID(r.GetId()) {
		w.Field("id", "must be 1 to 64 letters, digits, or . _ - @")
	}
	status := floor.Available
	switch r.GetStatus() {
	case callbackv1.AgentStatus_AGENT_STATUS_UNSPECIFIED, callbackv1.AgentStatus_AVAILABLE:
	case callbackv1.AgentStatus_AWAY:
		status = floor.Away
	case callbackv1.AgentStatus_OFFLINE:
		status = floor.Offline
	default:
		w.Field("status", "must be AVAILABLE, AWAY or OFFLINE")
	}
	if err := w.Err(); err != nil {
		return nil, err
	}
	seat, err := s.beats.Heartbeat(ctx, r.GetId(), status)
	switch {
	case errors.Is(err, dispatch.ErrOnStream):
		return nil, rpc.Refused(codes.FailedPrecondition, "ON_A_STREAM", "the agent is at work on a stream, which says where they are")
	case err != nil:
		return nil, toStatus(err)
	}
	resp := &agentv1.ReportPresenceResponse{Presence: presenceOf(&seat, s.clock.Now())}
	if status != floor.Offline {
		resp.Until = wire.Stamp(seat.Until)
	}
	return resp, nil
}

// CreateAgent adds an agent.
func (s *AgentServer) CreateAgent(ctx context.Context, r *agentv1.CreateAgentRequest) (*agentv1.CreateAgentResponse, error) {
	a, err := agentOf(r.GetAgent(), r.GetAgent().GetId(), r.GetBy())
	if err != nil {
		return nil, err
	}
	e, err := s.roster.Create(ctx, a, r.GetBy())
	if err != nil {
		return nil, agentStatus(err)
	}
	return &agentv1.CreateAgentResponse{Agent: wire.Agent(e.Agent), Revision: e.Revision}, nil
}

// UpdateAgent puts another description in the place of an agent's.
func (s *AgentServer) UpdateAgent(ctx context.Context, r *agentv1.UpdateAgentRequest) (*agentv1.UpdateAgentResponse, error) {
	a, err := agentOf(r.GetAgent(), r.GetId(), r.GetBy())
	if err != nil {
		return nil, err
	}
	e, err := s.roster.Update(ctx, a, r.GetRevision(), r.GetBy())
	if err != nil {
		return nil, agentStatus(err)
	}
	return &agentv1.UpdateAgentResponse{Agent: wire.Agent(e.Agent), Revision: e.Revision}, nil
}

// agentOf reads the description of the agent with an id, and who decided it.
func agentOf(m *eventsv1.Agent, id, by string) (roster.Agent, error) {
	var w wrong
	a := wire.FromAgent(m)
	if a.ID != "" && a.ID != id {
		w.Field("id", "must be that of the path, or absent")
	}
	a.ID = id
	var invalid *roster.ValidationError
	if errors.As(a.Validate(), &invalid) {
		w.agent(invalid)
	}
	w.by(by)
	return a, w.Err()
}

// RemoveAgent takes an agent out of the roster.
func (s *AgentServer) RemoveAgent(ctx context.Context, r *agentv1.RemoveAgentRequest) (*agentv1.RemoveAgentResponse, error) {
	var w wrong
	w.by(r.GetBy())
	if err := w.Err(); err != nil {
		return nil, err
	}
	e, err := s.roster.Remove(ctx, r.GetId(), r.GetRevision(), r.GetBy())
	if err != nil {
		return nil, agentStatus(err)
	}
	return &agentv1.RemoveAgentResponse{Agent: wire.Agent(e.Agent), Revision: e.Revision}, nil
}

// GetAgent shows one agent.
func (s *AgentServer) GetAgent(ctx context.Context, r *agentv1.GetAgentRequest) (*agentv1.GetAgentResponse, error) {
	e, ok := s.roster.Entry(r.GetId())
	if !ok {
		if err := s.roster.Ready(); err != nil {
			return nil, agentStatus(err)
		}
		return nil, agentStatus(directory.ErrNoAgent)
	}
	return &agentv1.GetAgentResponse{
		Agent: wire.Agent(e.Agent), Revision: e.Revision, Declared: e.Declared != "", Presence: s.presence(ctx, e.Agent.ID),
	}, nil
}

// ListAgents shows agents by id.
func (s *AgentServer) ListAgents(ctx context.Context, r *agentv1.ListAgentsRequest) (*agentv1.ListAgentsResponse, error) {
	var w wrong
	if r.GetTeam() != "" {
		w.queue("team", r.GetTeam())
	}
	if r.GetQueue() != "" {
		w.queue("queue", r.GetQueue())
	}
	size := w.pageSize(r.GetPageSize())
	after, ok := afterAgent(r.GetPageToken())
	if !ok {
		w.Field("pageToken", badPageToken)
	}
	if err := w.Err(); err != nil {
		return nil, err
	}
	if err := s.roster.Ready(); err != nil {
		return nil, agentStatus(err)
	}
	resp := listAgents(s.roster.Entries(), after, size, r)
	s.presences(ctx, resp.GetAgents())
	return resp, nil
}

func listAgents(all []*directory.Entry, after string, size int, r *agentv1.ListAgentsRequest) *agentv1.ListAgentsResponse {
	resp := &agentv1.ListAgentsResponse{}
	from, found := slices.BinarySearchFunc(all, after, func(e *directory.Entry, id string) int { return strings.Compare(e.Agent.ID, id) })
	if found {
		from++
	}
	for _, e := range all[from:] {
		if !chosen(&e.Agent, r) {
			continue
		}
		if len(resp.GetAgents()) == size {
			last := resp.GetAgents()[size-1].GetAgent().GetId()
			resp.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(last))
			break
		}
		resp.Agents = append(resp.Agents, &agentv1.ListedAgent{Agent: wire.Agent(e.Agent), Revision: e.Revision, Declared: e.Declared != ""})
	}
	return resp
}

func chosen(a *roster.Agent, r *agentv1.ListAgentsRequest) bool {
	if r.GetTeam() != "" && a.Team != r.GetTeam() {
		return false
	}
	return r.GetQueue() == "" || len(a.Queues) == 0 ||
		slices.ContainsFunc(a.Queues, func(q roster.QueuePreference) bool { return q.Queue == r.GetQueue() })
}

// afterAgent is the agent that a page begins behind.
func afterAgent(token string) (id string, ok bool) {
	if token == "" {
		return "", true
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	return string(text), err == nil && roster.IsID(string(text))
}

// askFloor bounds how long an answer waits for what is only beside it.
const askFloor = time.Second

// presence is an agent's, nil while the floor is away: the roster is told without.
func (s *AgentServer) presence(ctx context.Context, agent string) *agentv1.Presence {
	ctx, cancel := context.WithTimeout(ctx, askFloor)
	defer cancel()
	seat, _, err := s.floor.Seat(ctx, agent)
	if err != nil {
		return nil
	}
	return presenceOf(&seat, s.clock.Now())
}

// presences fills in those of a page.
func (s *AgentServer) presences(ctx context.Context, page []*agentv1.ListedAgent) {
	ctx, cancel := context.WithTimeout(ctx, askFloor)
	defer cancel()
	seats, err := s.floor.Seats(ctx)
	if err != nil {
		return
	}
	there := make(map[string]*floor.Seat, len(seats))
	for i := range seats {
		there[seats[i].Agent] = &seats[i]
	}
	now := s.clock.Now()
	for _, a := range page {
		seat := there[a.GetAgent().GetId()]
		if seat == nil {
			seat = &floor.Seat{}
		}
		a.Presence = presenceOf(seat, now)
	}
}

// presenceOf is what a seat says at a moment; the zero one is nobody's.
func presenceOf(seat *floor.Seat, now time.Time) *agentv1.Presence {
	p := &agentv1.Presence{Status: statusOf(seat.StatusAt(now))}
	if seat.StatusAt(now) != floor.Offline {
		p.InHand, p.Capacity, p.IdleSince = uint32(seat.Load), uint32(seat.Capacity), timestamppb.New(seat.IdleSince)
	}
	return p
}
