package callback

import (
	"slices"
	"time"
)

func (c TakeAlert) check() error {
	var f fields
	f.alertID(c.Alert.AlertID)
	f.check(c.Alert.CustomerKey != "", "customer_key", "is required")
	f.check(c.Alert.Queue == "" || isName(c.Alert.Queue), "queue", "must be 1 to 64 letters, digits, _ or -")
	f.check(c.Alert.FirstAttemptWithin >= 0, "first_attempt_within", "must not be negative")
	f.check(c.Alert.Severity <= Critical, "severity", "must be low, medium, high or critical")
	p := c.Alert.Reason.Priority
	f.check(p >= 0 && p <= maxPriority, "priority", "must be 0 to 100")
	s := c.Alert.Reason.Satisfaction
	f.check(!c.Alert.Reason.HasValue || (s >= 0 && s <= 100), "satisfaction", "must be 0 to 100")
	return f.err()
}

func (f *fields) alertID(id string) {
	f.text("alert_id", id, 1, maxAlertID)
}

// apply takes the alert once a revision and its corrections. What an alert does depends on what is
// remembered of it:
//
//	never heard of                            counts: opens, or joins the open one, or
//	                                          reopens the completed one it is about,
//	                                          once an answer
//	known at this revision or a higher one,   nothing: a repeat, or too late
//	or at this correction or a higher one
//	its reason is in the open callback        the reason is brought up to date
//	held back, and it is not                  nothing, and it is not remembered: a later
//	                                          revision that is not held back is news
//	resolved at a lower one                   counts again: opens, or joins
//	counts, none is open, and the customer    noted; it opens nothing, now or ever
//	is not to be called
//	else settled by a callback now closed     noted; the customer was called for it
//
// Where the completed callback leaves reasons unanswered, the next is opened for them
// first.
func (c TakeAlert) apply(d *draft) (EventType, error) {
	al := &c.Alert
	if d.agg.CustomerKey == "" {
		d.agg.CustomerKey = al.CustomerKey
	}
	if al.CustomerKey != d.agg.CustomerKey {
		return "", &ValidationError{Fields: []FieldError{{"customer_key", "is another customer's"}}}
	}
	known, heard := d.agg.taken(al.AlertID)
	if heard && known.order(al.Revision, al.Correction) >= 0 {
		return "", ErrNoChange
	}
	if al.HeldBack {
		i := d.openReason(al.AlertID)
		if i < 0 {
			return "", ErrNoChange
		}
		al.asks(&d.cb.Reasons[i])
	}
	d.by(ActorAlerting, al.AlertID)
	d.agg.remember(TakenAlert{AlertID: al.AlertID, Revision: al.Revision, Correction: al.Correction})
	opened, err := d.carryOver()
	if err != nil {
		return "", err
	}
	what, err := d.takeIn(al, !heard || known.Resolved)
	if opened && what == EventEnriched {
		what = EventOpened
	}
	return what, err
}

// takeIn does what an alert that is news does; counts says that it is one of those that
// open a callback.
func (d *draft) takeIn(al *Alert, counts bool) (EventType, error) {
	switch i := d.openReason(al.AlertID); {
	case i >= 0:
		d.update(i, al)
		return EventEnriched, nil
	case counts && d.isOpen():
		d.join(al)
		return EventEnriched, nil
	case counts && d.forbids(al): // nothing is opened, now or ever, of this alert
		d.by(ActorDoNotCall, al.AlertID)
		return EventAlertNoted, nil
	case counts && d.isAbout(al) && d.cb.reopenedFor(al.Reason.Survey, al.Reason.ResponseID):
		return EventAlertNoted, nil
	case counts && d.isAbout(al):
		if err := d.reopen(ActorFollowUp, ""); err != nil {
			return "", err
		}
		d.join(al)
		return EventReopened, nil
	case counts:
		return EventOpened, d.open(al)
	default:
		return EventAlertNoted, nil
	}
}

// isAbout reports whether the alert is about the completed callback itself, which can
// still be reopened.
func (d *draft) isAbout(al *Alert) bool {
	return al.FollowsUp != "" && d.canReopen() && d.cb.ID == al.FollowsUp
}

// openReason is the index of the alert's reason in the open callback, or in one that
// leaves it unanswered; else -1.
func (d *draft) openReason(alertID string) int {
	if !d.isOpen() && !d.owesNext() {
		return -1
	}
	return d.cb.reason(alertID)
}

