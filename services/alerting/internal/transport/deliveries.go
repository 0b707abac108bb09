package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/delivery"
	"github.com/rappel-loop/rappel/services/internal/documents"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Deliveries are those that callers see and order again, and their receivers.
type Deliveries interface {
	List(ctx context.Context, f delivery.Filter, token string, most int) ([]*eventsv1.Delivery, string, error)
	Get(ctx context.Context, id string) (*eventsv1.Delivery, error)
	Replay(ctx context.Context, id, by string) (*eventsv1.Delivery, error)
	ReplayFailed(ctx context.Context, name string, since time.Time, by string, most int) (replayed, remaining int, err error)
	Receivers() ([]*alertingv1.Receiver, error)
	SetReceiver(ctx context.Context, name string, disabled bool, reason, by string) (*alertingv1.Receiver, error)
	Test(ctx context.Context, name string, kind eventsv1.Notification_Kind, dryRun bool) (*alertingv1.TestReceiverResponse, error)
}

var _ Deliveries = (*delivery.Deliveries)(nil)

// Sizes of a page of deliveries.
const (
	usualDeliveries = 50
	mostDeliveries  = 200
	longestReason   = 500
)

// ListDeliveries shows what was sent.
func (s *Server) ListDeliveries(ctx context.Context, r *alertingv1.ListDeliveriesRequest) (*alertingv1.ListDeliveriesResponse, error) {
	var wrong rpc.Wrong
	most := int(r.GetPageSize())
	if most == 0 {
		most = usualDeliveries
	}
	if most < 0 || most > mostDeliveries {
		wrong.Field("pageSize", "must be 1 to 200")
	}
	for _, st := range r.GetStates() {
		if _, known := eventsv1.Delivery_State_name[int32(st)]; !known || st == eventsv1.Delivery_STATE_UNSPECIFIED {
			wrong.Field("states", "must be PENDING, SENDING, DELIVERED or FAILED")
		}
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	all, next, err := s.deps.Deliveries.List(ctx, delivery.Filter{Receiver: r.GetReceiver(), Group: r.GetGroup(), States: r.GetStates()}, r.GetPageToken(), most)
	if err != nil {
		return nil, deliveryStatus(err)
	}
	return &alertingv1.ListDeliveriesResponse{Deliveries: all, NextPageToken: next}, nil
}

// GetDelivery shows one.
func (s *Server) GetDelivery(ctx context.Context, r *alertingv1.GetDeliveryRequest) (*alertingv1.GetDeliveryResponse, error) {
	d, err := s.deps.Deliveries.Get(ctx, r.GetId())
	if err != nil {
		return nil, deliveryStatus(err)
	}
	return &alertingv1.GetDeliveryResponse{Delivery: d}, nil
}

// ReplayDelivery sends one again.
func (s *Server) ReplayDelivery(ctx context.Context, r *alertingv1.ReplayDeliveryRequest) (*alertingv1.ReplayDeliveryResponse, error) {
	if err := by(r.GetBy()); err != nil {
		return nil, err
	}
	d, err := s.deps.Deliveries.Replay(ctx, r.GetId(), r.GetBy())
	if err != nil {
		return nil, deliveryStatus(err)
	}
	return &alertingv1.ReplayDeliveryResponse{Delivery: d}, nil
}

// ReplayFailed sends again what was given up for a receiver.
func (s *Server) ReplayFailed(ctx context.Context, r *alertingv1.ReplayFailedRequest) (*alertingv1.ReplayFailedResponse, error) {
	var wrong rpc.Wrong
	wrong.By(r.GetBy(), true)
	named(&wrong, r.GetName())
	var since time.Time
	if r.GetSince() != nil {
		if since = r.GetSince().AsTime(); r.GetSince().CheckValid() != nil {
			wrong.Field("since", "is no valid moment")
		}
	}
	most := int(cmp.Or(r.GetLimit(), delivery.MostReplayed))
	if most > delivery.MostReplayed {
		wrong.Field("limit", fmt.Sprintf("must be at most %d", delivery.MostReplayed))
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	replayed, remaining, err := s.deps.Deliveries.ReplayFailed(ctx, r.GetName(), since, r.GetBy(), most)
	if err != nil {
		return nil, deliveryStatus(err)
	}
	return &alertingv1.ReplayFailedResponse{Replayed: uint32(replayed), Remaining: uint32(remaining)}, nil
}

// ListReceivers shows who is told.
func (s *Server) ListReceivers(context.Context, *alertingv1.ListReceiversRequest) (*alertingv1.ListReceiversResponse, error) {
	all, err := s.deps.Deliveries.Receivers()
	if err != nil {
		return nil, deliveryStatus(err)
	}
	return &alertingv1.ListReceiversResponse{Receivers: all}, nil
}

// SetReceiver enables or disables one.
func (s *Server) SetReceiver(ctx context.Context, r *alertingv1.SetReceiverRequest) (*alertingv1.SetReceiverResponse, error) {
	var wrong rpc.Wrong
	wrong.By(r.GetBy(), true)
	named(&wrong, r.GetName())
	if utf8.RuneCountInString(r.GetReason()) > longestReason {
		wrong.Field("reason", "must be at most 500 characters")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	set, err := s.deps.Deliveries.SetReceiver(ctx, r.GetName(), r.GetDisabled(), r.GetReason(), r.GetBy())
	if err != nil {
		return nil, deliveryStatus(err)
	}
	return &alertingv1.SetReceiverResponse{Receiver: set}, nil
}

// TestReceiver sends a receiver a made-up notification, or shows it.
func (s *Server) TestReceiver(ctx context.Context, r *alertingv1.TestReceiverRequest) (*alertingv1.TestReceiverResponse, error) {
	var wrong rpc.Wrong
	wrong.By(r.GetBy(), !r.GetDryRun())
	named(&wrong, r.GetName())
	kind := r.GetKind()
	if _, known := eventsv1.Notification_Kind_name[int32(kind)]; !known {
		wrong.Field("kind", "must be NEW, REPEATED, ESCALATED, RESOLVED, TEST or FALLBACK")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if kind == eventsv1.Notification_KIND_UNSPECIFIED {
		kind = eventsv1.Notification_NEW
	}
	resp, err := s.deps.Deliveries.Test(ctx, r.GetName(), kind, r.GetDryRun())
	if err != nil {
		return nil, deliveryStatus(err)
	}
	return resp, nil
}

func by(id string) error {
	var wrong rpc.Wrong
	wrong.By(id, true)
	return wrong.Err()
}

func named(wrong *rpc.Wrong, name string) {
	if err := subject.CheckToken(name); err != nil {
		wrong.Field("name", err.Error())
	}
}

// deliveryStatus is where an error about deliveries becomes a status.
func deliveryStatus(err error) error {
	switch {
	case errors.Is(err, delivery.ErrNoDelivery):
		return rpc.Refused(codes.NotFound, "NO_SUCH_DELIVERY", "there is no such delivery; they are kept for 30 days")
	case errors.Is(err, delivery.ErrUnderWay):
		return rpc.Refused(codes.FailedPrecondition, "DELIVERY_UNDER_WAY", "the delivery is on its way: it is tried again by itself")
	case errors.Is(err, delivery.ErrNoReceiver):
		return rpc.Refused(codes.NotFound, "NO_SUCH_RECEIVER", "no receiver of that name is in the notify file")
	case errors.Is(err, delivery.ErrPage):
		return rpc.Invalid(rpc.Field{Path: "pageToken", Problem: "must be the nextPageToken of an answer"})
	case errors.Is(err, documents.ErrLoading):
		return rpc.TryLater(codes.Unavailable, "LOADING", "what was sent is being read; ask again in a moment", tryLater)
	case errors.Is(err, documents.ErrContended):
		return rpc.Refused(codes.Aborted, "CONTENDED", "others change the same at the same time; try again")
	}
	return rpc.Stored(err)
}
