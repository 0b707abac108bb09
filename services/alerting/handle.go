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

// decide asks the rules in force, which may ask about the customer's history.
func (s *Service) decide(ctx context.Context, d bus.Delivery, scored *eventsv1.ResponseScored) ([]alert.Event, []*rule.EvalError, error) {
	set := s.book.Current().Set
	var h *rule.History
	if set.AsksHistory() {
		h = rule.NewHistory(s.history.Of(ctx, d, scored), alert.AsOf(scored), set)
	}
	return alert.Decide(set, scored, h)
}

// store appends the events and then waits once for all of them to be durable.
func (s *Service) store(ctx context.Context, bucket string, events []alert.Event) error {
	for _, e := range events {
		receipt, err := s.deps.Bus.Append(ctx, bus.Event{Subject: subject.Alert(e.Rule, bucket), ID: e.ID, Body: e.Body})
		if err != nil {
			return err
		}
		if !receipt.Duplicate {
			s.metrics.stored(e)
		}
	}
	if len(events) == 0 {
		return nil
	}
	return s.deps.Bus.Durable(ctx)
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
