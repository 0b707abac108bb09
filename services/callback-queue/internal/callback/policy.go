package callback

import (
	"strconv"
	"time"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// Policy is what a deployment decides. Start from DefaultPolicy.
type Policy struct {
	// RetryGaps are the waits after the first, second, … try that found nobody,
	// counted from its end; the last one repeats. At least one, each over 0.
	RetryGaps []time.Duration
	// TimesOfDay are the parts of a day, on the customer's clock, at which the tries
	// after the gaps are made in turn; without any the gaps alone decide.
	TimesOfDay []calendar.Week
	// Calling is when customers may be called; nil is always.
	Calling *CallingHours
	// QueueHours are when the teams of queues work; a queue that is not there always.
	QueueHours map[string]calendar.Hours
	// Zone is the clock of customers of whose own nothing is known; nil is UTC.
	Zone *time.Location
	// Locate says of a phone number its country, ISO 3166, and the time zones, IANA's, that
	// it may be in; all of them count. Nil knows nothing. What it says is kept in the
	// callback: another answer counts for the next.
	Locate func(phone string) (country string, zones []string)
	// MaxAttempts is how many real tries are made, 1 to MaxAttemptsKept.
	MaxAttempts int
	// FirstAttemptWithin is how soon after opening the first attempt should start
	// where the rule does not say.
	FirstAttemptWithin time.Duration
	// WarnAt is the share of that time after which a warning is due, over 0 and under
	// 1; 0 warns of nothing.
	WarnAt float64
	// SLAs are the policies of queues and severities; the first that is for a
	// callback holds.
	SLAs []SLAPolicy
	// PreferredFor is how long a callback is kept for the agent who last spoke with
	// the customer; 0 keeps it for nobody.
	PreferredFor time.Duration
	// DeclinedFor is how long an agent who did not take an offer is not offered the
	// callback again.
	DeclinedFor time.Duration
	// ReservedLease is how long an offer waits for its agent's answer.
	ReservedLease time.Duration
	// AssignedLease is how long an agent may prepare before calling.
	AssignedLease time.Duration
	// AttemptLease is how long a call may last.
	AttemptLease time.Duration
	// WrapLease is how long the wrap-up may take before it counts as overdue.
	WrapLease time.Duration
	// CallAgainWithin is how far ahead a customer may ask to be called.
	CallAgainWithin time.Duration
	// ReopenWithin is how long after its close a callback can be reopened.
	ReopenWithin time.Duration
	// AgeingPerPoint is how much waiting weighs as much as one point of priority.
	AgeingPerPoint time.Duration
	// RootCauses are what a wrap-up chooses from; none allows any words.
	RootCauses RootCauses
	// Goodwill is what may be given to customers.
	Goodwill Goodwill
	// FollowUp is the survey that asks how a completed callback went, and how long
	// after; without a survey nobody is asked.
	FollowUp struct {
		Survey string
		After  time.Duration
	}
	// DoNotCall reports whether any of these pseudonyms is one of somebody who is not to
	// be called; nil lists nobody.
	DoNotCall func(keys ...string) bool
	// DefaultQueue takes the callbacks whose rule names no queue.
	DefaultQueue string
}

// DefaultPolicy is what holds without any configuration.
func DefaultPolicy() Policy {
	return Policy{
		RetryGaps:          []time.Duration{2 * time.Hour, 4 * time.Hour, 24 * time.Hour, 48 * time.Hour},
		MaxAttempts:        5,
		FirstAttemptWithin: 24 * time.Hour,
		WarnAt:             0.8,
		PreferredFor:       10 * time.Minute,
		DeclinedFor:        10 * time.Minute,
		ReservedLease:      30 * time.Second,
		AssignedLease:      15 * time.Minute,
		AttemptLease:       time.Hour,
		WrapLease:          8 * time.Hour,
		CallAgainWithin:    90 * 24 * time.Hour,
		ReopenWithin:       30 * 24 * time.Hour,
		AgeingPerPoint:     6 * time.Minute,
		Goodwill:           Goodwill{Currency: "EUR"},
		DefaultQueue:       "default",
	}
}

// Validate returns a *ValidationError that names every bad field, or nil.
func (p Policy) Validate() error {
	var f fields
	f.check(len(p.RetryGaps) > 0, "retry_gaps", "must have at least one")
	for _, gap := range p.RetryGaps {
		f.check(gap > 0, "retry_gaps", "must all be over 0")
	}
	f.check(p.MaxAttempts >= 1 && p.MaxAttempts <= MaxAttemptsKept, "max_attempts",
		"must be 1 to "+strconv.Itoa(MaxAttemptsKept))
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"first_attempt_within", p.FirstAttemptWithin},
		{"reserved_lease", p.ReservedLease},
		{"assigned_lease", p.AssignedLease},
		{"attempt_lease", p.AttemptLease},
		{"wrap_lease", p.WrapLease},
		{"call_again_within", p.CallAgainWithin},
		{"reopen_within", p.ReopenWithin},
	} {
		f.check(d.value > 0, d.name, "must be over 0")
	}
	f.check(p.WarnAt >= 0 && p.WarnAt < 1, "warn_at", "must be under 100%")
	for i := range p.SLAs {
		p.SLAs[i].check(&f)
	}
	f.check(p.PreferredFor >= 0, "preferred_for", "must not be negative")
	f.check(p.DeclinedFor >= 0, "declined_for", "must not be negative")
	f.check(p.AgeingPerPoint >= time.Millisecond, "ageing_per_point", "must be 1ms or more")
	p.Goodwill.check(&f)
	f.check(p.FollowUp.Survey == "" || isName(p.FollowUp.Survey), "follow_up.survey", "must be 1 to 64 letters, digits, _ or -")
	f.check(p.FollowUp.After >= 0, "follow_up.after", "must not be negative")
	f.check(isName(p.DefaultQueue), "default_queue", "must be 1 to 64 letters, digits, _ or -")
	return f.err()
}

// gap is the wait after the n-th try.
func (p Policy) gap(n int) time.Duration {
	if len(p.RetryGaps) == 0 {
		return 0
	}
	return p.RetryGaps[min(max(n-1, 0), len(p.RetryGaps)-1)]
}
