package callback

import (
	"strings"
	"time"
)

// Requeue takes a callback out of an agent's hands and puts it back into its queue, with
// its age, whatever the agent was about: they are gone, say. It is for who decides that
// the customer is to be called, or called again.
type Requeue struct {
	// Reason is 1 to 200 characters.
	Reason string
	// By is who decided it.
	By string
}

// Name is requeue.
func (Requeue) Name() string { return "requeue" }

func (c Requeue) check() error {
	var f fields
	f.text("reason", strings.TrimSpace(c.Reason), 1, maxReason)
	f.agent("by", c.By)
	return f.err()
}

// apply takes it back at once: a call of which nobody told what came of it is no try, and
// needs no gap, as somebody knows what they do. A wrap-up that is not written never is.
func (c Requeue) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	reason := strings.TrimSpace(c.Reason)
	if l := d.cb.LastHolder; d.cb.State == Pending && l != nil && l.EndReason == reason {
		return "", ErrNoChange
	}
	from := d.cb.State
	if err := d.cb.follow(requeue); err != nil {
		return "", err
	}
	d.cutShort("taken back")
	d.letGo(reason)
	if from == Attempting || from == Wrapping {
		d.cb.NotBefore = time.Time{}
		d.await(d.now)
		d.takeUp(from == Wrapping)
	}
	d.by(c.By, "")
	return EventRequeued, nil
}
