package sender

import eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"

// Cause says why nothing was answered.
var Cause = cause

// Said is a problem of a code and a text that need not be this package's: what a test expects.
func Said(code eventsv1.DeliveryAttempt_Problem, text string) Problem {
	return Problem{code: code, text: text}
}

// Of are how many addresses were refused.
func (p Problem) Of(refused, addresses int) Problem {
	p.refused, p.addresses = refused, addresses
	return p
}

// In is the file or variable that it came of.
func (p Problem) In(source string) Problem { return p.from(source) }
