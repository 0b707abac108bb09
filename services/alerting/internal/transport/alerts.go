package transport

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/internal/documents"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Alerts are those that callers see and look after.
type Alerts interface {
	Ready() error
	Alerts() iter.Seq[*eventsv1.AlertState]
	Load(ctx context.Context, id string) (*eventsv1.AlertState, error)
	History(ctx context.Context, id string, most int) ([]*eventsv1.AlertChanged, error)
	Acknowledge(ctx context.Context, id string, h alertstate.Hold) (*eventsv1.AlertState, error)
	Unacknowledge(ctx context.Context, id, by string) (*eventsv1.AlertState, error)
	Resolve(ctx context.Context, id, by, comment string) (*eventsv1.AlertState, error)
}

var _ Alerts = (*alertstate.Book)(nil)

// Told is what becomes of alerts.
type Told interface {
	// Of is the keys of the groups that an alert is in, and why people are not told of it
	// now.
	Of(a *eventsv1.AlertState) (groups []string, held []*alertingv1.HeldBack)
	// HoldFor is for how long an acknowledgement holds that does not say; 0 is for as long
	// as the alert stands.
	HoldFor(a *eventsv1.AlertState) time.Duration
}

// nobody is told of anything.
type nobody struct{}

// Of is no group.
func (nobody) Of(*eventsv1.AlertState) ([]string, []*alertingv1.HeldBack) { return nil, nil }

// HoldFor is for as long as the alert stands.
func (nobody) HoldFor(*eventsv1.AlertState) time.Duration { return 0 }

// Bounds of what is said of an alert.
const (
	longestComment = 500
	leastHold      = time.Minute
	mostHold       = 30 * 24 * time.Hour
	mostHistory    = 100
)

// GetAlert shows one with its history.
func (s *Server) GetAlert(ctx context.Context, r *alertingv1.GetAlertRequest) (*alertingv1.GetAlertResponse, error) {
	a, err := s.deps.Alerts.Load(ctx, r.GetId())
	if err != nil {
		return nil, alertStatus(err)
	}
	history, err := s.deps.Alerts.History(ctx, r.GetId(), mostHistory)
	if err != nil {
		return nil, alertStatus(err)
	}
	return &alertingv1.GetAlertResponse{Alert: s.alert(a), History: history}, nil
}

// AcknowledgeAlert says that somebody looks after an alert.
func (s *Server) AcknowledgeAlert(ctx context.Context, r *alertingv1.AcknowledgeAlertRequest) (*alertingv1.AcknowledgeAlertResponse, error) {
	var wrong rpc.Wrong
	h := alertstate.Hold{By: r.GetBy(), Comment: r.GetComment(), For: r.GetHoldFor().AsDuration()}
	wrong.By(r.GetBy(), true)
	comment(&wrong, r.GetComment())
	holdFor(&wrong, r.GetHoldFor())
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if r.GetHoldFor() == nil {
		now, err := s.deps.Alerts.Load(ctx, r.GetId())
		if err != nil {
			return nil, alertStatus(err)
		}
		h.For = s.told().HoldFor(now)
	}
	a, err := s.deps.Alerts.Acknowledge(ctx, r.GetId(), h)
	if err != nil {
		return nil, alertStatus(err)
	}
	return &alertingv1.AcknowledgeAlertResponse{Alert: a}, nil
}

// UnacknowledgeAlert takes that back.
func (s *Server) UnacknowledgeAlert(ctx context.Context, r *alertingv1.UnacknowledgeAlertRequest) (*alertingv1.UnacknowledgeAlertResponse, error) {
	var wrong rpc.Wrong
	wrong.By(r.GetBy(), true)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	a, err := s.deps.Alerts.Unacknowledge(ctx, r.GetId(), r.GetBy())
	if err != nil {
		return nil, alertStatus(err)
	}
	return &alertingv1.UnacknowledgeAlertResponse{Alert: a}, nil
}

// ResolveAlert says that an alert stands no more.
func (s *Server) ResolveAlert(ctx context.Context, r *alertingv1.ResolveAlertRequest) (*alertingv1.ResolveAlertResponse, error) {
	var wrong rpc.Wrong
	wrong.By(r.GetBy(), true)
	comment(&wrong, r.GetComment())
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	a, err := s.deps.Alerts.Resolve(ctx, r.GetId(), r.GetBy(), r.GetComment())
	if err != nil {
		return nil, alertStatus(err)
	}
	return &alertingv1.ResolveAlertResponse{Alert: a}, nil
}

func (s *Server) told() Told {
	if s.deps.Told == nil {
		return nobody{}
	}
	return s.deps.Told
}

// alert is an alert with what becomes of it.
func (s *Server) alert(a *eventsv1.AlertState) *alertingv1.Alert {
	out := &alertingv1.Alert{Alert: a}
	out.Groups, out.HeldBack = s.told().Of(a)
	return out
}

func comment(wrong *rpc.Wrong, text string) {
	if utf8.RuneCountInString(text) > longestComment {
		wrong.Field("comment", fmt.Sprintf("must be at most %d characters", longestComment))
	}
}

func holdFor(wrong *rpc.Wrong, d *durationpb.Duration) {
	if d != nil && (d.CheckValid() != nil || d.AsDuration() < leastHold || d.AsDuration() > mostHold) {
		wrong.Field("holdFor", "must be 1 minute to 30 days")
	}
}

// alertStatus is what a caller is told of an error of the alerts.
func alertStatus(err error) error {
	switch {
	case errors.Is(err, alertstate.ErrUnknown):
		return rpc.Refused(codes.NotFound, "NO_SUCH_ALERT", "there is no such alert; alerts are remembered for 90 days after their last change")
	case errors.Is(err, alertstate.ErrResolved):
		return rpc.Refused(codes.FailedPrecondition, "ALERT_RESOLVED", "the alert stands no more; GetAlert says why")
	case errors.Is(err, documents.ErrContended):
		return rpc.Refused(codes.Aborted, "CONTENDED", "others change this alert at the same time; try again")
	case errors.Is(err, documents.ErrLoading):
		return rpc.TryLater(codes.Unavailable, "LOADING", "the alerts are being read; try again", time.Second)
	}
	return notNow(err)
}
