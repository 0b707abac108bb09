package transport

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

const (
	// maxBulk is how many callbacks one call may name.
	maxBulk = 500
	// bulkAtOnce is how many of them are worked on at once: enough to share a
	// commit, few enough to leave agents their turn.
	bulkAtOnce = 32
)

// BulkCallbacks gives one command to many callbacks, each by itself: what is not
// possible for one keeps none of the others.
func (s *Server) BulkCallbacks(ctx context.Context, r *callbackv1.BulkCallbacksRequest) (*callbackv1.BulkCallbacksResponse, error) {
	var w wrong
	w.ids(r.GetIds())
	cmd := w.bulk(r)
	if err := w.Err(); err != nil {
		return nil, err
	}
	results := make([]*callbackv1.BulkResult, len(r.GetIds()))
	var workers errgroup.Group
	workers.SetLimit(bulkAtOnce)
	for i, id := range r.GetIds() {
		workers.Go(func() (err error) {
			results[i], err = s.bulkResult(ctx, id, cmd)
			return err
		})
	}
	if err := workers.Wait(); err != nil {
		return nil, err
	}
	return &callbackv1.BulkCallbacksResponse{Results: results}, nil
}

// bulkResult does it for one. An error that is no answer, as when the caller has
// hung up, ends the call; some of it may be done, and doing all again is right.
func (s *Server) bulkResult(ctx context.Context, id string, cmd callback.Command) (*callbackv1.BulkResult, error) {
	cb, err := s.do(ctx, id, cmd)
	if err == nil {
		return &callbackv1.BulkResult{Id: id, State: cb.GetState()}, nil
	}
	if _, answer := status.FromError(err); !answer || ctx.Err() != nil {
		return nil, err
	}
	return &callbackv1.BulkResult{Id: id, Error: bulkError(err)}, nil
}

// bulkError is a status as it stands in a result. Its message names every wrong
// field.
func bulkError(err error) *callbackv1.BulkError {
	st := status.Convert(err)
	return &callbackv1.BulkError{Code: code.Code(st.Code()).String(), Reason: rpc.Reason(err), Message: st.Message()}
}

// ids notes what is wrong with a list of callbacks.
func (w *wrong) ids(ids []string) {
	if n := len(ids); n == 0 || n > maxBulk {
		w.Field("ids", fmt.Sprintf("must be 1 to %d", maxBulk))
		return
	}
	seen := make(map[string]bool, len(ids))
	for i, id := range ids {
		if _, _, ok := callback.ParseID(id); !ok {
			w.Field(fmt.Sprintf("ids[%d]", i), "is no callback's id")
		} else if seen[id] {
			w.Field(fmt.Sprintf("ids[%d]", i), "is there twice")
		}
		seen[id] = true
	}
}

// bulk reads the command, and notes what is wrong with it in itself.
func (w *wrong) bulk(r *callbackv1.BulkCallbacksRequest) callback.Command {
	var own wrong
	var path, id string
	var cmd callback.Command
	switch c := r.GetCommand().(type) {
	case *callbackv1.BulkCallbacksRequest_Transfer:
		path, id, cmd = "transfer", c.Transfer.GetId(), transferOf(c.Transfer)
	case *callbackv1.BulkCallbacksRequest_Escalate:
		path, id, cmd = "escalate", c.Escalate.GetId(), escalateOf(c.Escalate)
	case *callbackv1.BulkCallbacksRequest_Reschedule:
		path, id, cmd = "reschedule", c.Reschedule.GetId(), own.reschedule(c.Reschedule)
	case *callbackv1.BulkCallbacksRequest_Cancel:
		path, id, cmd = "cancel", c.Cancel.GetId(), callback.Cancel{Reason: c.Cancel.GetReason(), By: c.Cancel.GetBy()}
	case *callbackv1.BulkCallbacksRequest_Reopen:
		path, id, cmd = "reopen", c.Reopen.GetId(), callback.Reopen{Reason: c.Reopen.GetReason(), By: c.Reopen.GetBy()}
	case *callbackv1.BulkCallbacksRequest_Requeue:
		path, id, cmd = "requeue", c.Requeue.GetId(), requeueOf(c.Requeue)
	default:
		w.Field("command", "one of transfer, escalate, reschedule, cancel, reopen and requeue is required")
		return nil
	}
	if id != "" {
		own.Field("id", "must be empty: ids say which callbacks")
	}
	own.command(cmd)
	w.Within(path, own.Wrong)
	return cmd
}
