// Package transport answers the callback queue's callers over gRPC, and through
// the gateway over HTTP/JSON.
package transport

import (
	"context"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/dispatch"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Queue is the use cases that callers reach.
type Queue interface {
	Claim(ctx context.Context, r queue.ClaimRequest) (*callback.Callback, error)
	Do(ctx context.Context, id string, cmd callback.Command) (*callback.Callback, error)
	Forbid(ctx context.Context, id, by string) (*callback.Callback, error)
	Get(ctx context.Context, id string) (*callback.Callback, error)
	Standing(ctx context.Context, cb *callback.Callback) queue.Standing
	Explain(ctx context.Context, cb *callback.Callback) (queue.Routing, error)
	List(ctx context.Context, f queue.Filter, after string, limit int) ([]*callback.Callback, string, error)
	States(ctx context.Context, also ...string) ([]queue.State, error)
}

var _ Queue = (*queue.Queue)(nil)

// Desks look after agents at work.
type Desks interface {
	Work(ctx context.Context, h dispatch.Hello, orders <-chan dispatch.Order, c dispatch.Client) error
}

var _ Desks = (*dispatch.Dispatcher)(nil)

// Deps is what a Server answers from.
type Deps struct {
	Queue Queue
	Desks Desks
	// Stopping is closed when the server begins to stop: desks close then.
	Stopping <-chan struct{}
	// Causes are the root causes to choose from.
	Causes callback.RootCauses
}

// Server implements CallbackService.
type Server struct {
	callbackv1.UnimplementedCallbackServiceServer
	queue    Queue
	desks    Desks
	stopping <-chan struct{}
	causes   []*callbackv1.RootCause
}

// New returns a server.
func New(d Deps) *Server {
	return &Server{queue: d.Queue, desks: d.Desks, stopping: d.Stopping, causes: rootCauses(d.Causes, "")}
}

func rootCauses(level []callback.Cause, above string) []*callbackv1.RootCause {
	out := make([]*callbackv1.RootCause, len(level))
	for i, c := range level {
		name := above + c.ID
		out[i] = &callbackv1.RootCause{Name: name, French: c.French, English: c.English, Causes: rootCauses(c.Causes, name+"/")}
	}
	return out
}

// ListRootCauses shows the tree that CompleteCallback takes.
func (s *Server) ListRootCauses(context.Context, *callbackv1.ListRootCausesRequest) (*callbackv1.ListRootCausesResponse, error) {
	return &callbackv1.ListRootCausesResponse{RootCauses: s.causes}, nil
}

// ClaimCallback gives the next best callback to an agent.
func (s *Server) ClaimCallback(ctx context.Context, r *callbackv1.ClaimCallbackRequest) (*callbackv1.ClaimCallbackResponse, error) {
	var w wrong
	w.queues(r.GetQueues())
	w.languages(r.GetLanguages())
	w.skills(r.GetSkills())
	w.command(callback.Claim{AgentID: r.GetAgentId(), RequestID: r.GetRequestId()})
	if err := w.Err(); err != nil {
		return nil, err
	}
	cb, err := s.queue.Claim(ctx, queue.ClaimRequest{
		AgentID: r.GetAgentId(), RequestID: r.GetRequestId(), Queues: r.GetQueues(), Languages: r.GetLanguages(), Skills: r.GetSkills(),
	})
	if err != nil {
		return nil, toStatus(err)
	}
	return &callbackv1.ClaimCallbackResponse{Callback: wire.Callback(cb)}, nil
}

// AcceptCallback takes an offer.
func (s *Server) AcceptCallback(ctx context.Context, r *callbackv1.AcceptCallbackRequest) (*callbackv1.AcceptCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), callback.Accept{AgentID: r.GetAgentId(), Token: r.GetToken()})
	if err != nil {
		return nil, err
	}
	return &callbackv1.AcceptCallbackResponse{Callback: cb}, nil
}

// RejectCallback declines an offer.
func (s *Server) RejectCallback(ctx context.Context, r *callbackv1.RejectCallbackRequest) (*callbackv1.RejectCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), callback.Reject{AgentID: r.GetAgentId(), Token: r.GetToken(), Reason: r.GetReason()})
	if err != nil {
		return nil, err
	}
	return &callbackv1.RejectCallbackResponse{Callback: cb}, nil
}

// StartAttempt says that the agent is calling.
func (s *Server) StartAttempt(ctx context.Context, r *callbackv1.StartAttemptRequest) (*callbackv1.StartAttemptResponse, error) {
	cb, err := s.do(ctx, r.GetId(), callback.StartAttempt{AgentID: r.GetAgentId(), Token: r.GetToken()})
	if err != nil {
		return nil, err
	}
	return &callbackv1.StartAttemptResponse{Callback: cb}, nil
}

// EndAttempt says what came of the call.
func (s *Server) EndAttempt(ctx context.Context, r *callbackv1.EndAttemptRequest) (*callbackv1.EndAttemptResponse, error) {
	var w wrong
	cmd := callback.EndAttempt{
		AgentID: r.GetAgentId(), Token: r.GetToken(), Outcome: wire.AttemptOutcome(r.GetOutcome()), Note: r.GetNote(),
	}
	if at := r.GetCallAgainAt(); at != nil {
		if at.CheckValid() != nil {
			w.Field("callAgainAt", "is no valid moment")
		}
		cmd.CallAgainAt = at.AsTime()
	}
	w.command(cmd)
	if err := w.Err(); err != nil {
		return nil, err
	}
	cb, err := s.do(ctx, r.GetId(), cmd)
	if err != nil {
		return nil, err
	}
	return &callbackv1.EndAttemptResponse{Callback: cb}, nil
}

