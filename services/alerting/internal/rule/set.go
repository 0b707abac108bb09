package rule

import (
	"cel.dev/cel-go/cel"
	"google.golang.org/protobuf/types/known/durationpb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Set is one file of rules, compiled.
type Set struct {
	// Version is the file's own version, + and eight hexadecimal digits of the
	// file's hash: two files never share it, even when nobody raised the first.
	Version string
	// Rules, in the file's order.
	Rules []*Rule
	// Metrics are the rules about figures that move, in the file's order.
	Metrics []*Metric
	// Contact is how often a customer may be called.
	Contact Contact
	// Fallbacks, in the file's order.
	Fallbacks []*Fallback

	index   *index
	metrics *index
	asks    wants // of all its rules
}

// Days is how many days of a customer's answers its rules look back; 0 for none.
func (s *Set) Days() int { return s.asks.days }

// AsksHistory reports whether anything of a customer's history may have to be known.
func (s *Set) AsksHistory() bool { return s.asks.any() || s.Contact.NotAgainWithin > 0 }

// AsksDoNotCall reports whether a rule asks whether the customer is not to be called.
func (s *Set) AsksDoNotCall() bool { return s.asks.doNotCall }

// Rule is the rule of a name; nil when there is none.
func (s *Set) Rule(name string) *Rule {
	for _, r := range s.Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Rule is one rule.
type Rule struct {
	// Name is unique in its set and one token of a subject.
	Name string
	// Description by language, fr and en; for people only.
	Description map[string]string
	// When is the condition as written.
	When string
	// About is the metric whose worst answer an alert cites; unspecified cites
	// none.
	About eventsv1.Metric
	// Severity is how bad a match is; MEDIUM unless the file says.
	Severity eventsv1.Severity
	// Team is whose the rule is; empty when the file does not say.
	Team string
	// Labels are what its alerts are marked with; read only.
	Labels map[string]string
	// Stop keeps the rules below from firing where this one does.
	Stop bool
	// Callback is what the callback queue is asked to do; nil asks for nothing.
	// It is shared by every alert: read only.
	Callback *eventsv1.CallbackPlan
	// Notify asks for people to be told of its alerts.
	Notify bool
	// ResolvesAfter is how long its alerts stand if nothing else ends them, 1 minute to 30
	// days; nil where the file does not say. Shared by every alert: read only.
	ResolvesAfter *durationpb.Duration
	// EvenIfCalled calls a customer who was called lately, too, whatever Contact says.
	EvenIfCalled bool
	// Fallbacks may change what the callback queue is asked: of those that apply, the first
	// that changes something.
	Fallbacks []*Fallback

	asks    wants
	place   int   // in the set
	need    *need // nil when the condition has to be asked
	program cel.Program
	locate  func(id int64) Position
}

// Position is a place in a rules file.
type Position struct {
	// File as it was named to Load.
	File string
	// Line and Column count from 1, in characters. Line 0 is the file as a whole.
	Line, Column int
}
