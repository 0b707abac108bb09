package callback

import (
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// CheckSLA does what a clock of the SLA has to do at this moment: one thing, the
// earliest; there may be another after it.
type CheckSLA struct{}

// Name is checkSLA.
func (CheckSLA) Name() string { return "checkSLA" }

func (CheckSLA) check() error { return nil }

func (CheckSLA) apply(d *draft) (EventType, error) {
	if !d.isOpen() {
		return "", ErrNoChange
	}
	b, ok := d.cb.next()
	if !ok || d.now.Before(b.at) {
		return "", ErrNoChange
	}
	if err := d.cb.follow(ring); err != nil {
		return "", err
	}
	d.ownSLA()
	d.by(ActorTimer, string(b.target))
	k := d.cb.SLA.clock(b.target)
	was := *k
	switch {
	case b.mark == "":
		d.escalated(&d.cb.SLA.Steps[b.step])
		return EventSLAEscalated, nil
	case b.mark == Warning && d.now.Before(k.DueAt):
		k.WarnedAt = d.now
		d.plan(b.target, Warning, k.WarnAt)
		return EventSLAWarned, nil
	default: // a warning that comes after the breach is none
		k.BreachedAt = k.DueAt
		d.decides(b.target, was)
		if k.WarnedAt.IsZero() && !k.WarnAt.IsZero() {
			d.plan(b.target, Warning, k.WarnAt)
		}
		d.plan(b.target, Breach, k.DueAt)
		return EventSLABreached, nil
	}
}

// plan gives the steps that follow a mark their moments.
func (d *draft) plan(t Target, m Mark, at time.Time) {
	for i := range d.cb.SLA.Steps {
		if s := &d.cb.SLA.Steps[i]; s.Target == t && s.Since == m && s.At.IsZero() {
			s.At = d.policy.within(d.cb, at, s.After)
		}
	}
}

// planAll does so for the marks that have come.
func (d *draft) planAll() {
	for _, t := range []Target{FirstAttempt, Resolution} {
		k := d.cb.SLA.clock(t)
		if !k.WarnAt.IsZero() && (!k.WarnedAt.IsZero() || !k.BreachedAt.IsZero()) {
			d.plan(t, Warning, k.WarnAt)
		}
		if !k.BreachedAt.IsZero() {
			d.plan(t, Breach, k.DueAt)
		}
	}
}

// escalated takes a step.
func (d *draft) escalated(s *Step) {
	s.TakenAt = d.now
	next := Escalation{Level: 1, Points: s.Points, Added: s.Points, At: d.now, By: ActorTimer, Role: s.Role}
	if last := d.cb.Escalated; last != nil {
		next.Level += last.Level
		next.Points = min(maxPriority, last.Points+s.Points)
	}
	d.cb.Escalated = &next
	d.cb.Priority = d.cb.urgencyOfAll()
	if s.Widen {
		d.cb.Skills = widened(d.cb.Skills, s.WidenTo)
	}
	if s.Queue != "" && s.Queue != d.cb.Queue {
		d.moveTo(s.Queue, ActorTimer, "")
	}
}

// widened is what is still asked for when only some skills are.
func widened(asked []string, only []Skill) []string {
	var still []string
	for _, s := range skillsOf(asked) {
		for _, o := range only {
			if o.Name == s.Name {
				s.Level = min(s.Level, o.Level)
				still = append(still, s.String())
			}
		}
	}
	return still
}

// promise begins the clocks: of an opening or a reopening, from a moment or from
// the one that the customer chose, if that is later. within is the rule's own time
// for the first attempt; 0 leaves it to the SLA's policy.
func (d *draft) promise(since time.Time, within time.Duration) {
	pol := d.policy.sla(d.cb.Queue, d.cb.severity())
	s := &SLA{Policy: pol.Name, Steps: slices.Clone(pol.Steps)}
	from := later(since, d.cb.NotBefore)
	s.First = d.clock(from, d.firstWithin(pol, within), pol.WarnAt)
	if pol.ResolvedWithin > 0 {
		s.Resolved = d.clock(from, pol.ResolvedWithin, pol.WarnAt)
	}
	if d.cb.NotBefore.After(d.now) {
		s.PausedUntil = d.cb.NotBefore
	}
	d.cb.SLA = s
	d.cb.FirstAttemptDue = s.First.DueAt
}

// firstWithin is how much time there is for the first attempt.
func (d *draft) firstWithin(pol SLAPolicy, rule time.Duration) time.Duration {
	for _, within := range []time.Duration{rule, pol.FirstAttemptWithin} {
		if within > 0 {
			return within
		}
	}
	return d.policy.FirstAttemptWithin
}

// clock begins one target's clock.
func (d *draft) clock(from time.Time, within time.Duration, warn float64) Clock {
	k := Clock{DueAt: d.policy.within(d.cb, from, within)}
	if warn > 0 {
		k.WarnAt = d.policy.within(d.cb, from, time.Duration(float64(within)*warn))
	}
	return k
}

// hurry takes what a further reason promises, where that is nearer: its clocks
// begin with it, or when the customer's moment has come. A more severe one brings
// its policy's steps with it, instead of those that have not been taken, and a first
// attempt of its own when there has been one: so does anew, which says that the customer
// was spoken to since.
func (d *draft) hurry(r Reason, was Severity, anew bool) {
	if d.cb.SLA == nil {
		return
	}
	d.ownSLA()
	s := d.cb.SLA
	pol := d.policy.sla(d.cb.Queue, r.Severity)
	worse := d.cb.severity() > was
	if worse && pol.Name != s.Policy {
		s.Policy = pol.Name
		s.Steps = slices.DeleteFunc(s.Steps, func(s Step) bool { return s.TakenAt.IsZero() })
		s.Steps = append(s.Steps, pol.Steps...)
		d.planAll()
	}
	from := later(r.RaisedAt, s.PausedUntil)
	first := d.clock(from, d.firstWithin(pol, r.FirstAttemptWithin), pol.WarnAt)
	if (anew || worse) && !s.First.running() {
		s.First = first
	}
	s.First.nearer(first)
	d.callSooner()
	if pol.ResolvedWithin > 0 {
		k := d.clock(from, pol.ResolvedWithin, pol.WarnAt)
		if !s.Resolved.promised() {
			s.Resolved = k
		}
		s.Resolved.nearer(k)
	}
	d.cb.FirstAttemptDue = s.First.DueAt
}

// callSooner lets the gap after a try that found nobody last no longer than until the
// first attempt that is promised is at risk. A moment that the customer chose stays.
func (d *draft) callSooner() {
	s := d.cb.SLA
	if d.cb.State != Pending || len(d.cb.Attempts) == 0 || len(d.cb.Slots) > 0 || s.PausedUntil.After(d.now) {
		return
	}
	if at := s.First.rings(); s.First.running() && s.First.BreachedAt.IsZero() && at.Before(d.cb.NotBefore) {
		d.await(later(d.now, at))
		d.preferStill()
	}
}

// nearer takes another's moments when they come sooner.
func (c *Clock) nearer(other Clock) {
	if !c.running() || !c.BreachedAt.IsZero() || !other.DueAt.Before(c.DueAt) {
		return
	}
	c.DueAt, c.WarnAt = other.DueAt, other.WarnAt
}

// pause lets the clocks stand still until a moment that the customer chose. One
// that is not to come lets them go on, if they stood still.
func (d *draft) pause(until time.Time) {
	if d.cb.SLA == nil {
		return
	}
	from := later(d.now, d.cb.SLA.PausedUntil)
	until = later(d.now, until)
	if until.Equal(from) {
		return
	}
	d.ownSLA()
	s := d.cb.SLA
	shift := func(at time.Time) time.Time {
		if !at.After(from) {
			return at // it rings already
		}
		return d.policy.within(d.cb, until, d.policy.openBetween(d.cb, from, at))
	}
	for _, k := range []*Clock{&s.First, &s.Resolved} {
		if !k.running() || !k.BreachedAt.IsZero() {
			continue
		}
		k.DueAt = shift(k.DueAt)
		if k.WarnedAt.IsZero() {
			k.WarnAt = shift(k.WarnAt)
		}
	}
	for i := range s.Steps {
		if st := &s.Steps[i]; st.TakenAt.IsZero() {
			st.At = shift(st.At)
		}
	}
	if s.PausedUntil = until; !until.After(d.now) {
		s.PausedUntil = time.Time{}
	}
	d.cb.FirstAttemptDue = s.First.DueAt
}

// pauseForSlot lets the clocks stand still when the callback could be called from a moment
// on, and waits for a slot of the customer's.
func (d *draft) pauseForSlot(from time.Time) {
	if len(d.cb.Slots) > 0 && d.cb.NotBefore.After(later(d.now, from)) {
		d.pause(d.cb.NotBefore)
	}
}

// openBetween is what within adds: the time between two moments in which the
// customer can be called; all of it where that is none.
func (p Policy) openBetween(c *Callback, from, to time.Time) time.Duration {
	if open := calendar.Elapsed(p.Window(c.Needs()), from, to); open > 0 {
		return open
	}
	return to.Sub(from)
}

// tried ends the clock of the first attempt, which began at a moment.
func (d *draft) tried(began time.Time) {
	if d.cb.SLA == nil {
		return
	}
	d.ownSLA()
	was := d.cb.SLA.First
	d.cb.SLA.First.end(began)
	d.decides(FirstAttempt, was)
}

// settleSLA ends what still runs when the callback is closed. A resolution is met
// by what settled something, missed by what settled nothing, and void when nobody
// could be reached or no call was needed.
func (d *draft) settleSLA(outcome Outcome) {
	if d.cb.SLA == nil {
		return
	}
	d.ownSLA()
	s := d.cb.SLA
	first, resolved := s.First, s.Resolved
	switch outcome {
	case Resolved, PartlyResolved, NoActionNeeded:
		s.Resolved.end(d.now)
	case Unresolved:
		if s.Resolved.running() && s.Resolved.BreachedAt.IsZero() {
			s.Resolved.BreachedAt = d.now
		}
	case Unreachable:
	default: // canceled
	}
	s.First.void(d.now)
	s.Resolved.void(d.now)
	d.decides(FirstAttempt, first)
	d.decides(Resolution, resolved)
}

// ownSLA makes the draft's SLA its own: the aggregate that it was decided on keeps
// the former.
func (d *draft) ownSLA() {
	s := *d.cb.SLA
	s.Steps = slices.Clone(s.Steps)
	d.cb.SLA = &s
}

// schedule works out how the SLA stands, and when it rings next.
func (d *draft) schedule() {
	if d.cb.SLA == nil {
		return
	}
	b, _ := d.cb.next()
	state := d.cb.SLA.standing(d.cb.State.Open())
	if !b.at.Equal(d.cb.SLA.NextAt) || state != d.cb.SLA.State {
		d.ownSLA()
		d.cb.SLA.NextAt, d.cb.SLA.State = b.at, state
	}
}
