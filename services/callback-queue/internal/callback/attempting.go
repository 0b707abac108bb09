package callback

import "slices"

func (c StartAttempt) check() error { return checkAgent(c.AgentID) }

func (c StartAttempt) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	if err := d.holds(c, c.AgentID, c.Token); err != nil {
		return "", err
	}
	if d.cb.State == Attempting {
		return "", ErrNoChange
	}
	late := d.leaseOver()
	if err := d.cb.follow(start); err != nil {
		return "", err
	}
	if late {
		return "", ErrLeaseOver
	}
	if err := d.inHours(); err != nil {
		return "", err
	}
	d.startAttempt()
	d.extend(d.policy.AttemptLease)
	d.by(c.AgentID, d.cb.Holder.RequestID)
	return EventAttemptStarted, nil
}

// startAttempt adds a running attempt of the holder's.
func (d *draft) startAttempt() {
	number := 1
	if last := d.cb.lastAttempt(); last != nil {
		number = last.Number + 1
	}
	kept := slices.Clone(d.cb.Attempts)
	if len(kept) >= MaxAttemptsKept {
		kept = forgetOne(kept)
	}
	d.cb.Attempts = append(kept, Attempt{
		Number: number, AgentID: d.cb.Holder.AgentID, Team: d.cb.Holder.Team, Token: d.cb.Holder.Token, StartedAt: d.now,
	})
}

// forgetOne drops the oldest attempt that did not count, else the oldest: what
// the attempt policy counts is kept as long as it matters.
func forgetOne(kept []Attempt) []Attempt {
	i := slices.IndexFunc(kept, func(a Attempt) bool { return !a.Outcome.counts() })
	i = max(i, 0)
	return slices.Delete(kept, i, i+1)
}

func (c EndAttempt) check() error {
	var f fields
	f.agent("agent_id", c.AgentID)
	_, ok := c.Outcome.trigger(false)
	f.check(ok, "outcome", "must be REACHED, NO_ANSWER, BUSY, VOICEMAIL_LEFT, WRONG_NUMBER, REFUSED, CALL_LATER or TECHNICAL_FAILURE")
	if c.Outcome == CallLater {
		f.check(!c.CallAgainAt.IsZero(), "call_again_at", "is required with CALL_LATER")
	} else {
		f.check(c.CallAgainAt.IsZero(), "call_again_at", "goes only with CALL_LATER")
	}
	f.text("note", c.Note, 0, maxNote)
	return f.err()
}

// apply accepts the report of a call even when the lease has passed, as long as
// the hold stands: what happened, happened.
func (c EndAttempt) apply(d *draft) (EventType, error) {
	if d.cb == nil {
		return "", ErrNoCallback
	}
	if c.reported(d.cb) {
		return "", ErrNoChange
	}
	if err := d.holds(c, c.AgentID, c.Token); err != nil {
		return "", err
	}
	usedUp := c.Outcome.counts() && d.cb.Tries()+1 >= d.policy.MaxAttempts
	t, _ := c.Outcome.trigger(usedUp)
	if err := d.cb.follow(t); err != nil {
		return "", err
	}
	if err := c.checkSlot(d); err != nil {
		return "", err
	}
	d.by(c.AgentID, d.cb.Holder.RequestID)
	d.endAttempt(Attempt{Outcome: c.Outcome, CallAgainAt: c.CallAgainAt, Note: c.Note})
	return d.afterAttempt(t), nil
}

// reported reports whether this is a repeat: the newest attempt, made in the
// newest hold, ended with this outcome of this agent's.
func (c EndAttempt) reported(cb *Callback) bool {
	last := cb.lastAttempt()
	return last != nil && !last.Running() && last.AgentID == c.AgentID && last.Outcome == c.Outcome &&
		(c.Token == last.Token || c.Token == 0 && cb.lastToken() == last.Token)
}

// checkSlot checks the moment the customer named against the present one.
func (c EndAttempt) checkSlot(d *draft) error {
	if c.Outcome != CallLater {
		return nil
	}
	var f fields
	f.check(c.CallAgainAt.After(d.now), "call_again_at", "must be to come")
	f.check(!c.CallAgainAt.After(d.now.Add(d.policy.CallAgainWithin)), "call_again_at", "is too far ahead")
	return f.err()
}

// endAttempt writes what came of the running attempt.
func (d *draft) endAttempt(end Attempt) {
	d.cb.Attempts = slices.Clone(d.cb.Attempts)
	last := d.cb.lastAttempt()
	last.EndedAt = later(d.now, last.StartedAt)
	last.Outcome, last.Note = end.Outcome, end.Note
	if !end.CallAgainAt.IsZero() {
		last.CallAgainAt = end.CallAgainAt.UTC().Round(0)
	}
	if end.Outcome.counts() {
		d.tried(last.StartedAt)
	}
}

// afterAttempt settles what the arrow t, followed already, leads to.
func (d *draft) afterAttempt(t trigger) EventType {
	switch t {
	case concluded:
		d.answered()
		d.cb.Slots = nil // they were for this call
		d.extend(d.policy.WrapLease)
		return EventAttemptEnded
	case giveUp:
		slots := d.cb.Slots
		d.close("", Unreachable)
		d.cb.WrapUp = &WrapUp{Outcome: Unreachable, At: d.now}
		d.owe(slots)
		d.cause = CauseAttemptsUsedUp
		return EventCompleted
	default:
		agent := d.cb.Holder.AgentID
		d.postpone()
		d.prefer(agent)
		return EventAttemptEnded
	}
}

// postpone puts the callback back into the queue, for the moment the customer
// named, else for the policy's next try, in the customer's slots as long as there
// are any.
func (d *draft) postpone() {
	d.letGo("")
	last := d.cb.lastAttempt()
	if last.Outcome == CallLater {
		d.cb.Slots, d.cb.NotBefore = nil, last.CallAgainAt
		d.pause(last.CallAgainAt)
		d.answered() // the customer was spoken to
		return
	}
	again := later(d.cb.NotBefore, d.policy.retryAt(d.cb, last.EndedAt))
	d.await(again)
	d.pauseForSlot(again)
	d.takeUp(false)
}
