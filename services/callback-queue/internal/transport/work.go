package transport

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/dispatch"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

type workStream = grpc.BidiStreamingServer[callbackv1.WorkCallbacksRequest, callbackv1.WorkCallbacksResponse]

var errGoingAway = errors.New("the server is about to stop")

// WorkCallbacks looks after an agent at work.
func (s *Server) WorkCallbacks(stream workStream) error {
	hello, err := s.hello(stream)
	if err != nil {
		return ended(err)
	}
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	go func() {
		select {
		case <-s.stopping:
			cancel(errGoingAway)
		case <-ctx.Done():
		}
	}()
	orders := make(chan dispatch.Order)
	go listen(ctx, cancel, hello.AgentID, stream, orders)
	err = s.desks.Work(ctx, hello, orders, client{stream})
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		err = cause
	}
	return ended(err)
}

// helloWait is how long a client may take to say who is there.
const helloWait = 10 * time.Second

// hello waits for the first message.
func (s *Server) hello(stream workStream) (dispatch.Hello, error) {
	type received struct {
		m   *callbackv1.WorkCallbacksRequest
		err error
	}
	first := make(chan received, 1)
	go func() {
		m, err := stream.Recv()
		first <- received{m, err}
	}()
	late := time.NewTimer(helloWait)
	defer late.Stop()
	select {
	case r := <-first:
		if r.err != nil {
			return dispatch.Hello{}, r.err
		}
		return readHello(r.m)
	case <-late.C:
		return dispatch.Hello{}, rpc.Refused(codes.DeadlineExceeded, "NO_HELLO", "nobody said hello; open another stream and say who is there")
	case <-s.stopping:
		return dispatch.Hello{}, errGoingAway
	}
}

// listen passes on what the client orders until it hangs up, or says what makes no
// sense: that ends the desk with the error.
func listen(ctx context.Context, cancel context.CancelCauseFunc, agentID string, stream workStream, orders chan<- dispatch.Order) {
	defer close(orders)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		var o dispatch.Order
		if err == nil {
			o, err = readOrder(m, agentID)
		}
		if err != nil {
			cancel(err)
			return
		}
		select {
		case orders <- o:
		case <-ctx.Done():
			return
		}
	}
}

// readHello reads the first message.
func readHello(m *callbackv1.WorkCallbacksRequest) (dispatch.Hello, error) {
	var w wrong
	h := m.GetHello()
	if h == nil {
		w.Field("hello", "must be the first message: who is there")
		return dispatch.Hello{}, w.Err()
	}
	if !roster.IsID(h.GetAgentId()) {
		w.Field("hello.agentId", "must be 1 to 64 letters, digits, or . _ - @")
	}
	if h.GetCapacity() > roster.MaxCapacity {
		w.Field("hello.capacity", "must be at most "+strconv.Itoa(roster.MaxCapacity))
	}
	switch h.GetStatus() {
	case callbackv1.AgentStatus_AGENT_STATUS_UNSPECIFIED, callbackv1.AgentStatus_AVAILABLE, callbackv1.AgentStatus_AWAY:
	default:
		w.Field("hello.status", "must be AVAILABLE or AWAY")
	}
	return dispatch.Hello{
		AgentID: h.GetAgentId(), Capacity: int(h.GetCapacity()), Away: h.GetStatus() == callbackv1.AgentStatus_AWAY,
	}, w.Err()
}

// readOrder reads a message after the first.
func readOrder(m *callbackv1.WorkCallbacksRequest, agentID string) (dispatch.Order, error) {
	var w wrong
	var o dispatch.Order
	switch m := m.GetMessage().(type) {
	case *callbackv1.WorkCallbacksRequest_Status:
		switch m.Status {
		case callbackv1.AgentStatus_AVAILABLE:
			o.Status = floor.Available
		case callbackv1.AgentStatus_AWAY:
			o.Status = floor.Away
		case callbackv1.AgentStatus_OFFLINE:
			o.Leave = true
		default:
			w.Field("status", "must be AVAILABLE, AWAY or OFFLINE")
		}
	case *callbackv1.WorkCallbacksRequest_Accept_:
		o.ID, o.Command = m.Accept.GetId(), callback.Accept{AgentID: agentID, Token: m.Accept.GetToken()}
	case *callbackv1.WorkCallbacksRequest_Reject_:
		o.ID = m.Reject.GetId()
		o.Command = callback.Reject{AgentID: agentID, Token: m.Reject.GetToken(), Reason: m.Reject.GetReason()}
	default:
		w.Field("message", "must be one of status, accept and reject after the first")
	}
	return o, w.Err()
}

// ended is the status of a desk that has closed.
func ended(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, dispatch.ErrHungUp):
		return nil
	case errors.Is(err, floor.ErrReplaced):
		return rpc.Refused(codes.Aborted, "REPLACED", "you have come in elsewhere; this stream is over")
	case errors.Is(err, errGoingAway):
		return rpc.Refused(codes.Unavailable, "GOING_AWAY", "this server is about to stop; open another stream")
	}
	if _, is := status.FromError(err); is {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) { // nobody is there to hear it
		return status.FromContextError(err).Err()
	}
	return toStatus(err)
}

// client tells an agent's client what its desk says.
type client struct{ stream workStream }

