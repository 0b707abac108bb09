package callback

import "time"

// Decide returns the event that cmd makes of a at the moment now, or why there
// is none:
//
//   - ErrNoChange: nothing to store; see there
//   - *ValidationError: the command is wrong in itself
//   - ErrNoCallback: the customer has had no callback yet
//   - ErrStaleToken, ErrNotHolder: the callback is not in this agent's hands
//   - ErrDoNotCall: the customer is not to be called, and the command leads to a call
//   - ErrDeclined: the agent does not want it, for a while
//   - ErrLeaseOver: it was, but something new may no longer be begun
//   - *TransitionError: not possible in this state, with what is
//   - *NotReadyError: not claimable before a moment
//   - *TooLateError: closed too long ago to be reopened
//   - *GoodwillError: the agent's role may not give so much
//   - ErrNotLoaded: a defect of the caller
//
// It leaves a as it is.
func (p Policy) Decide(a Aggregate, cmd Command, now time.Time) (Event, error) {
	if a.lacksToken() {
		return Event{}, ErrNotLoaded
	}
	if err := cmd.check(); err != nil {
		return Event{}, err
	}
	d := newDraft(p, a, now)
	if leadsToACall(cmd) && p.Forbids(a) {
		return Event{}, ErrDoNotCall
	}
	what, err := cmd.apply(d)
	if err != nil {
		return Event{}, err
	}
	return d.event(what), nil
}

// draft is a decision being taken: the aggregate after it, free to change.
type draft struct {
	policy Policy
	now    time.Time
	agg    Aggregate
	// cb is a copy of the aggregate's callback; nil when there is none. Its
	// slices are still the original's: replace them, never write into them.
	cb    *Callback
	actor string
	cause string
	// about is the earlier callback that the event is about; empty for the current one.
	about string
	// outcomes are the promises that the event decides.
	outcomes []SLAOutcome
}

func newDraft(p Policy, a Aggregate, now time.Time) *draft {
	// UTC without the monotonic reading: what is stored reads back the same.
	d := &draft{policy: p, agg: a, now: now.UTC().Round(0)}
	if a.Callback != nil {
		cb := *a.Callback
		d.cb = &cb
	}
	return d
}

// event is the draft's outcome.
func (d *draft) event(what EventType) Event {
	next := d.agg
	next.EventNo++
	if what != EventAlertNoted && d.about == "" {
		if d.cb.ReadyAt().After(d.now) {
			d.cb.UnattendedSince = time.Time{} // it waits for its moment
		}
		d.schedule()
		d.cb.UpdatedAt = later(d.cb.UpdatedAt, d.now)
		next.Callback = d.cb
	}
	return Event{Type: what, Actor: d.actor, Cause: d.cause, At: d.now, About: d.about, SLA: d.outcomes, Next: next}
}

// by names who acts and what led to it.
func (d *draft) by(actor, cause string) { d.actor, d.cause = actor, cause }

// isOpen reports whether the customer has an open callback.
func (d *draft) isOpen() bool { return d.cb != nil && d.cb.State.Open() }

// holds returns nil if the agent, with this token, has the callback in hand.
// What is refused, and how, is the same for every command:
//
//	token of another hold, or of one that ended    ErrStaleToken
//	another agent's hold                           ErrNotHolder
//	nobody's hold, or a closed callback            *TransitionError
func (d *draft) holds(cmd Command, agentID string, token uint64) error {
	h := d.cb.Holder
	switch {
	case h == nil && d.cb.State.Terminal() && token == d.cb.lastToken():
		return refused(d.cb.State, cmd.Name())
	case h == nil && token != 0, h != nil && token != 0 && token != h.Token:
		return ErrStaleToken
	case h == nil:
		return refused(d.cb.State, cmd.Name())
	case h.AgentID != agentID:
		return ErrNotHolder
	default:
		return nil
	}
}

// held reports whether the last hold, now ended, was this agent's: its commands
// may come again.
func (d *draft) held(agentID string, token uint64) bool {
	l := d.cb.LastHolder
	return d.cb.Holder == nil && l != nil && l.AgentID == agentID && (token == 0 || token == l.Token)
}

// hold gives the callback to an agent. The commit's sequence becomes the token.
func (d *draft) hold(h Holder, lease time.Duration) {
	h.Since, h.LeaseExpiresAt = d.now, d.now.Add(lease)
	d.cb.Holder = &h
}

// extend gives the present hold a new lease from now on; 0 ends its deadline.
func (d *draft) extend(lease time.Duration) {
	h := *d.cb.Holder
	h.LeaseExpiresAt = time.Time{}
	if lease > 0 {
		h.LeaseExpiresAt = d.now.Add(lease)
	}
	d.cb.Holder = &h
}

// letGo ends the present hold, if there is one.
func (d *draft) letGo(reason string) {
	if d.cb.Holder == nil {
		return
	}
	h := *d.cb.Holder
	h.EndedAt, h.EndReason = later(d.now, h.Since), reason
	d.cb.LastHolder, d.cb.Holder = &h, nil
}

// leaseOver reports whether the present hold's lease has passed.
func (d *draft) leaseOver() bool {
	h := d.cb.Holder
	return h != nil && !h.LeaseExpiresAt.IsZero() && !d.now.Before(h.LeaseExpiresAt)
}

// close ends the callback's life; outcome is empty for a cancellation.
func (d *draft) close(by string, outcome Outcome) {
	d.letGo("")
	d.settleSLA(outcome)
	d.cb.Preferred, d.cb.Declined, d.cb.Slots, d.cb.UnattendedSince = nil, nil, nil, time.Time{}
	d.cb.ClosedAt = later(d.now, d.cb.OpenedAt)
	d.cb.ClosedBy = by
}

// Check returns what is wrong with a command in itself, whatever the callback's
// state: a *ValidationError, or nil.
func Check(cmd Command) error { return cmd.check() }
