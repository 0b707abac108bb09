package scorer

import (
	"context"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
)

// reasonUnscorable is the reason of the dead letters this service makes.
const reasonUnscorable = "unscorable"

// handle scores one response and returns once the score is stored.
func (s *Service) handle(ctx context.Context, d bus.Delivery) error {
	scored, err := s.score(d)
	if err != nil {
		return err
	}
	received := scored.GetReceived()
	receipt, err := s.bus.Publish(ctx, bus.Event{
		Subject: subject.Score(received.GetResponse().GetSurvey(), received.GetBucket()),
		ID:      scored.GetEventId(), Body: scored,
	})
	if err != nil {
		return err
	}
	if !receipt.Duplicate {
		s.metrics.scored(scored)
	}
	return nil
}

// score turns a delivery into the event to store.
func (s *Service) score(d bus.Delivery) (*eventsv1.ResponseScored, error) {
	received := &eventsv1.ResponseReceived{}
	if err := d.Decode(received); err != nil {
		return nil, err
	}
	scored, err := score.Event(received, s.clock.Now())
	if err != nil {
		return nil, bus.Terminate(reasonUnscorable, err)
	}
	return scored, nil
}
