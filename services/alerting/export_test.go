package alerting

import (
	"context"
	"time"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rehearsal"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Rehearsed rehearses a text without a server in between.
func Rehearsed(ctx context.Context, s *Service, text string) (*alertingv1.RehearsalReport, error) {
	set, err := s.book.Check(text)
	if err != nil {
		return nil, err
	}
	return s.Rehearse(ctx, rehearsal.Plan{Draft: set}, time.Time{}, func(uint64, uint64) error { return nil })
}

// Decided is what a delivery decides, without storing it.
func Decided(ctx context.Context, s *Service, d bus.Delivery) ([]alert.Event, error) {
	scored := &eventsv1.ResponseScored{}
	if err := d.Decode(scored); err != nil {
		return nil, err
	}
	events, _, err := s.decide(ctx, d, scored)
	return events, err
}

// Remember follows earlier answers, as a service does that runs, until stopped.
func Remember(ctx context.Context, s *Service) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.history.Follow(ctx) // it ends without an error, with ctx
	}()
	return func() { cancel(); <-done }
}
