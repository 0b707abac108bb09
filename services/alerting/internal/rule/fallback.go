package rule

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Fallback is what is done while a queue has too much to do. It says when that is; whether
// it is so now is for others to know.
type Fallback struct {
	// Name is unique among the fallbacks of a set, and one token of a subject.
	Name string
	// Description by language, fr and en; for people only.
	Description map[string]string
	// Queue is the queue whose predicted wait decides.
	Queue string
	// BeginsAbove and EndsBelow are waits: it begins when the wait is longer than the first,
	// and ends when it is shorter than the second, which is the shorter one.
	BeginsAbove, EndsBelow time.Duration
	// For is how long that must hold, before either.
	For time.Duration
	// AlsoWhenUnstaffed says that a wait that is not known, while callbacks are ready, is a
	// long one.
	AlsoWhenUnstaffed bool
	// Bar is what callbacks must reach; what does not is held back.
	Bar Minimum
	// CallAfterwards says that what was held back is asked for when the fallback ends.
	CallAfterwards bool
	// Widen is the queue that callbacks go to instead; empty leaves them where they are.
	Widen string
	// DropSkills says that any agent may take them.
	DropSkills bool
	// FirstAttemptWithin is promised where the rule promises an earlier attempt; 0 leaves
	// promises as they are.
	FirstAttemptWithin time.Duration
	// Tell are the receivers that are told when it begins and when it ends.
	Tell []string
	// Acknowledge is the receiver by which customers are told that they were heard; empty
	// tells nobody.
	Acknowledge string
}

// Minimum is what a rule's callback must reach to be asked for. The zero Minimum holds nothing
// back.
type Minimum struct {
	// Severity is the least severe that is asked for; unspecified is any.
	Severity eventsv1.Severity
	// Priority is the lowest base priority that is asked for.
	Priority int32
}

// holdsBack reports whether a rule's callback is below the bar.
func (b Minimum) holdsBack(r *Rule) bool {
	return r.Severity < b.Severity || r.Callback.GetPriority() < b.Priority
}

// CallsAfterwards is the word among the measures of a fallback that asks for what it held
// back when it ends.
const CallsAfterwards = "call_afterwards"

// Measures are the things that a fallback does, by their keys in the file, but for CallsAfterwards.
func (f *Fallback) Measures() []string {
	var all []string
	for _, m := range []struct {
		is  bool
		key string
	}{
		{f.Bar != Minimum{}, "raise_bar"},
		{f.CallAfterwards, CallsAfterwards},
		{f.Widen != "", "widen"},
		{f.DropSkills, "drop_skills"},
		{f.FirstAttemptWithin > 0, "first_attempt_within"},
		{len(f.Tell) > 0, "tell"},
		{f.Acknowledge != "", "acknowledge_customer"},
	} {
		if m.is {
			all = append(all, m.key)
		}
	}
	return all
}

// Change is what a rule that asks for a callback asks for under the fallback: nil when the
// callback is held back. changed is false when it is what the rule says.
func (f *Fallback) Change(r *Rule) (plan *eventsv1.CallbackPlan, changed bool) {
	if f.Bar.holdsBack(r) {
		return nil, true
	}
	plan = r.Callback
	change := func() *eventsv1.CallbackPlan {
		if !changed {
			plan, changed = proto.CloneOf(plan), true
		}
		return plan
	}
	if f.Widen != "" && f.Widen != plan.GetQueue() {
		change().Queue = f.Widen
	}
	if f.DropSkills && len(plan.GetSkills()) > 0 {
		change().Skills = nil
	}
	if promised := plan.GetFirstAttemptWithin(); f.FirstAttemptWithin > 0 && (promised == nil || promised.AsDuration() < f.FirstAttemptWithin) {
		change().FirstAttemptWithin = durationpb.New(f.FirstAttemptWithin)
	}
	return plan, changed
}

// Applying are those of the rule's fallbacks that apply, as applies says by name, in its order.
func (r *Rule) Applying(applies func(name string) bool) []*Fallback {
	var all []*Fallback
	for _, f := range r.Fallbacks {
		if applies(f.Name) {
			all = append(all, f)
		}
	}
	return all
}

// Under is what a rule that asks for a callback asks for while fallbacks apply, in its order:
// what the first of them that changes something makes of it, which is by; nil when the callback
// is held back. by is nil when the plan is what the rule says.
func (r *Rule) Under(applying []*Fallback) (plan *eventsv1.CallbackPlan, by *Fallback) {
	for _, f := range applying {
		if plan, changed := f.Change(r); changed {
			return plan, f
		}
	}
	return r.Callback, nil
}
