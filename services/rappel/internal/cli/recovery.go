package cli

import (
	"math"
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// followUp is who opens a callback again whose customer's answer was bad again; it
// gives no reason, which people must.
const followUp = "follow-up"

// calledAgain reports whether a callback is open because of what its customer answered
// about the call before. Who has said since that all is well is no longer so.
func calledAgain(cb *eventsv1.Callback) bool {
	return cb.GetState() < eventsv1.Callback_COMPLETED && cb.GetReopened().GetBy() == followUp && bad(cb.GetRecovery().GetClass())
}

// reopened says who opened a closed callback again, and why: somebody, or the
// customer's answer to the follow-up.
func (c *card) reopened(r *eventsv1.Reopening) {
	if r.GetBy() == followUp && r.GetReason() == "" {
		c.line(fill(c.w.ReopenedByAnswer, c.date(r.GetAt())))
		return
	}
	c.line(fill(c.w.ReopenedBy, c.date(r.GetAt()), oneLine(r.GetBy()), oneLine(r.GetReason())))
}

// whyAgain shows first, before what it was all about, why somebody who was called has
// to be called again.
func (c *card) whyAgain(cb *eventsv1.Callback) {
	if !calledAgain(cb) {
		return
	}
	c.line("")
	c.line(c.style.bold(c.w.WhyAgain))
	c.recovery(cb.GetRecovery())
}

// howItWent says what the customer answered about the call, and when they are or
// were asked, in the order of time: an answer may be about an earlier close.
func (c *card) howItWent(cb *eventsv1.Callback) {
	f, r := cb.GetFollowUp(), cb.GetRecovery()
	if calledAgain(cb) {
		r = nil // said above
	}
	if f == nil && r == nil {
		return
	}
	c.line("")
	c.line(c.style.bold(c.w.HowItWent))
	before := r != nil && r.GetAt().AsTime().Before(f.GetAskAt().AsTime())
	if before {
		c.recovery(r)
	}
	switch {
	case f.GetAskedAt() != nil:
		c.line("  " + fill(c.w.Asked, c.date(f.GetAskedAt()), oneLine(f.GetSurvey())))
	case f != nil:
		c.line("  " + fill(c.w.ToAsk, c.date(f.GetAskAt()), oneLine(f.GetSurvey())))
	}
	if r != nil && !before {
		c.recovery(r)
	}
}

// recovery is the score after against the score before, and the customer's words.
func (c *card) recovery(r *eventsv1.Recovery) {
	text := c.scores(r)
	if class := c.w.Classes[r.GetClass()]; class != "" {
		text += " — " + class
	}
	if bad(r.GetClass()) {
		text = c.style.red(text)
	}
	c.line("  " + text)
	where := []string{oneLine(r.GetSurvey())}
	if r.GetAt() != nil {
		where = append(where, c.date(r.GetAt()))
	}
	c.line("     " + c.style.dim(strings.Join(nonEmpty(where), " · ")))
	c.quoted(r.GetVerbatim())
}

// scores are both satisfactions, of which there may be one or none.
func (d *desk) scores(r *eventsv1.Recovery) string {
	what := d.w.Satisfaction
	if m := r.GetMetric(); m != eventsv1.Metric_METRIC_UNSPECIFIED {
		what = m.String()
	}
	before, after := d.number(math.Round(r.GetBefore())), d.number(math.Round(r.GetAfter()))
	switch {
	case r.Before != nil && r.After != nil:
		return what + d.w.Colon + fill(d.w.OutOf100, before+" → "+after)
	case r.After != nil:
		return what + d.w.Colon + fill(d.w.OutOf100, after) + ", " + d.w.NoScoreBefore
	case r.Before != nil:
		return what + d.w.Colon + d.w.NoScore + ", " + fill(d.w.ScoreBefore, before)
	default:
		return what + d.w.Colon + d.w.NoScore
	}
}

// bad reports whether a class is the worst of its metric.
func bad(c eventsv1.Class) bool {
	return c == eventsv1.Class_DETRACTOR || c == eventsv1.Class_DISSATISFIED || c == eventsv1.Class_HIGH_EFFORT || c == eventsv1.Class_UNRESOLVED
}
