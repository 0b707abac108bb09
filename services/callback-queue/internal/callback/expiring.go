package callback

func (ExpireReservation) check() error { return nil }

func (ExpireReservation) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.State != Reserved || !d.leaseOver() {
		return "", ErrNoChange
	}
	if err := d.cb.follow(offerTimeout); err != nil {
		return "", err
	}
	d.declined(d.cb.Holder.AgentID)
	d.letGo("")
	d.by(ActorTimer, CauseLeaseOver)
	return EventOfferExpired, nil
}

func (c AgentLost) check() error { return checkAgent(c.AgentID) }

// apply gives the callback back to the queue, with its age, unless the customer is
// being called, or was: that has a lease of its own.
func (c AgentLost) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.Holder == nil || d.cb.Holder.AgentID != c.AgentID {
		return "", ErrNoChange
	}
	if s := d.cb.State; s != Reserved && s != Assigned {
		return "", ErrNoChange
	}
	if err := d.cb.follow(agentLost); err != nil {
		return "", err
	}
	d.letGo("")
	d.by(ActorTimer, CauseAgentLost)
	return EventAgentLost, nil
}

func (ExpireLease) check() error { return nil }

// apply ends a hold whose agent went silent. Where no call was begun the
// callback waits again; a call that never ended counts as a technical failure,
// and waits for the gap, because the customer may have been spoken to. A
// wrap-up is never given back, as that would call the customer twice, and never
// written by a timer, as that would invent its outcome: it only becomes overdue. But a
// customer who has complained again since the call is to be called again anyway.
func (ExpireLease) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.State == Reserved || !d.leaseOver() {
		return "", ErrNoChange
	}
	from, t := d.cb.State, leaseEnd
	if from == Wrapping && len(d.cb.unanswered()) > 0 {
		t = overtaken
	}
	if err := d.cb.follow(t); err != nil {
		return "", err
	}
	d.by(ActorTimer, CauseLeaseOver)
	if t == overtaken {
		d.callAgain()
		return EventLeaseExpired, nil
	}
	if from == Wrapping {
		d.extend(0)
		return EventWrapUpOverdue, nil
	}
	if from == Attempting {
		d.cutShort("lease expired")
		d.postpone()
		return EventLeaseExpired, nil
	}
	d.letGo("")
	return EventLeaseExpired, nil
}

// callAgain puts the callback back into the queue for what the customer complains of
// since the call, kept for who spoke with them.
func (d *draft) callAgain() {
	agent := d.cb.Holder.AgentID
	d.letGo("")
	d.await(d.now)
	d.takeUp(true)
	d.prefer(agent)
}