var _ dispatch.Client = client{}

// Welcome implements dispatch.Client.
func (c client) Welcome(capacity int, held []*callback.Callback) error {
	w := &callbackv1.WorkCallbacksResponse_Welcome{Capacity: uint32(capacity)}
	for _, cb := range held {
		w.Callbacks = append(w.Callbacks, wire.Callback(cb))
	}
	return c.stream.Send(&callbackv1.WorkCallbacksResponse{Message: &callbackv1.WorkCallbacksResponse_Welcome_{Welcome: w}})
}

// Offer implements dispatch.Client.
func (c client) Offer(cb *callback.Callback) error {
	return c.stream.Send(&callbackv1.WorkCallbacksResponse{Message: &callbackv1.WorkCallbacksResponse_Offer_{
		Offer: &callbackv1.WorkCallbacksResponse_Offer{Callback: wire.Callback(cb)},
	}})
}

// Update implements dispatch.Client.
func (c client) Update(cb *callback.Callback) error {
	return c.stream.Send(&callbackv1.WorkCallbacksResponse{Message: &callbackv1.WorkCallbacksResponse_Update_{
		Update: &callbackv1.WorkCallbacksResponse_Update{Callback: wire.Callback(cb)},
	}})
}

// Gone implements dispatch.Client.
func (c client) Gone(id string, cb *callback.Callback, expired bool) error {
	why := callbackv1.WorkCallbacksResponse_Gone_WHY_UNSPECIFIED
	switch {
	case expired:
		why = callbackv1.WorkCallbacksResponse_Gone_OFFER_EXPIRED
	case cb == nil:
	case cb.State == callback.Completed:
		why = callbackv1.WorkCallbacksResponse_Gone_COMPLETED
	case cb.State == callback.Canceled:
		why = callbackv1.WorkCallbacksResponse_Gone_CANCELED
	default:
		why = callbackv1.WorkCallbacksResponse_Gone_WAITS_AGAIN
	}
	return c.stream.Send(&callbackv1.WorkCallbacksResponse{Message: &callbackv1.WorkCallbacksResponse_Gone_{
		Gone: &callbackv1.WorkCallbacksResponse_Gone{Id: id, Why: why},
	}})
}

// Status implements dispatch.Client.
func (c client) Status(s floor.Status, missed bool) error {
	return c.stream.Send(&callbackv1.WorkCallbacksResponse{Message: &callbackv1.WorkCallbacksResponse_Status_{
		Status: &callbackv1.WorkCallbacksResponse_Status{Status: statusOf(s), MissedOffers: missed},
	}})
}

// Refused implements dispatch.Client.
func (c client) Refused(id string, err error) error {
	err = toStatus(err)
	if _, is := status.FromError(err); !is {
		err = status.Error(codes.Internal, "something went wrong on our side; the server's log says what")
	}
	e := bulkError(err)
	return c.stream.Send(&callbackv1.WorkCallbacksResponse{Message: &callbackv1.WorkCallbacksResponse_Refused_{
		Refused: &callbackv1.WorkCallbacksResponse_Refused{Id: id, Code: e.GetCode(), Reason: e.GetReason(), Message: e.GetMessage()},
	}})
}

func statusOf(s floor.Status) callbackv1.AgentStatus {
	switch s {
	case floor.Available:
		return callbackv1.AgentStatus_AVAILABLE
	case floor.Busy:
		return callbackv1.AgentStatus_BUSY
	case floor.Away:
		return callbackv1.AgentStatus_AWAY
	default:
		return callbackv1.AgentStatus_OFFLINE
	}
}

// ExplainRouting says who could take a callback, and why the others can't.
func (s *Server) ExplainRouting(ctx context.Context, r *callbackv1.ExplainRoutingRequest) (*callbackv1.ExplainRoutingResponse, error) {
	cb, err := s.queue.Get(ctx, r.GetId())
	if err != nil {
		return nil, toStatus(err)
	}
	routing, err := s.queue.Explain(ctx, cb)
	if err != nil {
		return nil, toStatus(err)
	}
	needs := cb.Needs()
	resp := &callbackv1.ExplainRoutingResponse{Queue: needs.Queue, Language: needs.Language, Skills: skillNames(needs.Skills), CallableAt: wire.Stamp(routing.CallableAt)}
	if p := cb.Preferred; p != nil {
		resp.Preferred = &eventsv1.Preference{AgentId: p.AgentID, Until: wire.Stamp(p.Until)}
	}
	for i := range routing.Candidates {
		c := &routing.Candidates[i]
		m := &callbackv1.ExplainRoutingResponse_Candidate{
			AgentId: c.Agent, Status: statusOf(c.Status), MissingSkills: skillNames(c.Missing), IdleSince: wire.Stamp(c.IdleSince),
		}
		for _, o := range c.Obstacles {
			m.Obstacles = append(m.Obstacles, callbackv1.ExplainRoutingResponse_Candidate_Obstacle(
				callbackv1.ExplainRoutingResponse_Candidate_Obstacle_value[string(o)]))
		}
		resp.Agents = append(resp.Agents, m)
	}
	return resp, nil
}

func skillNames(skills []callback.Skill) []string {
	var names []string
	for _, s := range skills {
		names = append(names, s.String())
	}
	return names
}