// open starts the customer's next callback.
func (d *draft) open(al *Alert) error {
	number, knownBy := uint32(1), d.cb.knownBy()
	if d.cb != nil {
		number = d.cb.Number + 1
	}
	since, customer, aliases := d.raisedAt(al), al.Customer, []string(nil)
	if d.cb != nil {
		customer.fill(d.cb.Customer)
		aliases = d.cb.Aliases
	}
	d.leave()
	d.cb = &Callback{
		ID:          ID(d.agg.CustomerKey, number),
		CustomerKey: d.agg.CustomerKey,
		Number:      number,
		Customer:    customer,
		Reasons:     []Reason{d.reason(al)},
		Queue:       al.Queue,
		Language:    firstOf(al.Language, customer.Language),
		Skills:      slices.Clone(al.Skills),
		OpenedAt:    since,
		Wish:        al.wish(),
	}
	d.locate()
	d.cb.alsoKnownAs(al.Aliases)
	d.cb.alsoKnownAs(aliases)
	d.cb.Slots = d.possible(d.cb.Wish)
	if d.cb.Queue == "" {
		d.cb.Queue = d.policy.DefaultQueue
	}
	d.await(d.now)
	d.promise(since, al.FirstAttemptWithin)
	d.cb.Priority = d.cb.urgencyOfAll()
	if err := d.cb.follow(open); err != nil {
		return err
	}
	d.prefer(knownBy)
	return nil
}

// join adds the alert's reason to the open callback.
func (d *draft) join(al *Alert) {
	r, was := d.reason(al), d.cb.severity()
	r.Unanswered = d.isLate()
	d.keep(r)
	d.cb.Customer.fill(al.Customer)
	d.cb.Language = firstOf(d.cb.Language, al.Language, al.Customer.Language)
	d.absorb(al, r, was)
}

// keep adds a reason. When there are too many it is only counted; one that is unanswered
// is kept instead of one that is not.
func (d *draft) keep(r Reason) {
	d.cb.Reasons = slices.Clone(d.cb.Reasons)
	if len(d.cb.Reasons) < MaxReasons {
		d.cb.Reasons = append(d.cb.Reasons, r)
		return
	}
	other := r
	if i := slices.IndexFunc(d.cb.Reasons, func(o Reason) bool { return !o.Unanswered }); r.Unanswered && i >= 0 {
		other = d.cb.Reasons[i]
		d.cb.Reasons = append(slices.Delete(d.cb.Reasons, i, i+1), r)
	}
	if !other.Withdrawn {
		d.cb.MoreReasons++
		d.cb.MorePriority = max(d.cb.MorePriority, other.urgency())
	}
}

// update replaces the alert's reason by a later revision of itself, which knows
// the customer better. A withdrawn one counts again.
func (d *draft) update(i int, al *Alert) {
	was := d.cb.severity()
	r, before := d.reason(al), &d.cb.Reasons[i]
	r.Unanswered = before.Unanswered || d.isLate() && r.isWorse(before)
	if before.Unanswered && !before.Withdrawn {
		r.RaisedAt = before.RaisedAt
	}
	d.cb.Reasons = slices.Clone(d.cb.Reasons)
	d.cb.Reasons[i] = r
	d.cb.Customer.correct(al.Customer)
	d.cb.Language = firstOf(al.Language, al.Customer.Language, d.cb.Language)
	d.absorb(al, r, was)
}

// absorb takes what else an alert says into the open callback, whose severity was
// another before: a deadline can only come nearer. The customer's latest wish
// counts.
func (d *draft) absorb(al *Alert, r Reason, was Severity) {
	d.locate()
	d.cb.alsoKnownAs(al.Aliases)
	d.askSkills()
	d.goWhere(r, was)
	d.wish(al)
	if !d.isLate() { // else somebody is talking with the customer, or has just done so
		d.hurry(r, was, false)
	}
	d.press(r)
	d.cb.Priority = d.cb.urgencyOfAll()
}

// reason is the alert as a reason, since when it was raised.
func (d *draft) reason(al *Alert) Reason {
	r := al.reason()
	r.RaisedAt = d.raisedAt(al)
	return r
}

// raisedAt is when the alert was raised, and never a moment still to come.
func (d *draft) raisedAt(al *Alert) time.Time {
	if al.RaisedAt.IsZero() || al.RaisedAt.After(d.now) {
		return d.now
	}
	return al.RaisedAt.UTC().Round(0)
}

// firstOf is the first word that is not empty.
func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
