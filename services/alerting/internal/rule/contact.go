package rule

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of Contact.NotAgainWithin.
const (
	leastContact = time.Hour
	mostContact  = MostDays * day
)

// Contact is how often a customer may be called.
type Contact struct {
	// NotAgainWithin is how long after they were spoken to nobody is called again, unless
	// it is worse than it was; 0 is no such rule.
	NotAgainWithin time.Duration
}

// risen is the only value of contact.unless.
const risen = "severity_rises"

func (r *reader) contact(n *yaml.Node, path string) Contact {
	var out Contact
	given := r.Object(n, path, strictyaml.Fields{
		"not_again_within": func(n *yaml.Node, path string) {
			d, ok := span(word(n))
			if !ok || d < leastContact || d > mostContact {
				r.Wrong(n, path, "must be a time like 7d or 36h, from 1h to %dd", MostDays)
			}
			out.NotAgainWithin = d
		},
		"unless": func(n *yaml.Node, path string) {
			if word(n) != risen {
				r.Wrong(n, path, "must be %s", risen)
			}
		},
	})
	if given != nil {
		r.Required(n, path, given, "not_again_within")
	}
	return out
}

// span is a duration that may be in days.
func span(text string) (time.Duration, bool) {
	if days, inDays := strings.CutSuffix(text, "d"); inDays {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * day, err == nil //nolint:gosec // 16 bits
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// HeldBack is why the callback is held back that a rule asks for, whose condition is true
// of f; unspecified when it is not. about is the callback that the response is an answer
// about, if it is one.
//
// Somebody who asks to be called is. An open callback takes the reason: that is one call.
// An answer about the last callback opens it again, and no other.
func (s *Set) HeldBack(r *Rule, f *Facts) eventsv1.AlertRaised_HeldBack {
	if !s.mayHold(r, f) {
		return eventsv1.AlertRaised_HELD_BACK_UNSPECIFIED
	}
	c := f.history.Callbacks()
	about := f.response.GetCallbackId()
	switch {
	case c.Open, c.Called.IsZero(), about != "" && about == c.LastID:
	case f.history.asOf.Sub(c.Called) >= s.Contact.NotAgainWithin:
	case rank(r.Severity) > rank(c.CalledFor):
	default:
		return eventsv1.AlertRaised_FATIGUE
	}
	return eventsv1.AlertRaised_HELD_BACK_UNSPECIFIED
}

// mayHold reports whether the history has to be asked.
func (s *Set) mayHold(r *Rule, f *Facts) bool {
	return s.Contact.NotAgainWithin > 0 && r.Callback != nil && !r.EvenIfCalled && !f.response.GetCallbackRequested() && f.history != nil
}

// rank orders severities: one that is not said is medium.
func rank(s eventsv1.Severity) eventsv1.Severity {
	if s == eventsv1.Severity_SEVERITY_UNSPECIFIED {
		return eventsv1.Severity_MEDIUM
	}
	return s
}
