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
	e, err := s.scored(d)
	if err != nil {
		return err
	}
	receipt, err := s.bus.Publish(ctx, e)
	if err != nil {
		return err
	}
	if !receipt.Duplicate {
		s.metrics.scored(e.Body.(*eventsv1.ResponseScored))
	}
	return nil
}

// scored turns a delivery into the event to store.
func (s *Service) scored(d bus.Delivery) (bus.Event, error) {
	received := &eventsv1.ResponseReceived{}
	if err := d.Decode(received); err != nil {
		return bus.Event{}, err
	}
	body, err := score.Event(received, s.clock.Now())
	if err != nil {
		return bus.Event{}, bus.Terminate(reasonUnscorable, err)
	}
	return bus.Event{
		Subject: subject.Score(received.GetResponse().GetSurvey(), received.GetBucket()),
		ID:      body.GetEventId(), Body: body,
	}, nil
}
