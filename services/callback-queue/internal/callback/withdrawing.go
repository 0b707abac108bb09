package callback

import (
	"slices"
	"time"
)

// reasonCorrected is the CancelReason of a withdrawal that gives none.
const reasonCorrected = "the customer corrected the answer"

func (c WithdrawAlert) check() error {
	var f fields
	f.alertID(c.AlertID)
	f.text("reason", c.Reason, 0, maxReason)
	return f.err()
}

// apply marks the reason rather than removing it: agents and supervisors see
// what happened. An alert never heard of, or settled before, is noted, so that
// a raise that comes late does nothing.
func (c WithdrawAlert) apply(d *draft) (EventType, error) {
	if d.agg.CustomerKey == "" {
		return "", &ValidationError{Fields: []FieldError{{"customer_key", "is required"}}}
	}
	known, heard := d.agg.taken(c.AlertID)
	i := d.openReason(c.AlertID)
	// At the very revision and correction known, only a reason that still counts is news.
	order := known.order(c.Revision, c.Correction)
	news := order < 0 || order == 0 && !known.Resolved && i >= 0
	if heard && !news {
		return "", ErrNoChange
	}
	d.by(ActorAlerting, c.AlertID)
	d.agg.remember(TakenAlert{
		AlertID: c.AlertID, Revision: c.Revision, Correction: c.Correction,
		// What a closed callback settled stays settled.
		Resolved: !heard || known.Resolved || i >= 0,
	})
	if i < 0 {
		return EventAlertNoted, nil
	}
	return d.withdraw(i, c)
}

// withdraw stops a reason from counting, and cancels the callback when none is
// left that counts and nobody has started to call. One that somebody reopened is
// theirs to cancel.
func (d *draft) withdraw(i int, c WithdrawAlert) (EventType, error) {
	d.cb.Reasons = slices.Clone(d.cb.Reasons)
	r := &d.cb.Reasons[i]
	r.Withdrawn, r.Revision, r.Correction = true, c.Revision, c.Correction
	d.cb.Priority = d.cb.urgencyOfAll()
	d.askSkills()
	if d.cb.State.Terminal() && len(d.cb.unanswered()) == 0 {
		d.cb.NextAt, d.cb.Slots = time.Time{}, nil
	}
	if d.cb.counting() > 0 || len(d.cb.Attempts) > 0 || d.cb.Reopened != nil {
		return EventReasonWithdrawn, nil
	}
	if err := d.cb.follow(withdrawn); err != nil {
		return "", err
	}
	d.close("", "")
	d.cb.CancelReason = firstOf(c.Reason, reasonCorrected)
	return EventCanceled, nil
}
