package alert

import (
	"slices"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// Heard says that the customer of an alert is to be told that they were heard.
type Heard struct {
	// Fallback is the one because of which, Receiver how.
	Fallback, Receiver string
}

// Fallbacks changes what raised alerts ask of the callback queue by the fallbacks of their
// rules that apply, as applies says by name: of those that a rule names, the first that
// changes something. The alert says which that was, and is raised all the same.
//
// An alert that begins with this revision, and asks for a callback or would, is to be
// acknowledged by the first of its rule's fallbacks that applies and does so; one that began
// before may have led to a call already, which is not known here.
//
// What is held back for another reason, because the customer was called lately, no fallback
// changes. The history is Decide's, and so is the error.
func Fallbacks(set *rule.Set, scored *eventsv1.ResponseScored, h *rule.History, events []Event, applies func(name string) bool) error {
	var begun []Begin
	var failed error
	for i := range events {
		e := &events[i]
		raised, ok := e.Body.(*eventsv1.AlertRaised)
		if ok && raised.GetHeldBack() == eventsv1.AlertRaised_HELD_BACK_UNSPECIFIED {
			change(e, raised, applies, func() bool {
				if begun == nil && failed == nil {
					begun, _, failed = Begun(set, scored, h)
				}
				return slices.ContainsFunc(begun, func(b Begin) bool { return b.Rule == e.rule })
			})
		}
	}
	return failed
}

// change changes one alert; begins reports whether it does with this revision.
func change(e *Event, raised *eventsv1.AlertRaised, applies func(name string) bool, begins func() bool) {
	applying := e.rule.Applying(applies)
	if plan, by := e.rule.Under(applying); by != nil {
		raised.Callback, raised.Fallback = plan, by.Name
	}
	for _, f := range applying {
		if f.Acknowledge != "" && e.Heard == (Heard{}) && begins() {
			e.Heard = Heard{f.Name, f.Acknowledge}
		}
	}
}

// MayFallBack reports whether the alert's rule names fallbacks.
func (e Event) MayFallBack() bool { return e.rule != nil && len(e.rule.Fallbacks) > 0 }

// StoredAs is the event when ALERTS has it already, as it was decided before: if a fallback
// had changed its plan then, and does no more, the customer is acknowledged as was decided.
func (e Event) StoredAs(stored *eventsv1.AlertRaised) Event {
	for _, f := range e.rule.Fallbacks {
		if e.Heard == (Heard{}) && f.Name == stored.GetFallback() && f.Acknowledge != "" {
			e.Heard = Heard{f.Name, f.Acknowledge}
		}
	}
	return e
}
