package feedevent

import (
	"encoding/json"
	"fmt"
	"time"
)

// What every event says of itself.
const (
	// SpecVersion is the version of CloudEvents.
	SpecVersion = "1.0"
	// ContentType is the type of an event's data.
	ContentType = "application/json"
	// MediaType is that of a whole event.
	MediaType = "application/cloudevents+json; charset=UTF-8"
	// MessageType is what the header Rappel-Type says of an event in FEED.
	MessageType = "io.cloudevents.v1.CloudEvent"
)

// Event is a CloudEvents 1.0 event.
type Event struct {
	// SpecVersion is SpecVersion.
	SpecVersion string `json:"specversion"`
	// ID is unique, and the same when the event comes again.
	ID string `json:"id"`
	// Source is the service that told of it, as /rappel/callback-queue.
	Source string `json:"source"`
	// Type is what happened.
	Type Type `json:"type"`
	// Subject is the callback that it is about, else the customer's key; of a metric's alert
	// the alert's key, of a fallback its name.
	Subject string `json:"subject"`
	// Time is when it happened.
	Time time.Time `json:"time"`
	// DataContentType is ContentType, DataSchema the URI of the type's Schema.
	DataContentType string `json:"datacontenttype"`
	DataSchema      string `json:"dataschema"`
	// PartitionKey is the customer's key; of a metric's alert the alert's key, of a
	// fallback its name.
	PartitionKey string `json:"partitionkey"`
	// Traceparent is the W3C trace context, when there is one.
	Traceparent string `json:"traceparent,omitempty"`
	// Data is a *Response, *Alert, *AlertState, *Fallback or *Callback; from Decode a json.RawMessage when the type
	// is not known.
	Data any `json:"data"`
}

// Decode reads an event in the JSON format.
func Decode(body []byte) (Event, error) {
	var raw struct {
		Event
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return Event{}, fmt.Errorf("not a CloudEvent in JSON: %w", err)
	}
	e := raw.Event
	switch byType[e.Type].Schema {
	case OfResponse:
		e.Data = &Response{}
	case OfAlert:
		e.Data = &Alert{}
	case OfAlertState:
		e.Data = &AlertState{}
	case OfFallback:
		e.Data = &Fallback{}
	case OfCallback:
		e.Data = &Callback{}
	default:
		e.Data = raw.Data
		return e, nil
	}
	if err := json.Unmarshal(raw.Data, e.Data); err != nil {
		return Event{}, fmt.Errorf("data of %s: %w", e.Type, err)
	}
	return e, nil
}
