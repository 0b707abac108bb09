package transport

import (
	"context"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
)

// Bounds of a page.
const (
	defaultPage = 50
	maxPage     = 200
)

// maxText is how much text is looked for, in characters.
const maxText = 100

// GetCallback shows one callback.
func (s *Server) GetCallback(ctx context.Context, r *callbackv1.GetCallbackRequest) (*callbackv1.GetCallbackResponse, error) {
	cb, err := s.queue.Get(ctx, r.GetId())
	if err != nil {
		return nil, toStatus(err)
	}
	resp := &callbackv1.GetCallbackResponse{Callback: wire.Callback(cb)}
	if cb.State.Open() {
		resp.Standing = standing(cb, s.queue.Standing(ctx, cb))
	}
	return resp, nil
}

func standing(cb *callback.Callback, s queue.Standing) *callbackv1.Standing {
	m := &callbackv1.Standing{
		Urgency: uint32(s.Points.Urgency), FurtherReasons: uint32(s.Points.FurtherReasons),
		Escalation: uint32(s.Points.Escalation), Worth: durationpb.New(s.Worth),
	}
	switch {
	case cb.State.Held():
		m.Waiting = callbackv1.Standing_IN_HAND
	case !s.ReadyAt.IsZero():
		m.Waiting, m.ReadyAt = callbackv1.Standing_FOR_ITS_MOMENT, timestamppb.New(s.ReadyAt)
	case s.Ready:
		ahead := uint64(s.Ahead)
		m.Waiting, m.Ahead = callbackv1.Standing_FOR_AN_AGENT, &ahead
	}
	return m
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
	var w wrong
	f := queue.Filter{Queue: r.GetQueue(), Agent: r.GetAgentId(), Text: r.GetText()}
	for _, st := range r.GetStates() {
		if _, known := eventsv1.Callback_State_name[int32(st)]; !known || st == eventsv1.Callback_STATE_UNSPECIFIED {
			w.Field("states", "holds an unknown state")
			break
		}
		f.States = append(f.States, callback.State(st))
	}
	for _, st := range r.GetSlaStates() {
		if _, known := eventsv1.SLA_State_name[int32(st)]; !known || st == eventsv1.SLA_STATE_UNSPECIFIED {
			w.Field("slaStates", "holds an unknown state")
			break
		}
		f.SLA = append(f.SLA, callback.SLAState(st))
	}
	if utf8.RuneCountInString(f.Text) > maxText {
		w.Field("text", "must be at most 100 characters")
	}
	f.OpenedFrom = w.moment("openedFrom", r.GetOpenedFrom())
	f.OpenedBefore = w.moment("openedBefore", r.GetOpenedBefore())
	if f.Queue != "" {
		w.queue("queue", f.Queue)
	}
	if f.Agent != "" {
		w.command(callback.Claim{AgentID: f.Agent})
	}
	size := w.pageSize(r.GetPageSize())
	w.pageToken(r.GetPageToken())
	return f, size, w.Err()
}

func (w *wrong) pageSize(asked int32) int {
	if asked < 0 || asked > maxPage {
		w.Field("pageSize", "must be 1 to 200")
	}
	if asked == 0 {
		return defaultPage
	}
	return int(asked)
}
