package callback

import (
	"strings"
	"time"
)

// Move says that a callback was put into another queue, and by whom.
type Move struct {
	// From is the queue it was in before.
	From string
	At   time.Time
	// By is who decided it; Reason is why, in their words.
	By, Reason string
}

// Escalation is what raised a callback above what its reasons ask for.
type Escalation struct {
	// Level is how often, 1 or more. Points is by how much in all, 1 to 100. The
	// rest is about the last time, which added Added.
	Level, Points int
	Added         int
	At            time.Time
	// By is who decided it; Reason is why, in their words. Role is who should know
	// of it; empty when nobody in particular.
	By, Reason, Role string
}

func (c Transfer) check() error {
	var f fields
	f.check(isName(c.Queue), "queue", "must be 1 to 64 letters, digits, _ or -")
	f.text("reason", strings.TrimSpace(c.Reason), 1, maxReason)
	f.agent("by", c.By)
	return f.err()
}

// apply puts the callback into another queue, at its age, out of the hands of
// whoever has not begun to call.
func (c Transfer) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	if d.isOpen() && d.cb.Queue == c.Queue {
		return "", ErrNoChange
	}
	if err := d.cb.follow(transfer); err != nil {
		return "", err
	}
	reason := strings.TrimSpace(c.Reason)
	d.letGo(reason)
	d.moveTo(c.Queue, c.By, reason)
	d.by(c.By, "")
	return EventTransferred, nil
}

// moveTo puts the callback into another queue: whom it was kept for may not work there,
// and whether anybody does is not known.
func (d *draft) moveTo(queue, by, reason string) {
	d.cb.Moved = &Move{From: d.cb.Queue, At: d.now, By: by, Reason: reason}
	d.cb.Queue = queue
	d.cb.Preferred, d.cb.UnattendedSince = nil, time.Time{}
}

func (c Escalate) check() error {
	var f fields
	f.check(c.Points >= 1 && c.Points <= maxPriority, "points", "must be 1 to 100")
	f.text("reason", strings.TrimSpace(c.Reason), 1, maxReason)
	f.check(c.Role == "" || isName(c.Role), "role", "must be at most 64 letters, digits, _ or -")
	f.agent("by", c.By)
	return f.err()
}

// apply raises the priority, in whatever open state. Who has it in hand keeps it.
func (c Escalate) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	next := Escalation{
		Level: 1, Points: c.Points, Added: c.Points, At: d.now,
		By: c.By, Reason: strings.TrimSpace(c.Reason), Role: c.Role,
	}
	if last := d.cb.Escalated; last != nil {
		if d.isOpen() && last.same(next) && d.now.Before(last.At.Add(repeatsWithin)) {
			return "", ErrNoChange
		}
		next.Level += last.Level
		next.Points = min(maxPriority, last.Points+c.Points)
	}
	if err := d.cb.follow(escalate); err != nil {
		return "", err
	}
	d.cb.Escalated = &next
	d.cb.Priority = d.cb.urgencyOfAll()
	d.by(c.By, "")
	return EventEscalated, nil
}

// repeatsWithin is how long after an escalation the same is taken for its repetition, after
// a lost answer; later it is another one.
const repeatsWithin = 10 * time.Minute

// same reports whether two escalations may be one, told twice.
func (e Escalation) same(other Escalation) bool {
	return e.By == other.By && e.Reason == other.Reason && e.Role == other.Role && e.Added == other.Added
}
