package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/feed/internal/projection"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Reasons of the dead letters this service makes.
const (
	reasonUnprojectable = "unprojectable"
	// reasonUnknownType may go once the service is as new as the one that stored the event.
	reasonUnknownType = "unknown_type"
)

// handle tells of one event and returns once the feed has it.
func (s *Service) handle(ctx context.Context, d bus.Delivery) error {
	event, err := s.event(d)
	if errors.Is(err, projection.ErrUntold) {
		return nil
	}
	if err != nil {
		return err
	}
	receipt, err := s.deps.Bus.Publish(ctx, event.Event)
	if err != nil {
		return err
	}
	if !receipt.Duplicate {
		s.metrics.told(event.kind, s.deps.Clock.Now().Sub(d.Time))
	}
	return nil
}

// told is an event of the feed as it is stored.
type told struct {
	bus.Event
	kind feedevent.Type
}

// event is what the feed tells of a delivery, or an error that ends it as a dead letter.
func (s *Service) event(d bus.Delivery) (told, error) {
	p, err := s.projected(d)
	switch {
	case errors.Is(err, projection.ErrUnknownType):
		return told{}, bus.Terminate(reasonUnknownType, err)
	case errors.Is(err, projection.ErrInvalid):
		return told{}, bus.Terminate(reasonUnprojectable, err)
	case err != nil:
		return told{}, err // undecodable: the bus has said so
	}
	body, err := json.Marshal(p.Event)
	if err != nil { // a number that JSON has no word for
		return told{}, bus.Terminate(reasonUnprojectable, errors.New("it holds a number that is none"))
	}
	headers := map[string]string{
		subject.HeaderContentType: feedevent.MediaType, subject.HeaderSurveys: strings.Join(p.Surveys, ","), subject.HeaderQueue: p.Queue,
	}
	return told{kind: p.Type, Event: bus.Event{
		Subject: subject.FeedEvent(string(p.Type), p.About), ID: p.ID, Type: feedevent.MessageType, Encoded: body, Headers: headers,
	}}, nil
}

// projected makes an event of the feed of whatever the streams hold.
func (s *Service) projected(d bus.Delivery) (projection.Projected, error) {
	p := s.project
	switch d.Type {
	case nameOf[*eventsv1.ResponseReceived]():
		return project(d, &eventsv1.ResponseReceived{}, p.Received)
	case nameOf[*eventsv1.ResponseScored]():
		return project(d, &eventsv1.ResponseScored{}, p.Scored)
	case nameOf[*eventsv1.AlertRaised]():
		return project(d, &eventsv1.AlertRaised{}, p.Raised)
	case nameOf[*eventsv1.AlertResolved]():
		return project(d, &eventsv1.AlertResolved{}, p.Resolved)
	case nameOf[*eventsv1.FollowUpAnswered]():
		return project(d, &eventsv1.FollowUpAnswered{}, p.Answered)
	case nameOf[*eventsv1.AlertChanged]():
		return project(d, &eventsv1.AlertChanged{}, p.AlertChanged)
	case nameOf[*eventsv1.FallbackChanged]():
		return project(d, &eventsv1.FallbackChanged{}, p.Fallback)
	case nameOf[*eventsv1.CallbackEvent]():
		return project(d, &eventsv1.CallbackEvent{}, p.Callback)
	}
	return projection.Projected{}, fmt.Errorf("%w: %q of %s", projection.ErrUnknownType, d.Type, d.Stream)
}

// nameOf is a message's full name.
func nameOf[M proto.Message]() string {
	var m M
	return string(m.ProtoReflect().Descriptor().FullName())
}

// identified is every event of the loop.
type identified interface {
	proto.Message
	GetEventId() string
}

func project[M identified](d bus.Delivery, m M, how func(projection.Origin, M) (projection.Projected, error)) (projection.Projected, error) {
	if err := d.Decode(m); err != nil {
		return projection.Projected{}, err
	}
	return how(projection.Origin{
		Stream: d.Stream, Sequence: d.Sequence, ID: m.GetEventId(), Traceparent: d.Headers.Get(subject.HeaderTraceparent),
	}, m)
}
