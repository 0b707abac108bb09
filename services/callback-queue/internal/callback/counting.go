package callback

import "time"

// SLAOutcome says that an event decides whether a target is met: each promise is decided
// once. A target that comes to nothing in time is not.
type SLAOutcome struct {
	Target Target
	// Kept says that it was met in time; else it was missed.
	Kept bool
	// Queue is where the callback was. Team and AgentID are of who had it in hand, empty
	// when nobody had.
	Queue, Team, AgentID string
	// DueAt is until when it was to be met.
	DueAt time.Time
}

// decided reports whether it is known that a target was met in time, or was not.
func (c *Clock) decided() bool { return c.Kept || !c.BreachedAt.IsZero() }

// decides notes that the event decides a target, whose clock was another before.
func (d *draft) decides(t Target, was Clock) {
	k := d.cb.SLA.clock(t)
	if was.decided() || !k.decided() {
		return
	}
	o := SLAOutcome{Target: t, Kept: k.Kept, Queue: d.cb.Queue, DueAt: k.DueAt}
	if h := d.inHand(); h != nil {
		o.Team, o.AgentID = h.Team, h.AgentID
	}
	d.outcomes = append(d.outcomes, o)
}

// inHand is the hold that is, or that this very event ends; nil when nobody has one.
func (d *draft) inHand() *Holder {
	if l := d.cb.LastHolder; d.cb.Holder == nil && l != nil && !l.EndedAt.Before(d.now) {
		return l
	}
	return d.cb.Holder
}
