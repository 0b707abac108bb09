// Package transport answers the callback queue's callers over gRPC, and through
// the gateway over HTTP/JSON.
package transport

import (
	"context"
	"regexp"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Server implements CallbackService.
type Server struct {
	callbackv1.UnimplementedCallbackServiceServer
	queue *queue.Queue
}

// New returns a server over the use cases.
func New(q *queue.Queue) *Server { return &Server{queue: q} }

// Bounds of a page.
const (
	defaultPage = 50
	maxPage     = 200
	maxQueues   = 100
)

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ClaimCallback gives the next best callback to an agent.
func (s *Server) ClaimCallback(ctx context.Context, r *callbackv1.ClaimCallbackRequest) (*callbackv1.ClaimCallbackResponse, error) {
	if err := checkQueues(r.GetQueues()); err != nil {
		return nil, err
	}
	cb, err := s.queue.Claim(ctx, queue.ClaimRequest{AgentID: r.GetAgentId(), RequestID: r.GetRequestId(), Queues: r.GetQueues()})
	if err != nil {
		return nil, toStatus(err)
	}
	return &callbackv1.ClaimCallbackResponse{Callback: wire.Callback(cb)}, nil
}

func checkQueues(names []string) error {
	if len(names) > maxQueues {
		return rpc.Invalid(rpc.Field{Path: "queues", Problem: "must be at most 100"})
	}
	for _, n := range names {
		if !queueName.MatchString(n) {
			return rpc.Invalid(rpc.Field{Path: "queues", Problem: "each must be 1 to 64 letters, digits, _ or -"})
		}
	}
	return nil
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
	cmd := callback.EndAttempt{
		AgentID: r.GetAgentId(), Token: r.GetToken(), Outcome: wire.AttemptOutcome(r.GetOutcome()), Note: r.GetNote(),
	}
	if r.GetCallAgainAt() != nil {
		if err := r.GetCallAgainAt().CheckValid(); err != nil {
			return nil, rpc.Invalid(rpc.Field{Path: "callAgainAt", Problem: "is no valid moment"})
		}
		cmd.CallAgainAt = r.GetCallAgainAt().AsTime()
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
		RootCause: r.GetRootCause(), Note: r.GetNote(),
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

func (s *Server) do(ctx context.Context, id string, cmd callback.Command) (*eventsv1.Callback, error) {
	cb, err := s.queue.Do(ctx, id, cmd)
	if err != nil {
		return nil, toStatus(err)
	}
	return wire.Callback(cb), nil
}

// GetCallback shows one callback.
func (s *Server) GetCallback(ctx context.Context, r *callbackv1.GetCallbackRequest) (*callbackv1.GetCallbackResponse, error) {
	cb, err := s.queue.Get(ctx, r.GetId())
	if err != nil {
		return nil, toStatus(err)
	}
	return &callbackv1.GetCallbackResponse{Callback: wire.Callback(cb)}, nil
}

// ListCallbacks shows callbacks, oldest first.
func (s *Server) ListCallbacks(ctx context.Context, r *callbackv1.ListCallbacksRequest) (*callbackv1.ListCallbacksResponse, error) {
	f, size, err := listArguments(r)
	if err != nil {
		return nil, err
	}
	list, next, err := s.queue.List(ctx, f, r.GetPageToken(), size)
	if err != nil {
		return nil, toStatus(err)
	}
	resp := &callbackv1.ListCallbacksResponse{NextPageToken: next}
	for _, cb := range list {
		resp.Callbacks = append(resp.Callbacks, wire.Callback(cb))
	}
	return resp, nil
}

func listArguments(r *callbackv1.ListCallbacksRequest) (queue.Filter, int, error) {
	var wrong []rpc.Field
	f := queue.Filter{Queue: r.GetQueue(), Agent: r.GetAgentId()}
	for _, st := range r.GetStates() {
		if _, known := eventsv1.Callback_State_name[int32(st)]; !known || st == eventsv1.Callback_STATE_UNSPECIFIED {
			wrong = append(wrong, rpc.Field{Path: "states", Problem: "holds an unknown state"})
			break
		}
		f.States = append(f.States, callback.State(st))
	}
	size := int(r.GetPageSize())
	switch {
	case size == 0:
		size = defaultPage
	case size < 0 || size > maxPage:
		wrong = append(wrong, rpc.Field{Path: "pageSize", Problem: "must be 1 to 200"})
	}
	if f.Queue != "" && !queueName.MatchString(f.Queue) {
		wrong = append(wrong, rpc.Field{Path: "queue", Problem: "must be 1 to 64 letters, digits, _ or -"})
	}
	if len(wrong) > 0 {
		return f, 0, rpc.Invalid(wrong...)
	}
	return f, size, nil
}

// GetQueueStats counts what waits.
func (s *Server) GetQueueStats(ctx context.Context, _ *callbackv1.GetQueueStatsRequest) (*callbackv1.GetQueueStatsResponse, error) {
	stats, err := s.queue.Stats(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	resp := &callbackv1.GetQueueStatsResponse{}
	for _, q := range stats {
		resp.Queues = append(resp.Queues, wire.QueueStats(q.Queue, q.Ready, q.Delayed, q.Held, q.OldestReady))
	}
	return resp, nil
}
