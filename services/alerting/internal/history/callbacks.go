package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// callbacks reads what became of the customer's by when the response was first received.
func callbacks(ctx context.Context, b *bus.Bus, of *eventsv1.ResponseScored) (rule.Callbacks, error) {
	received := of.GetReceived()
	subj := subject.Callback(received.GetBucket(), received.GetCustomerKey())
	for before := alert.AsOf(of); ; {
		d, err := b.Before(ctx, subj, before)
		if errors.Is(err, bus.ErrNotFound) {
			return rule.Callbacks{}, nil
		}
		if err != nil {
			return rule.Callbacks{}, fmt.Errorf("read the customer's callbacks: %w", err)
		}
		var e eventsv1.CallbackEvent
		if err := d.Decode(&e); err != nil {
			return rule.Callbacks{}, err
		}
		if !cameOf(received.GetResponse(), e.GetCallback()) {
			return summary(&e), nil
		}
		// The clocks of who received it and of who stores differ.
		before = d.Time
	}
}

// cameOf reports whether the response is a reason of the callback.
func cameOf(r *eventsv1.Response, c *eventsv1.Callback) bool {
	for _, reason := range c.GetReasons() {
		if reason.GetResponseId() == r.GetId() && reason.GetSurvey() == r.GetSurvey() {
			return true
		}
	}
	return false
}

// summary is what rules may know of a customer's callbacks.
func summary(e *eventsv1.CallbackEvent) rule.Callbacks {
	c := e.GetCallback()
	if c == nil {
		return rule.Callbacks{}
	}
	called, severity := calledAt(c), worst(c)
	out := rule.Callbacks{
		Number: int64(c.GetNumber()), LastID: c.GetId(), Open: isOpen(c),
		Last: &eventsv1.LastCallback{OpenedAt: c.GetOpenedAt(), Outcome: outcome(c), Severity: severity},
	}
	if !out.Open {
		out.Last.ClosedAt = c.GetClosedAt()
	}
	if !called.IsZero() {
		out.Last.CalledAt, out.Called, out.CalledFor = timestamppb.New(called), called, severity
	}
	for _, p := range e.GetPast() {
		if at := p.GetCalledAt(); at != nil && at.AsTime().After(out.Called) {
			out.Called, out.CalledFor = at.AsTime(), p.GetSeverity()
		}
	}
	return out
}

// isOpen reports whether a callback is, or the next is about to be opened for what it
// leaves unanswered.
func isOpen(c *eventsv1.Callback) bool {
	switch c.GetState() {
	case eventsv1.Callback_COMPLETED, eventsv1.Callback_CANCELED, eventsv1.Callback_STATE_UNSPECIFIED:
		return c.GetNextAt() != nil
	case eventsv1.Callback_PENDING, eventsv1.Callback_RESERVED, eventsv1.Callback_ASSIGNED, eventsv1.Callback_ATTEMPTING, eventsv1.Callback_WRAPPING:
		return true
	}
	return false
}

// outcome is in a word; empty while it is open.
func outcome(c *eventsv1.Callback) string {
	switch {
	case isOpen(c):
		return ""
	case c.GetState() == eventsv1.Callback_CANCELED:
		return rule.Canceled
	case c.GetWrapUp().GetOutcome() == eventsv1.WrapUp_OUTCOME_UNSPECIFIED:
		return ""
	}
	return strings.ToLower(c.GetWrapUp().GetOutcome().String())
}

// calledAt is when the customer was last spoken to in a callback; zero when nobody was
// reached.
func calledAt(c *eventsv1.Callback) (last time.Time) {
	for _, a := range c.GetAttempts() {
		switch a.GetOutcome() {
		case eventsv1.Attempt_REACHED, eventsv1.Attempt_REFUSED, eventsv1.Attempt_CALL_LATER:
			if at := a.GetEndedAt().AsTime(); at.After(last) {
				last = at
			}
		default:
		}
	}
	return last
}

// worst is the worst severity of the reasons that count; unspecified when none does.
func worst(c *eventsv1.Callback) (w eventsv1.Severity) {
	for _, r := range c.GetReasons() {
		if r.GetWithdrawn() {
			continue
		}
		s := r.GetSeverity()
		if s == eventsv1.Severity_SEVERITY_UNSPECIFIED {
			s = eventsv1.Severity_MEDIUM
		}
		w = max(w, s)
	}
	return w
}
