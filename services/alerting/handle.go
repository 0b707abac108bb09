package alerting

import (
	"context"
	"errors"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Reasons of the dead letters this service makes.
const (
	reasonInvalid    = "invalid_event"
	reasonRuleFailed = "rule_failed"
)

// handle runs the rules over one scored response and returns once every alert
// about it is stored.
func (s *Service) handle(ctx context.Context, d bus.Delivery) error {
	scored := &eventsv1.ResponseScored{}
	if err := d.Decode(scored); err != nil {
		return err
	}
	if err := alert.Check(scored); err != nil {
		return bus.Terminate(reasonInvalid, err)
	}
	if err := s.fallbacks.Wait(ctx); err != nil {
		return err
	}
	events, failures, err := s.decide(ctx, d, scored)
	if err != nil {
		return err
	}
	if err := s.store(ctx, scored.GetReceived().GetBucket(), events); err != nil {
		return err
	}
	if len(failures) > 0 {
		return s.giveUp(failures)
	}
	return nil
}

// decide asks the rules in force, which may ask about the customer's history, and changes
// what they ask for by the fallbacks that apply.
func (s *Service) decide(ctx context.Context, d bus.Delivery, scored *eventsv1.ResponseScored) ([]alert.Event, []*rule.EvalError, error) {
	set := s.book.Current().Set
	var h *rule.History
	if set.AsksHistory() {
		h = rule.NewHistory(s.history.Of(ctx, d, scored), alert.AsOf(scored), set)
	}
	events, failures, err := alert.Decide(set, scored, h)
	if err == nil {
		err = alert.Fallbacks(set, scored, h, events, s.fallbacks.Applies)
	}
	return events, failures, err
}

// store appends the events and then waits once for all of them to be durable. Then the
// customers are told that are to be told.
func (s *Service) store(ctx context.Context, bucket string, events []alert.Event) error {
	var heard []acknowledgement
	for _, e := range events {
		receipt, err := s.deps.Bus.Append(ctx, bus.Event{Subject: subject.Alert(e.Rule, bucket), ID: e.ID, Body: e.Body})
		if err != nil {
			return err
		}
		if !receipt.Duplicate {
			s.metrics.stored(e)
		} else if e.MayFallBack() {
			if e, err = s.asStored(ctx, e, receipt.Sequence); err != nil {
				return err
			}
		}
		if e.Heard != (alert.Heard{}) {
			heard = append(heard, acknowledgement{e, receipt.Sequence})
		}
	}
	if len(events) == 0 {
		return nil
	}
	if err := s.deps.Bus.Durable(ctx); err != nil {
		return err
	}
	return s.acknowledge(ctx, heard)
}

// asStored is an alert as ALERTS has it from an earlier try, whose fallbacks may have been
// others.
func (s *Service) asStored(ctx context.Context, e alert.Event, sequence uint64) (alert.Event, error) {
	d, err := s.deps.Bus.At(ctx, subject.Alerts, sequence)
	if errors.Is(err, bus.ErrNotFound) { // erased meanwhile
		return e, nil
	}
	if err != nil {
		return e, err
	}
	stored := &eventsv1.AlertRaised{}
	if d.Decode(stored) != nil {
		return e, nil //nolint:nilerr // the consumers of ALERTS say so
	}
	return e.StoredAs(stored), nil
}

// acknowledgement is an alert whose customer is told that they were heard, and where it is.
type acknowledgement struct {
	alert.Event
	sequence uint64
}

func (s *Service) acknowledge(ctx context.Context, heard []acknowledgement) error {
	for _, a := range heard {
		raised := a.Body.(*eventsv1.AlertRaised)
		if err := s.fallbacks.Acknowledge(ctx, a.Heard.Receiver, a.Heard.Fallback, raised.GetAlertId(), a.sequence, raised.GetRaisedAt()); err != nil {
			return err
		}
	}
	return nil
}

// giveUp makes a dead letter of a response that rules failed on.
func (s *Service) giveUp(failures []*rule.EvalError) error {
	errs := make([]error, len(failures))
	for i, f := range failures {
		s.metrics.failed(f.Rule)
		errs[i] = f
	}
	return bus.Terminate(reasonRuleFailed, errors.Join(errs...))
}
