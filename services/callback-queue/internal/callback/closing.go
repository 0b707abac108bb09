package callback

import (
	"errors"
	"strings"
)

func (c Complete) check() error {
	var f fields
	f.agent("agent_id", c.AgentID)
	f.check(c.Outcome.writable(), "outcome", "must be RESOLVED, PARTLY_RESOLVED, UNRESOLVED or NO_ACTION_NEEDED")
	f.text("root_cause", strings.TrimSpace(c.RootCause), 1, maxCause)
	f.text("note", strings.TrimSpace(c.Note), 1, maxNote)
	c.Gesture.check(&f)
	return f.err()
}

// apply takes the wrap-up from the agent who called, also after the lease; once
// it is overdue, from anybody: somebody must be able to write it, and it is not
// invented.
func (c Complete) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	w := WrapUp{
		Outcome: c.Outcome, AgentID: c.AgentID, At: d.now,
		RootCause: strings.TrimSpace(c.RootCause), Note: strings.TrimSpace(c.Note), Gesture: c.Gesture,
	}
	if w.Gesture.Kind != "" {
		w.Gesture.Currency = d.policy.Goodwill.Currency
	}
	if c.written(d.cb, w) {
		return "", ErrNoChange
	}
	err := d.holds(c, c.AgentID, c.Token)
	if errors.Is(err, ErrNotHolder) && d.cb.WrapUpOverdue() {
		err = nil
	}
	if err != nil {
		return "", err
	}
	if err := d.cb.follow(complete); err != nil {
		return "", err
	}
	if err := d.policy.RootCauses.choose(w.RootCause); err != nil {
		return "", err
	}
	if err := d.policy.Goodwill.allow(c.Gesture, c.Role, d.cb.GivenCents); err != nil {
		return "", err
	}
	w.FirstContact = c.Outcome == Resolved && d.cb.firstContact()
	d.by(c.AgentID, d.cb.Holder.RequestID)
	slots := d.cb.Slots
	d.close(c.AgentID, c.Outcome)
	d.cb.WrapUp = &w
	d.owe(slots)
	d.askLater()
	return EventCompleted, nil
}

// firstContact reports whether the customer was spoken to once only: an attempt
// that found nobody is no contact.
func (c *Callback) firstContact() bool {
	spoken := 0
	for i := range c.Attempts {
		if o := c.Attempts[i].Outcome; o == Reached || o == CallLater {
			spoken++
		}
	}
	return spoken == 1 && c.Reopened == nil
}

// written reports whether this is a repeat: the callback was closed by this
// agent with the same words.
func (c Complete) written(cb *Callback, w WrapUp) bool {
	if cb.WrapUp == nil || c.Token != 0 && c.Token != cb.lastToken() {
		return false
	}
	w.At, w.FirstContact, w.Gesture.Currency = cb.WrapUp.At, cb.WrapUp.FirstContact, cb.WrapUp.Gesture.Currency
	return *cb.WrapUp == w
}

func (c Cancel) check() error {
	var f fields
	f.text("reason", strings.TrimSpace(c.Reason), 1, maxReason)
	f.agent("by", c.By)
	return f.err()
}

func (c Cancel) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	reason := strings.TrimSpace(c.Reason)
	if d.cb.State == Canceled && d.cb.ClosedBy == c.By && d.cb.CancelReason == reason {
		return "", ErrNoChange
	}
	if err := d.cb.follow(cancel); err != nil {
		return "", err
	}
	d.cutShort("canceled while calling")
	d.close(c.By, "")
	d.cb.CancelReason = reason
	d.by(c.By, "")
	return EventCanceled, nil
}

// cutShort ends a running attempt whose outcome nobody told.
func (d *draft) cutShort(note string) {
	if last := d.cb.lastAttempt(); last != nil && last.Running() {
		d.endAttempt(Attempt{Outcome: TechnicalFailure, Note: note})
	}
}
