package callback

import "slices"

// MaxAliases bounds Callback.Aliases; what is known first is kept.
const MaxAliases = 16

// reasonForbidden is the CancelReason of what a customer forbade.
const reasonForbidden = "the customer is not to be called"

// Forbid cancels the callback of a customer who is not to be called, unless they are
// being called, or were: what the agent hears is written down as ever.
type Forbid struct {
	// By is who was told so by the customer; empty when it is the list that says it.
	By string
}

// Name is forbid.
func (Forbid) Name() string { return "forbid" }

func (c Forbid) check() error {
	var f fields
	if c.By != "" {
		f.agent("by", c.By)
	}
	return f.err()
}

func (c Forbid) apply(d *draft) (EventType, error) {
	if !d.policy.Forbids(d.agg) {
		return "", ErrNoChange
	}
	if err := d.cb.follow(forbidden); err != nil {
		return "", err
	}
	d.close(c.By, "")
	d.cb.CancelReason = reasonForbidden
	d.by(firstOf(c.By, ActorDoNotCall), "")
	return EventCanceled, nil
}

// Forbids reports whether the customer is not to be called, and has a callback that might
// lead to it: one that waits, or that an agent has who does not call yet.
func (p Policy) Forbids(a Aggregate) bool {
	cb := a.Callback
	return cb != nil && cb.State.beforeCall() && p.listed(a.CustomerKey, cb.Aliases)
}

func (p Policy) listed(key string, aliases []string) bool {
	return p.DoNotCall != nil && (p.DoNotCall(key) || p.DoNotCall(aliases...))
}

// beforeCall reports whether the callback is open and nobody has begun to call.
func (s State) beforeCall() bool { return s == Pending || s == Reserved || s == Assigned }

// leadsToACall reports whether the command brings a call nearer.
func leadsToACall(cmd Command) bool {
	switch cmd.(type) {
	case Offer, Accept, Claim, StartAttempt:
		return true
	}
	return false
}

// forbids reports whether the customer of the alert, or of the callback there is, is not
// to be called.
func (d *draft) forbids(al *Alert) bool {
	return d.policy.listed(d.agg.CustomerKey, al.Aliases) || d.isListed()
}

// isListed reports whether the customer of the last callback, open or closed, is not to
// be called.
func (d *draft) isListed() bool {
	return d.cb != nil && d.policy.listed(d.agg.CustomerKey, d.cb.Aliases)
}

// alsoKnownAs adds what an alert knows the customer by.
func (c *Callback) alsoKnownAs(aliases []string) {
	for _, a := range aliases {
		if a != c.CustomerKey && len(c.Aliases) < MaxAliases && !slices.Contains(c.Aliases, a) {
			c.Aliases = append(slices.Clip(c.Aliases), a)
		}
	}
}
