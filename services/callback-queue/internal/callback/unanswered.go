package callback

import (
	"slices"
	"time"
)

// OpenNext opens the customer's next callback, for the reasons that a completed one does
// not answer: they came when its last call had begun, or was over.
type OpenNext struct{}

// Name is openNext.
func (OpenNext) Name() string { return "openNext" }

func (OpenNext) check() error { return nil }

// apply opens it once. A customer who has asked meanwhile not to be called is not.
func (OpenNext) apply(d *draft) (EventType, error) {
	if !d.owesNext() {
		return "", ErrNoChange
	}
	if d.isListed() {
		d.waive()
		d.by(ActorDoNotCall, "")
		return EventReasonWithdrawn, nil
	}
	if err := d.openNext(); err != nil {
		return "", err
	}
	d.by(ActorTimer, d.cb.Reasons[0].AlertID)
	return EventOpened, nil
}

// owesNext reports whether the callback is completed, and the next is to be opened.
func (d *draft) owesNext() bool { return d.cb != nil && !d.cb.NextAt.IsZero() }

// carryOver opens the next callback, where one is owed and the customer may be called.
func (d *draft) carryOver() (opened bool, err error) {
	if !d.owesNext() || d.isListed() {
		return false, nil
	}
	return true, d.openNext()
}

// unanswered are the reasons that count and that the last conversation was not about.
func (c *Callback) unanswered() []Reason {
	var all []Reason
	for i := range c.Reasons {
		if r := c.Reasons[i]; r.Unanswered && !r.Withdrawn {
			all = append(all, r)
		}
	}
	return all
}

// answered says that what was unanswered no longer is: it was talked about, or waits to
// be.
func (d *draft) answered() {
	d.cb.NextAt = time.Time{}
	if !slices.ContainsFunc(d.cb.Reasons, func(r Reason) bool { return r.Unanswered }) {
		return
	}
	d.cb.Reasons = slices.Clone(d.cb.Reasons)
	for i := range d.cb.Reasons {
		d.cb.Reasons[i].Unanswered = false
	}
}

// waive withdraws what is unanswered.
func (d *draft) waive() {
	d.cb.NextAt, d.cb.Slots = time.Time{}, nil
	d.cb.Reasons = slices.Clone(d.cb.Reasons)
	for i := range d.cb.Reasons {
		r := &d.cb.Reasons[i]
		r.Withdrawn = r.Withdrawn || r.Unanswered
	}
	d.cb.Priority = d.cb.urgencyOfAll()
}

// owe has the next callback opened, at once, where the completed one leaves something
// unanswered. What the customer wished since the call is wished for the next.
func (d *draft) owe(slots []Slot) {
	if len(d.cb.unanswered()) > 0 {
		d.cb.NextAt, d.cb.Slots = d.cb.ClosedAt, slots
	}
}

// openNext opens the next callback for what is unanswered: with the age, the clocks, the
// queue and the skills of those reasons, for the same customer.
func (d *draft) openNext() error {
	last := d.cb
	reasons := last.unanswered()
	slices.SortStableFunc(reasons, func(a, b Reason) int { return a.RaisedAt.Compare(b.RaisedAt) })
	for i := range reasons {
		reasons[i].Unanswered = false
	}
	d.leave()
	d.cb = &Callback{
		ID: ID(d.agg.CustomerKey, last.Number+1), CustomerKey: d.agg.CustomerKey, Number: last.Number + 1,
		Customer: last.Customer, Country: last.Country, Zones: last.Zones, Aliases: last.Aliases, Language: last.Language,
		Reasons: reasons[:1:1], Queue: firstOf(reasons[0].Queue, d.policy.DefaultQueue), Skills: reasons[0].Skills,
		OpenedAt: reasons[0].RaisedAt, Wish: last.Wish, Slots: d.possible(last.Slots),
	}
	d.await(d.now)
	d.promise(d.cb.OpenedAt, reasons[0].FirstAttemptWithin)
	for _, r := range reasons[1:] {
		was := d.cb.severity()
		d.cb.Reasons = append(d.cb.Reasons, r)
		d.hurry(r, was, false)
		if r.severity() > was {
			d.cb.Queue = firstOf(r.Queue, d.cb.Queue)
		}
	}
	d.askSkills()
	d.cb.Priority = d.cb.urgencyOfAll()
	if err := d.cb.follow(openNext); err != nil {
		return err
	}
	d.prefer(last.knownBy())
	return nil
}

// isLate reports whether what comes now is no longer part of the last call.
func (d *draft) isLate() bool { return d.cb.State == Attempting || d.cb.State == Wrapping }

// isWorse reports whether an answer has become another complaint since a reason was
// taken from it: it counts again, is more severe, or the customer is less satisfied.
func (r *Reason) isWorse(before *Reason) bool {
	return before.Withdrawn || r.Severity > before.Severity ||
		r.HasValue && before.HasValue && r.Satisfaction < before.Satisfaction
}

// press gives a wrap-up no more time than a complaint that came after the call can wait;
// one that is overdue, none. It is called for even if nobody ever writes the wrap-up.
func (d *draft) press(r Reason) {
	if d.cb.State != Wrapping || d.cb.Holder == nil || !r.Unanswered {
		return
	}
	end := d.now
	if !d.cb.WrapUpOverdue() {
		pol := d.policy.sla(d.cb.Queue, r.Severity)
		k := d.clock(r.RaisedAt, d.firstWithin(pol, r.FirstAttemptWithin), pol.WarnAt)
		end = later(d.now, k.rings())
	}
	if h := *d.cb.Holder; h.LeaseExpiresAt.IsZero() || end.Before(h.LeaseExpiresAt) {
		h.LeaseExpiresAt = end
		d.cb.Holder = &h
	}
}

// rings is when the clock first rings: a warning, else the breach.
func (c *Clock) rings() time.Time {
	if !c.WarnAt.IsZero() {
		return c.WarnAt
	}
	return c.DueAt
}

// takeUp lets what came during or after a call be waited for as any other reason: anew
// where the customer was spoken to, and is to be called again.
func (d *draft) takeUp(anew bool) {
	late := d.cb.unanswered()
	was := Severity(0)
	for i := range d.cb.Reasons {
		if r := &d.cb.Reasons[i]; !r.Unanswered && !r.Withdrawn {
			was = max(was, r.severity())
		}
	}
	d.answered()
	for _, r := range late {
		d.hurry(r, was, anew)
		was = max(was, r.severity())
	}
}
