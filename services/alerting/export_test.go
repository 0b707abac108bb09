package alerting

import (
	"context"
	"errors"
	"time"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/alerting/internal/fallback"
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

// NewByHand returns a service that tells people of what is due only in Step.
func NewByHand(cfg Config, deps Deps) (*Service, error) {
	s, err := New(cfg, deps)
	if s != nil {
		s.telling.every = time.Hour
		s.sending.idle = true
	}
	return s, err
}

// Settle returns once the service has heard of everything that was stored.
func (s *Service) Settle(ctx context.Context) error {
	if err := s.alerts.Wait(ctx); err != nil {
		return err
	}
	return s.telling.planner.Settle(ctx)
}

// Step does what is due.
func (s *Service) Step(ctx context.Context) error {
	return errors.Join(s.alerts.Step(ctx), s.telling.planner.Step(ctx))
}

// Next is when Step has something to do, if nothing changes before; zero for never.
func (s *Service) Next() time.Time {
	next := s.telling.planner.Next()
	for a := range s.alerts.Alerts() {
		for _, t := range []interface {
			IsValid() bool
			AsTime() time.Time
		}{a.GetAcknowledgement().GetUntil(), a.GetExpiresAt()} {
			if t.IsValid() && a.GetResolvedAt() == nil && (next.IsZero() || t.AsTime().Before(next)) {
				next = t.AsTime()
			}
		}
	}
	return next
}

// Look looks at the notify file.
func (s *Service) Look() { s.telling.file.Look() }

// API is what callers call.
func (s *Service) API() alertingv1.AlertingServiceServer { return s.api }

// Alerts are those of the service.
func (s *Service) Alerts() *alertstate.Book { return s.alerts }

// LookAtQueues has a service look at the queues once.
func LookAtQueues(ctx context.Context, s *Service) error { return s.fallbacks.Step(ctx) }

// Applies reports whether a fallback does, as a service has heard.
func Applies(s *Service, name string) bool { return s.fallbacks.Applies(name) }

// InHand has a service take responses to be in hand for so long. It is called before Start.
func InHand(s *Service, d time.Duration) { s.inHand = d }

// TellBy has a service tell people by an outbox. It is called before Start.
func TellBy(s *Service, o fallback.Outbox) { s.fallbacks.TellBy(o) }

// Afterwards has a service handle the end of a fallback.
func Afterwards(ctx context.Context, s *Service, d bus.Delivery) error { return s.afterwards(ctx, d) }
