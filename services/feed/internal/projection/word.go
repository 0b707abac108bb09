package projection

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// enum is one of the enumerations of package events.
type enum interface {
	~int32
	String() string
}

// word is the name of a value; nothing for the unspecified one.
func word[E enum](v E) string {
	if v == 0 {
		return ""
	}
	return v.String()
}

// moment is the zero time when there is none.
func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil || t.CheckValid() != nil {
		return time.Time{}
	}
	return t.AsTime()
}

// languages are what the scorer says of a text.
var languages = map[string]string{"fr": "fr", "en": "en", "mixed": "mixed", "unknown": "unknown"}

// actors are who does something without being a person.
var actors = map[string]string{
	"alerting": "alerting", "timer": "timer", "routing": "routing", "follow-up": "follow-up", "do-not-call": "do-not-call",
}

// actor is who did something, without saying which person it was.
func actor(name string) string {
	if name == "" {
		return ""
	}
	if a, ok := actors[name]; ok {
		return a
	}
	return "person"
}

// target is the promise that an event of the SLA names as its cause.
func target(cause string) string {
	return word(eventsv1.SLA_Target(eventsv1.SLA_Target_value[cause]))
}
