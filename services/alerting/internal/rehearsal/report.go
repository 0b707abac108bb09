package rehearsal

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// Report says what would have been.
func (r *Rehearsal) Report() *alertingv1.RehearsalReport {
	until := r.to
	if r.plan.Until.After(until) && !r.from.IsZero() {
		until = r.plan.Until
	}
	for side := range sides {
		if !r.from.IsZero() {
			r.pass(side, until)
		}
	}
	only, both := r.customers.overlap()
	report := &alertingv1.RehearsalReport{
		DraftVersion: r.plan.Draft.Version, CurrentVersion: r.plan.Current.Version,
		Days: r.days(), Answers: r.answers, Unreadable: r.unreadable,
		Customers: &alertingv1.Overlap{
			OnlyDraft: only[draft], OnlyCurrent: only[current], Both: both, Estimated: r.customers.weight > 1,
		},
		CallbacksADay: &alertingv1.Pair{},
		HeldBackADay:  r.aDay(r.pair(func(s *side) uint64 { return s.heldBack })),
		DoNotCallADay: r.aDay(r.pair(func(s *side) uint64 { return s.forbidden })),
	}
	if !r.from.IsZero() {
		report.From, report.To = timestamppb.New(r.from), timestamppb.New(r.to)
	}
	r.rules(report)
	for side := range sides {
		r.sides[side].figures.until(r.plan.Until)
	}
	r.metrics(report)
	r.fallbacks(report, until)
	r.queues(report)
	for side := range sides {
		for _, e := range r.customers.examples(side, r.plan.Examples) {
			report.Examples = append(report.Examples, &alertingv1.Example{CustomerKey: e.key, Rule: e.rule, Draft: side == draft})
		}
	}
	return report
}

// days is what "a day" divides by. Less than a day is one: nobody should be told of twelve
// times what came in two hours.
func (r *Rehearsal) days() float64 { return max(1, r.to.Sub(r.from).Hours()/24) }

func (r *Rehearsal) pair(of func(s *side) uint64) *alertingv1.Pair {
	return &alertingv1.Pair{Draft: float64(of(&r.sides[draft])), Current: float64(of(&r.sides[current]))}
}

func (r *Rehearsal) aDay(p *alertingv1.Pair) *alertingv1.Pair {
	return &alertingv1.Pair{Draft: p.GetDraft() / r.days(), Current: p.GetCurrent() / r.days()}
}

func (r *Rehearsal) rules(report *alertingv1.RehearsalReport) {
	bySeverity := map[eventsv1.Severity]*alertingv1.Pair{}
	for side := range sides {
		for _, one := range r.sides[side].set.Rules {
			if bySeverity[one.Severity] == nil {
				bySeverity[one.Severity] = &alertingv1.Pair{}
			}
			alerts := float64(r.sides[side].alerts[one.Name])
			if side == draft {
				bySeverity[one.Severity].Draft += alerts
			} else {
				bySeverity[one.Severity].Current += alerts
			}
			if side == draft || named(r.plan.Draft, one.Name) == nil {
				report.Rules = append(report.Rules, r.rule(one))
			}
		}
	}
	for _, severity := range slices.Backward(slices.Sorted(maps.Keys(bySeverity))) {
		report.Severities = append(report.Severities, &alertingv1.SeverityRehearsed{Severity: severity, AlertsADay: r.aDay(bySeverity[severity])})
	}
}

func (r *Rehearsal) rule(one *rule.Rule) *alertingv1.RuleRehearsed {
	alerts := r.pair(func(s *side) uint64 { return s.alerts[one.Name] })
	return &alertingv1.RuleRehearsed{
		Rule: one.Name, Severity: one.Severity, Alerts: alerts, AlertsADay: r.aDay(alerts),
		Failures: r.pair(func(s *side) uint64 { return s.failures[one.Name] }),
		InDraft:  named(r.plan.Draft, one.Name) != nil, InCurrent: named(r.plan.Current, one.Name) != nil,
	}
}

func named(set *rule.Set, name string) *rule.Rule {
	if i := slices.IndexFunc(set.Rules, func(r *rule.Rule) bool { return r.Name == name }); i >= 0 {
		return set.Rules[i]
	}
	return nil
}

func (r *Rehearsal) queues(report *alertingv1.RehearsalReport) {
	targets := map[string]time.Duration{} // the shortest of a queue; 0 when no rule has one
	for side := range sides {
		for _, one := range r.sides[side].set.Rules {
			for _, plan := range r.plans(side, one) {
				queue, asked := plan.GetQueue(), plan.GetFirstAttemptWithin().AsDuration()
				if t, known := targets[queue]; !known || t == 0 || asked > 0 && asked < t {
					targets[queue] = asked
				}
			}
		}
	}
	for _, queue := range slices.Sorted(maps.Keys(targets)) {
		q := r.queue(queue, targets[queue])
		report.Queues = append(report.Queues, q)
		report.CallbacksADay.Draft += q.GetCallbacksADay().GetDraft()
		report.CallbacksADay.Current += q.GetCallbacksADay().GetCurrent()
	}
}

// plans are what a rule may have asked for: what it says, and the same in another queue where a
// fallback sent it there.
func (r *Rehearsal) plans(side int, one *rule.Rule) (all []*eventsv1.CallbackPlan) {
	if one.Callback == nil {
		return nil
	}
	all = append(all, one.Callback)
	for _, f := range one.Fallbacks {
		plan, _ := f.Change(one)
		if plan != nil && plan.GetQueue() != one.Callback.GetQueue() && r.sides[side].fallbacks.byName[f.Name].began > 0 {
			all = append(all, plan)
		}
	}
	return all
}

func (r *Rehearsal) queue(name string, target time.Duration) *alertingv1.QueueRehearsed {
	s := r.plan.Staffing.of(name)
	if s.GetTarget() != nil {
		target = s.GetTarget().AsDuration()
	}
	aDay := r.aDay(r.pair(func(s *side) uint64 { return s.callbacks[name] }))
	assumed := &alertingv1.Staffing{
		Queue: name, Agents: s.GetAgents(), CallbacksAnHour: s.GetCallbacksAnHour(), HoursADay: s.hours(), OpenFor: durationpb.New(s.openFor()),
	}
	if target > 0 {
		assumed.Target = durationpb.New(target)
	}
	return &alertingv1.QueueRehearsed{
		Queue: name, CallbacksADay: aDay, Staffing: proto.CloneOf(assumed),
		Draft: s.load(aDay.GetDraft(), target), Current: s.load(aDay.GetCurrent(), target),
	}
}
