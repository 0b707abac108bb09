package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

func sla(s *callback.SLA) *eventsv1.SLA {
	if s == nil {
		return nil
	}
	m := &eventsv1.SLA{
		Policy: s.Policy, FirstAttempt: clock(s.First), Resolution: clock(s.Resolved),
		PausedUntil: Stamp(s.PausedUntil), NextAt: Stamp(s.NextAt), State: eventsv1.SLA_State(s.State),
	}
	for i := range s.Steps {
		m.Steps = append(m.Steps, slaStep(&s.Steps[i]))
	}
	return m
}

func clock(c callback.Clock) *eventsv1.SLA_Clock {
	if c == (callback.Clock{}) {
		return nil
	}
	return &eventsv1.SLA_Clock{
		DueAt: Stamp(c.DueAt), WarnAt: Stamp(c.WarnAt), WarnedAt: Stamp(c.WarnedAt),
		BreachedAt: Stamp(c.BreachedAt), EndedAt: Stamp(c.EndedAt), Kept: c.Kept,
	}
}

func slaStep(s *callback.Step) *eventsv1.SLA_Step {
	m := &eventsv1.SLA_Step{
		Target: eventsv1.SLA_Target(eventsv1.SLA_Target_value[string(s.Target)]),
		Since:  eventsv1.SLA_Mark(eventsv1.SLA_Mark_value[string(s.Since)]), After: lasting(s.After),
		Points: uint32(s.Points), Widen: s.Widen, Queue: s.Queue, Role: s.Role, At: Stamp(s.At), TakenAt: Stamp(s.TakenAt),
	}
	for _, w := range s.WidenTo {
		m.WidenTo = append(m.WidenTo, w.String())
	}
	return m
}

// lasting is nil for no time at all.
func lasting(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func fromSLA(m *eventsv1.SLA) *callback.SLA {
	if m == nil {
		return nil
	}
	s := &callback.SLA{
		Policy: m.GetPolicy(), First: fromClock(m.GetFirstAttempt()), Resolved: fromClock(m.GetResolution()),
		PausedUntil: moment(m.GetPausedUntil()), NextAt: moment(m.GetNextAt()), State: callback.SLAState(m.GetState()),
	}
	for _, step := range m.GetSteps() {
		s.Steps = append(s.Steps, fromStep(step))
	}
	return s
}

func fromClock(m *eventsv1.SLA_Clock) callback.Clock {
	return callback.Clock{
		DueAt: moment(m.GetDueAt()), WarnAt: moment(m.GetWarnAt()), WarnedAt: moment(m.GetWarnedAt()),
		BreachedAt: moment(m.GetBreachedAt()), EndedAt: moment(m.GetEndedAt()), Kept: m.GetKept(),
	}
}

func fromStep(m *eventsv1.SLA_Step) callback.Step {
	s := callback.Step{
		After: m.GetAfter().AsDuration(), Points: int(m.GetPoints()), Widen: m.GetWiden(), Queue: m.GetQueue(), Role: m.GetRole(),
		At: moment(m.GetAt()), TakenAt: moment(m.GetTakenAt()),
	}
	if t := m.GetTarget(); t != eventsv1.SLA_TARGET_UNSPECIFIED {
		s.Target = callback.Target(t.String())
	}
	if k := m.GetSince(); k != eventsv1.SLA_MARK_UNSPECIFIED {
		s.Since = callback.Mark(k.String())
	}
	for _, text := range m.GetWidenTo() {
		if skill, ok := callback.ParseSkill(text); ok {
			s.WidenTo = append(s.WidenTo, skill)
		}
	}
	return s
}
