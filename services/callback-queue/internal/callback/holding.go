package callback

import "time"

func (c Offer) check() error { return checkTake(c.AgentID, c.RequestID) }

func (c Offer) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	if d.cb.State == Reserved && d.cb.Holder.is(c.AgentID, c.RequestID) {
		return "", ErrNoChange
	}
	if err := d.take(offer); err != nil {
		return "", err
	}
	if !d.policy.DeclinedUntil(d.cb, c.AgentID, d.now).IsZero() {
		return "", ErrDeclined
	}
	d.hold(Holder{AgentID: c.AgentID, RequestID: c.RequestID, Team: c.Team}, d.policy.ReservedLease)
	d.by(ActorRouting, c.RequestID)
	return EventOffered, nil
}

func (c Claim) check() error { return checkTake(c.AgentID, c.RequestID) }

func (c Claim) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	if d.cb.State.Held() && d.cb.State != Reserved && d.cb.Holder.is(c.AgentID, c.RequestID) {
		return "", ErrNoChange
	}
	if err := d.take(claim); err != nil {
		return "", err
	}
	d.hold(Holder{AgentID: c.AgentID, RequestID: c.RequestID, Team: c.Team}, d.policy.AssignedLease)
	d.by(c.AgentID, c.RequestID)
	return EventClaimed, nil
}

// is reports whether the hold was got by this agent's request.
func (h *Holder) is(agentID, requestID string) bool {
	return h != nil && requestID != "" && h.AgentID == agentID && h.RequestID == requestID
}

// take follows an arrow that takes the callback out of the queue, when its
// moment has come.
func (d *draft) take(t trigger) error {
	ready := d.cb.ReadyAt()
	if err := d.cb.follow(t); err != nil {
		return err
	}
	if d.now.Before(ready) {
		return &NotReadyError{ReadyAt: ready}
	}
	if err := d.inHours(); err != nil {
		return err
	}
	d.cb.Preferred, d.cb.UnattendedSince = nil, time.Time{}
	return nil
}

func checkTake(agentID, requestID string) error {
	var f fields
	f.agent("agent_id", agentID)
	f.text("request_id", requestID, 0, maxID)
	return f.err()
}

func (c Accept) check() error { return checkAgent(c.AgentID) }

func (c Accept) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	if err := d.holds(c, c.AgentID, c.Token); err != nil {
		return "", err
	}
	if d.cb.State == Assigned {
		return "", ErrNoChange
	}
	late := d.leaseOver()
	if err := d.cb.follow(accept); err != nil {
		return "", err
	}
	if late {
		return "", ErrLeaseOver
	}
	d.extend(d.policy.AssignedLease)
	d.by(c.AgentID, "")
	return EventAccepted, nil
}

func (c Reject) check() error { return checkGiveBack(c.AgentID, c.Reason) }

func (c Reject) apply(d *draft) (EventType, error) {
	return EventRejected, d.giveBack(c, reject, c.AgentID, c.Token, c.Reason)
}

func (c Release) check() error { return checkGiveBack(c.AgentID, c.Reason) }

func (c Release) apply(d *draft) (EventType, error) {
	return EventReleased, d.giveBack(c, release, c.AgentID, c.Token, c.Reason)
}

// giveBack returns the callback to the queue. If this agent held it last and it
// is back already, by whatever way, there is nothing to do.
func (d *draft) giveBack(cmd Command, t trigger, agentID string, token uint64, reason string) error {
	if d.cb == nil {
		return ErrNoCallback
	}
	if d.cb.State == Pending && d.held(agentID, token) {
		return ErrNoChange
	}
	if err := d.holds(cmd, agentID, token); err != nil {
		return err
	}
	if err := d.cb.follow(t); err != nil {
		return err
	}
	d.declined(agentID)
	d.letGo(reason)
	d.by(agentID, "")
	return nil
}

func checkAgent(agentID string) error {
	var f fields
	f.agent("agent_id", agentID)
	return f.err()
}

func checkGiveBack(agentID, reason string) error {
	var f fields
	f.agent("agent_id", agentID)
	f.text("reason", reason, 0, maxReason)
	return f.err()
}
