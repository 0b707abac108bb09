package alerting

import (
	"context"
	"time"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
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

// Look has a service look at the queues once.
func Look(ctx context.Context, s *Service) error { return s.fallbacks.Step(ctx) }

// Applies reports whether a fallback does, as a service has heard.
func Applies(s *Service, name string) bool { return s.fallbacks.Applies(name) }

// InHand has a service take responses to be in hand for so long. It is called before Start.
func InHand(s *Service, d time.Duration) { s.inHand = d }

// TellBy has a service tell people by an outbox. It is called before Start.
func TellBy(s *Service, o fallback.Outbox) { s.fallbacks.TellBy(o) }

// Afterwards has a service handle the end of a fallback.
func Afterwards(ctx context.Context, s *Service, d bus.Delivery) error { return s.afterwards(ctx, d) }