// CompleteCallback closes a callback whose customer was reached.
func (s *Server) CompleteCallback(ctx context.Context, r *callbackv1.CompleteCallbackRequest) (*callbackv1.CompleteCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), callback.Complete{
		AgentID: r.GetAgentId(), Token: r.GetToken(), Outcome: wire.Outcome(r.GetOutcome()),
		RootCause: r.GetRootCause(), Note: r.GetNote(), Gesture: wire.Gesture(r.GetGesture()),
	})
	if err != nil {
		return nil, err
	}
	return &callbackv1.CompleteCallbackResponse{Callback: cb}, nil
}

// ReleaseCallback gives a callback back to the queue, with its age.
func (s *Server) ReleaseCallback(ctx context.Context, r *callbackv1.ReleaseCallbackRequest) (*callbackv1.ReleaseCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), callback.Release{AgentID: r.GetAgentId(), Token: r.GetToken(), Reason: r.GetReason()})
	if err != nil {
		return nil, err
	}
	return &callbackv1.ReleaseCallbackResponse{Callback: cb}, nil
}

// CancelCallback closes a callback that nobody needs any more.
func (s *Server) CancelCallback(ctx context.Context, r *callbackv1.CancelCallbackRequest) (*callbackv1.CancelCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), callback.Cancel{Reason: r.GetReason(), By: r.GetBy()})
	if err != nil {
		return nil, err
	}
	return &callbackv1.CancelCallbackResponse{Callback: cb}, nil
}

// DoNotCall puts a customer on the list of who is not to be called.
func (s *Server) DoNotCall(ctx context.Context, r *callbackv1.DoNotCallRequest) (*callbackv1.DoNotCallResponse, error) {
	if r.GetBy() == "" {
		return nil, rpc.Invalid(rpc.Field{Path: "by", Problem: "is required"})
	}
	cb, err := s.queue.Forbid(ctx, r.GetId(), r.GetBy())
	if err != nil {
		return nil, toStatus(err)
	}
	return &callbackv1.DoNotCallResponse{Callback: wire.Callback(cb)}, nil
}

// ReopenCallback puts a closed callback back into the queue.
func (s *Server) ReopenCallback(ctx context.Context, r *callbackv1.ReopenCallbackRequest) (*callbackv1.ReopenCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), callback.Reopen{Reason: r.GetReason(), By: r.GetBy()})
	if err != nil {
		return nil, err
	}
	return &callbackv1.ReopenCallbackResponse{Callback: cb}, nil
}

// RescheduleCallback moves the moment from which a waiting callback may be called.
func (s *Server) RescheduleCallback(ctx context.Context, r *callbackv1.RescheduleCallbackRequest) (*callbackv1.RescheduleCallbackResponse, error) {
	var w wrong
	cmd := w.reschedule(r)
	w.command(cmd)
	if err := w.Err(); err != nil {
		return nil, err
	}
	cb, err := s.do(ctx, r.GetId(), cmd)
	if err != nil {
		return nil, err
	}
	return &callbackv1.RescheduleCallbackResponse{Callback: cb}, nil
}

// TransferCallback puts a callback that nobody is calling into another queue.
func (s *Server) TransferCallback(ctx context.Context, r *callbackv1.TransferCallbackRequest) (*callbackv1.TransferCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), transferOf(r))
	if err != nil {
		return nil, err
	}
	return &callbackv1.TransferCallbackResponse{Callback: cb}, nil
}

func transferOf(r *callbackv1.TransferCallbackRequest) callback.Transfer {
	return callback.Transfer{Queue: r.GetQueue(), Reason: r.GetReason(), By: r.GetBy()}
}

// RequeueCallback takes a callback back from an agent who is gone.
func (s *Server) RequeueCallback(ctx context.Context, r *callbackv1.RequeueCallbackRequest) (*callbackv1.RequeueCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), requeueOf(r))
	if err != nil {
		return nil, err
	}
	return &callbackv1.RequeueCallbackResponse{Callback: cb}, nil
}

func requeueOf(r *callbackv1.RequeueCallbackRequest) callback.Requeue {
	return callback.Requeue{Reason: r.GetReason(), By: r.GetBy()}
}

// usualPoints are an escalation's that says nothing of them.
const usualPoints = 20

// EscalateCallback raises an open callback's priority.
func (s *Server) EscalateCallback(ctx context.Context, r *callbackv1.EscalateCallbackRequest) (*callbackv1.EscalateCallbackResponse, error) {
	cb, err := s.do(ctx, r.GetId(), escalateOf(r))
	if err != nil {
		return nil, err
	}
	return &callbackv1.EscalateCallbackResponse{Callback: cb}, nil
}

func escalateOf(r *callbackv1.EscalateCallbackRequest) callback.Escalate {
	points := int(r.GetPoints())
	if points == 0 {
		points = usualPoints
	}
	return callback.Escalate{Points: points, Role: r.GetRole(), Reason: r.GetReason(), By: r.GetBy()}
}

// do gives a command that is right in itself to a callback.
func (s *Server) do(ctx context.Context, id string, cmd callback.Command) (*eventsv1.Callback, error) {
	var w wrong
	w.command(cmd)
	if err := w.Err(); err != nil {
		return nil, err
	}
	cb, err := s.queue.Do(ctx, id, cmd)
	if err != nil {
		return nil, toStatus(err)
	}
	return wire.Callback(cb), nil
}
