package callbackqueue

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// Names of the events taken, as the type header spells them.
var (
	typeRaised   = string((*eventsv1.AlertRaised)(nil).ProtoReflect().Descriptor().FullName())
	typeResolved = string((*eventsv1.AlertResolved)(nil).ProtoReflect().Descriptor().FullName())
	typeAnswered = string((*eventsv1.FollowUpAnswered)(nil).ProtoReflect().Descriptor().FullName())
)

// handle takes one event of ALERTS.
func (s *Service) handle(ctx context.Context, d bus.Delivery) error {
	switch d.Type {
	case typeRaised:
		return s.raised(ctx, d)
	case typeResolved:
		return s.resolved(ctx, d)
	case typeAnswered:
		return s.answered(ctx, d)
	default:
		return bus.Terminate("unexpected_type", fmt.Errorf("event type %q in ALERTS", d.Type))
	}
}

func (s *Service) raised(ctx context.Context, d bus.Delivery) error {
	var m eventsv1.AlertRaised
	if err := d.Decode(&m); err != nil {
		return err
	}
	if m.GetHeldBack() != eventsv1.AlertRaised_HELD_BACK_UNSPECIFIED {
		return s.withdraw(ctx, m.GetScored(), wire.HeldBack(&m))
	}
	if m.GetCallback() == nil && m.GetFallback() == "" {
		return nil // the rule asks for no call
	}
	alert := wire.Raised(&m)
	if err := subject.CheckCustomerKey(alert.CustomerKey); err != nil {
		return bus.Terminate("invalid_alert", err)
	}
	return verdict(s.queue.TakeAlert(ctx, alert))
}

func (s *Service) resolved(ctx context.Context, d bus.Delivery) error {
	var m eventsv1.AlertResolved
	if err := d.Decode(&m); err != nil {
		return err
	}
	return s.withdraw(ctx, m.GetScored(), wire.Resolved(&m))
}

// withdraw takes an alert's reason back, if it is one.
func (s *Service) withdraw(ctx context.Context, scored *eventsv1.ResponseScored, w callback.WithdrawAlert) error {
	received := scored.GetReceived()
	if err := subject.CheckCustomerKey(received.GetCustomerKey()); err != nil {
		return bus.Terminate("invalid_alert", err)
	}
	return verdict(s.queue.WithdrawAlert(ctx, received.GetCustomerKey(), received.GetResponse().GetCallbackId(), w))
}

// answered links the answer to a follow-up survey. One about a callback that there
// never was, or that is forgotten, is no fault of ours: the answer itself is kept in
// RESPONSES, and its alerts go their way.
func (s *Service) answered(ctx context.Context, d bus.Delivery) error {
	var m eventsv1.FollowUpAnswered
	if err := d.Decode(&m); err != nil {
		return err
	}
	cmd := wire.Answered(&m)
	err := s.queue.TakeFollowUp(ctx, cmd)
	if errors.Is(err, callback.ErrNoCallback) {
		s.deps.Log.Info("an answer is about no callback that can take it", zap.String(obs.CallbackID, cmd.CallbackID), zap.Error(err))
		return nil
	}
	return verdict(err)
}

// verdict marks what no retry will mend: an alert the domain finds wrong in
// itself, and one for a customer whose state cannot be read, to be redriven once
// that is repaired.
func verdict(err error) error {
	var invalid *callback.ValidationError
	switch {
	case errors.As(err, &invalid):
		return bus.Terminate("invalid_alert", err)
	case errors.Is(err, queue.ErrUnreadable):
		return bus.Terminate("customer_unreadable", err)
	default:
		return err
	}
}
