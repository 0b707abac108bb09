package callback

import (
	"strings"
	"time"
)

// Reopening says that a closed callback was opened again, and by whom.
type Reopening struct {
	// Times is how often, 1 or more; the rest is about the last time.
	Times int
	At    time.Time
	// By is who decided it; Reason is why, in their words.
	By, Reason string
	// AfterAttempt is the number of the last attempt before: the attempt policy
	// counts from there.
	AfterAttempt int
}

func (c Reopen) check() error {
	var f fields
	f.text("reason", strings.TrimSpace(c.Reason), 1, maxReason)
	f.agent("by", c.By)
	return f.err()
}

// apply puts a closed callback back into the queue with its age, its reasons and
// its attempts. What closed it is in the audit trail.
func (c Reopen) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	reason := strings.TrimSpace(c.Reason)
	if r := d.cb.Reopened; d.isOpen() && r != nil && r.By == c.By && r.Reason == reason {
		return "", ErrNoChange
	}
	if d.isListed() && d.cb.State.Terminal() {
		return "", ErrDoNotCall
	}
	if err := d.reopen(c.By, reason); err != nil {
		return "", err
	}
	d.by(c.By, "")
	return EventReopened, nil
}

// canReopen reports whether the callback is completed, and soon enough ago.
func (d *draft) canReopen() bool {
	return d.cb != nil && d.cb.State == Completed && !d.now.After(d.cb.ClosedAt.Add(d.policy.ReopenWithin))
}

// reopen puts the closed callback back into the queue.
func (d *draft) reopen(by, reason string) error {
	closed := d.cb.ClosedAt
	if err := d.cb.follow(reopen); err != nil {
		return err
	}
	if d.now.After(closed.Add(d.policy.ReopenWithin)) {
		return &TooLateError{Until: closed.Add(d.policy.ReopenWithin)}
	}
	d.cb.Reopened = d.reopening(by, reason)
	if w := d.cb.WrapUp; w != nil {
		d.cb.GivenCents += w.Gesture.Cents
	}
	d.cb.ClosedAt, d.cb.ClosedBy, d.cb.CancelReason, d.cb.WrapUp, d.cb.FollowUp = time.Time{}, "", "", nil, nil
	d.cb.NotBefore, d.cb.Slots = time.Time{}, nil
	d.answered()
	d.promise(d.now, 0)
	d.prefer(d.cb.knownBy())
	return nil
}

func (d *draft) reopening(by, reason string) *Reopening {
	r := &Reopening{Times: 1, At: d.now, By: by, Reason: reason}
	if d.cb.Reopened != nil {
		r.Times += d.cb.Reopened.Times
	}
	if last := d.cb.lastAttempt(); last != nil {
		r.AfterAttempt = last.Number
	}
	return r
}

func (c Reschedule) check() error {
	var f fields
	f.agent("by", c.By)
	return f.err()
}

// apply moves the moment from which a waiting callback may be called. It waits
// where it stood: its age stays.
func (c Reschedule) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	at := c.NotBefore.UTC().Round(0)
	if c.NotBefore.IsZero() {
		at = time.Time{}
	}
	if d.cb.State == Pending && d.cb.NotBefore.Equal(at) && (!c.CustomerAsked || !d.runsBefore(at)) {
		return "", ErrNoChange
	}
	if err := d.cb.follow(reschedule); err != nil {
		return "", err
	}
	var f fields
	f.check(!at.After(d.now.Add(d.policy.CallAgainWithin)), "not_before", "is too far ahead")
	if err := f.err(); err != nil {
		return "", err
	}
	d.cb.Slots, d.cb.NotBefore = nil, at
	switch s := d.cb.SLA; {
	case c.CustomerAsked:
		d.pause(at)
	case s != nil && at.Before(s.PausedUntil): // the wait for the customer's moment is over before
		d.pause(at)
	}
	d.preferStill()
	d.by(c.By, "")
	return EventRescheduled, nil
}

// runsBefore reports whether the SLA's clocks run before a moment that is to come.
func (d *draft) runsBefore(at time.Time) bool {
	return d.cb.SLA != nil && at.After(d.now) && !d.cb.SLA.PausedUntil.Equal(at)
}
