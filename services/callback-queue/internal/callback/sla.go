package callback

import (
	"cmp"
	"slices"
	"time"
)

// Severity is how bad it is what a rule found; the zero value counts as Medium.
type Severity uint8

// The severities. The values are stored: never renumber them.
const (
	Low Severity = 1 + iota
	Medium
	High
	Critical
)

// Target is what a customer is promised; the words are those of the stored
// enumeration.
type Target string

// The targets.
const (
	// FirstAttempt: somebody really tries to reach the customer.
	FirstAttempt Target = "FIRST_ATTEMPT"
	// Resolution: the callback is completed as RESOLVED, PARTLY_RESOLVED or
	// NO_ACTION_NEEDED.
	Resolution Target = "RESOLUTION"
)

// Mark is a moment of a target's clock that something follows.
type Mark string

// The marks.
const (
	// Warning: it is time to hurry.
	Warning Mark = "WARNING"
	// Breach: the time is over.
	Breach Mark = "BREACH"
)

// SLA is what the customer was promised when the callback was opened, or opened
// again, and what has become of it. It does not change when the configuration or
// the queue does: a more severe reason can bring it nearer, and a moment that the
// customer chose puts it off.
type SLA struct {
	// Policy is the name of the policy it comes from; empty for what holds without
	// any.
	Policy string
	// First and Resolved are the clocks of the two targets; a target that was not
	// promised has no DueAt.
	First, Resolved Clock
	// PausedUntil is the moment that the customer chose: until then the clocks stand
	// still. It is zero when none was chosen.
	PausedUntil time.Time
	// Steps are what happens when a target is about to be missed, or is.
	Steps []Step
	// NextAt is when the next mark or step is due, zero when there is none, and State
	// says in one word how it stands. Both are worked out from the rest by each
	// decision.
	NextAt time.Time
	State  SLAState
}

// Clock is one target's.
type Clock struct {
	// DueAt is until when it is kept; WarnAt is when a warning is due, zero for none.
	DueAt, WarnAt time.Time
	// WarnedAt and BreachedAt are when a warning was given and when it was missed:
	// zero when not.
	WarnedAt, BreachedAt time.Time
	// EndedAt is when it was met, late or in time, or came to nothing; zero while it
	// runs. Kept says that it was met in time.
	EndedAt time.Time
	Kept    bool
}

// Step is one step of escalation. What it does is all optional.
type Step struct {
	// Target, Since and After say when it is due: so much time on the calendar after
	// the mark of the target's clock.
	Target Target
	Since  Mark
	After  time.Duration
	// Points are added to the priority, 0 to 100.
	Points int
	// Widen says that only the skills WidenTo are still asked for, each at no higher
	// level than there; it never asks for more than before.
	Widen   bool
	WidenTo []Skill
	// Queue is where it goes on waiting. A step that moves is taken when nobody has
	// the callback in hand.
	Queue string
	// Role is who should know of it.
	Role string
	// At is when it is due; zero until its mark has come. TakenAt is when it was
	// taken; zero until then.
	At, TakenAt time.Time
}

// clock is a target's clock; nil for a word that is no target.
func (s *SLA) clock(t Target) *Clock {
	switch t {
	case FirstAttempt:
		return &s.First
	case Resolution:
		return &s.Resolved
	default:
		return nil
	}
}

// promised reports whether there is anything to keep.
func (c *Clock) promised() bool { return !c.DueAt.IsZero() }

// running reports whether the target is still to be met, be it late.
func (c *Clock) running() bool { return c.promised() && c.EndedAt.IsZero() }

// end is met at a moment: in time or late.
func (c *Clock) end(at time.Time) {
	if !c.running() {
		return
	}
	c.EndedAt = at
	if c.BreachedAt.IsZero() && at.After(c.DueAt) {
		c.BreachedAt = c.DueAt
	}
	c.Kept = c.BreachedAt.IsZero()
}

// void is not to be met any more. What was missed by then stays missed.
func (c *Clock) void(at time.Time) {
	if c.running() {
		c.end(at)
		c.Kept = false
	}
}

// SLAState says in one word how a callback's SLA stands. The values are stored in
// the index: never renumber them.
type SLAState uint8

// The states of an SLA.
const (
	// SLANone: nothing is promised, or it came to nothing.
	SLANone SLAState = iota
	// SLAOnTrack: open, and nothing rings.
	SLAOnTrack
	// SLAAtRisk: open, and a warning was given for a target that is still to be met.
	SLAAtRisk
	// SLABreached: open or closed, and a target was missed.
	SLABreached
	// SLAKept: closed, and every target that was promised and not void was met.
	SLAKept
)

// SLAState says how its SLA stands.
func (c *Callback) SLAState() SLAState {
	if c.SLA == nil {
		return SLANone
	}
	return c.SLA.State
}

