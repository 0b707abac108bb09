package callback

import (
	"slices"
	"time"
)

// Preference is the agent whom a waiting callback is kept for, as the customer
// has spoken with them before.
type Preference struct {
	AgentID string
	// Until is when it ends; the callback is then anybody's.
	Until time.Time
}

// Decline remembers that an agent was offered the callback and did not take it, or gave
// it back.
type Decline struct {
	AgentID string
	At      time.Time
}

// maxDeclined bounds Callback.Declined; the oldest are forgotten first.
const maxDeclined = 20

// prefer keeps the waiting callback for an agent, from when it can be called on. An
// empty agent, or a policy that prefers nobody, keeps it for none.
func (d *draft) prefer(agentID string) {
	d.cb.Preferred = nil
	if agentID != "" && d.policy.PreferredFor > 0 {
		from := d.policy.CallableAt(d.cb, later(d.cb.ReadyAt(), d.now))
		d.cb.Preferred = &Preference{AgentID: agentID, Until: from.Add(d.policy.PreferredFor)}
	}
}

// preferStill does so for the same agent, after the moment to call has changed.
func (d *draft) preferStill() {
	if d.cb.Preferred != nil {
		d.prefer(d.cb.Preferred.AgentID)
	}
}

// knownBy is the agent who spoke with the customer last, empty when nobody did.
func (c *Callback) knownBy() string {
	if c == nil {
		return ""
	}
	for i := len(c.Attempts) - 1; i >= 0; i-- {
		if o := c.Attempts[i].Outcome; o == Reached || o == CallLater {
			return c.Attempts[i].AgentID
		}
	}
	return ""
}

func (EndPreference) check() error { return nil }

// apply gives a callback to whoever comes, after the time it was kept for one.
func (EndPreference) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.State != Pending || d.cb.Preferred == nil || d.now.Before(d.cb.Preferred.Until) {
		return "", ErrNoChange
	}
	if err := d.cb.follow(preferenceEnd); err != nil {
		return "", err
	}
	d.cb.Preferred = nil
	d.by(ActorTimer, "")
	return EventPreferenceEnded, nil
}

// declined notes that the agent did not take the offer, or gave it back.
func (d *draft) declined(agentID string) {
	kept := slices.DeleteFunc(slices.Clone(d.cb.Declined), func(o Decline) bool {
		return o.AgentID == agentID || !d.now.Before(o.At.Add(d.policy.DeclinedFor))
	})
	kept = append(kept, Decline{AgentID: agentID, At: d.now})
	d.cb.Declined = slices.Clip(kept[max(0, len(kept)-maxDeclined):])
}

// DeclinedUntil is when the callback may be offered to the agent again; zero when
// it may be at any time.
func (p Policy) DeclinedUntil(c *Callback, agentID string, now time.Time) time.Time {
	for _, o := range c.Declined {
		if until := o.At.Add(p.DeclinedFor); o.AgentID == agentID && now.Before(until) {
			return until
		}
	}
	return time.Time{}
}
