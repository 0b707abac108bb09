package alertstate

import (
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// closing is what a callback that was closed says of an alert that it was for.
type closing struct {
	alertID, rule, survey, responseID, customerKey, bucket string
	// severity and order are those that the callback knew of.
	severity eventsv1.Severity
	order    order
	// beyond says that it is not one of those that the callback lists.
	beyond bool
}

// called is what the close of its callback makes of an alert; nil for nothing.
//
// An alert that has become worse in a revision that the callback did not know of goes on. One
// that no longer matched meanwhile was dealt with all the same. One that was not heard of is
// stored as resolved, so that the revision that the callback
// knew of does not raise it; unless it is beyond those that the callback lists: too little is
// known of it.
func called(now *alert, c closing, at time.Time) *change {
	later := c.order.compare(orderOf(now)) > 0
	worse := !later && now.GetSeverity() > severity(c.severity)
	if worse || !later && !stands(now) && isSettled(now) || now == nil && c.beyond {
		return nil
	}
	next := copied(now)
	if now == nil {
		outline(next, c.alertID, c.rule, c.customerKey, c.bucket)
		next.Survey, next.ResponseId, next.Callback = c.survey, c.responseID, true
		set(next.Labels, "survey", c.survey)
		set(next.Labels, "severity", SeverityWord(c.severity))
	}
	if later {
		next.Revision, next.Correction, next.Severity = c.order.revision, c.order.correction, severity(c.severity)
	}
	if now != nil && !stands(now) {
		if !isSettled(now) {
			next.Resolution = eventsv1.AlertState_CALLBACK_CLOSED
		}
		return happened(eventsv1.AlertChanged_UPDATED, next, "", at)
	}
	end(next, eventsv1.AlertState_CALLBACK_CLOSED, at)
	return happened(eventsv1.AlertChanged_RESOLVED, next, "", at)
}