// standing works out how the SLA stands while the callback is open, or closed.
func (s *SLA) standing(open bool) SLAState {
	state := SLANone
	for _, k := range []*Clock{&s.First, &s.Resolved} {
		switch {
		case !k.promised():
		case !k.BreachedAt.IsZero():
			return SLABreached
		case k.running() && !k.WarnedAt.IsZero():
			state = SLAAtRisk
		case k.running() && state != SLAAtRisk:
			state = SLAOnTrack
		case k.Kept && state == SLANone:
			state = SLAKept
		}
	}
	if state == SLAKept && open {
		return SLAOnTrack
	}
	return state
}

// bell is what a clock has to do next.
type bell struct {
	at     time.Time
	target Target
	mark   Mark // empty for a step
	step   int
}

// next is the first bell to ring; ok is false when none will. An event may come
// that changes it.
func (c *Callback) next() (first bell, ok bool) {
	if c.SLA == nil || !c.State.Open() {
		return bell{}, false
	}
	earlier := func(b bell) {
		if !b.at.IsZero() && (!ok || b.at.Before(first.at)) {
			first, ok = b, true
		}
	}
	for _, t := range []Target{FirstAttempt, Resolution} {
		k := c.SLA.clock(t)
		if !c.rings(t) {
			continue
		}
		if k.BreachedAt.IsZero() {
			earlier(bell{at: k.DueAt, target: t, mark: Breach})
			if k.WarnedAt.IsZero() {
				earlier(bell{at: k.WarnAt, target: t, mark: Warning})
			}
		}
		for i := range c.SLA.Steps {
			s := &c.SLA.Steps[i]
			if s.Target == t && s.TakenAt.IsZero() && (s.Queue == "" || c.State == Pending) {
				earlier(bell{at: s.At, target: t, step: i})
			}
		}
	}
	return first, ok
}

// rings reports whether a target's clock may ring now. While the customer is being
// called for the first time, it waits for what comes of it.
func (c *Callback) rings(t Target) bool {
	return c.SLA.clock(t).running() && (t != FirstAttempt || c.State != Attempting)
}

// SLAPolicy is what is promised to the customers of some queues and severities.
type SLAPolicy struct {
	// Name is its own among the policies, 1 to 64 letters, digits, _ or -.
	Name string
	// Queues and Severities are whom it is for; none is for all.
	Queues     []string
	Severities []Severity
	// FirstAttemptWithin and ResolvedWithin are how much time there is, on the
	// calendar; 0 leaves the first to the policy's default, and promises no second.
	FirstAttemptWithin, ResolvedWithin time.Duration
	// WarnAt is the share of the time after which a warning is due, over 0 and under
	// 1; 0 warns of nothing.
	WarnAt float64
	// Steps are the steps of escalation, at most MaxSteps; At and TakenAt are zero.
	Steps []Step
}

// MaxSteps bounds a policy's steps.
const MaxSteps = 10

// sla is the first policy that is for a queue and a severity, else what holds
// without any.
func (p Policy) sla(queue string, s Severity) SLAPolicy {
	for _, sla := range p.SLAs {
		if (len(sla.Queues) == 0 || slices.Contains(sla.Queues, queue)) &&
			(len(sla.Severities) == 0 || slices.Contains(sla.Severities, cmp.Or(s, Medium))) {
			return sla
		}
	}
	return SLAPolicy{WarnAt: p.WarnAt}
}

// severity is the worst of the reasons that count.
func (c *Callback) severity() Severity {
	worst := Severity(0)
	for i := range c.Reasons {
		if !c.Reasons[i].Withdrawn {
			worst = max(worst, c.Reasons[i].severity())
		}
	}
	return worst
}

func (r *Reason) severity() Severity { return cmp.Or(r.Severity, Medium) }

func (s *SLAPolicy) check(f *fields) {
	f.check(isName(s.Name), "slas", "each must have a name of 1 to 64 letters, digits, _ or -")
	f.check(s.FirstAttemptWithin >= 0 && s.ResolvedWithin >= 0, "slas", s.Name+": a time must not be negative")
	f.check(s.WarnAt >= 0 && s.WarnAt < 1, "slas", s.Name+": warn_at must be under 100%")
	f.check(len(s.Steps) <= MaxSteps, "slas", s.Name+": has too many steps")
	for i := range s.Steps {
		s.Steps[i].check(f, s.Name)
	}
}

func (s *Step) check(f *fields, policy string) {
	f.check(s.Target == FirstAttempt || s.Target == Resolution, "slas", policy+": a step's target must be first_attempt or resolution")
	f.check(s.Since == Warning || s.Since == Breach, "slas", policy+": a step comes after a warning or a breach")
	f.check(s.After >= 0, "slas", policy+": a step's time must not be negative")
	f.check(s.Points >= 0 && s.Points <= maxPriority, "slas", policy+": a step's points must be 0 to 100")
	f.check(s.Queue == "" || isName(s.Queue), "slas", policy+": a step's queue must be 1 to 64 letters, digits, _ or -")
	f.check(s.Role == "" || isName(s.Role), "slas", policy+": a step's role must be at most 64 letters, digits, _ or -")
	f.check(s.Points > 0 || s.Widen || s.Queue != "" || s.Role != "", "slas", policy+": a step must do something")
}
