package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// promised is a story with one policy: an attempt within 4 hours, resolved within
// 10, a warning after half of it, and four steps.
func promised(t *testing.T) *story {
	t.Helper()
	s := newStory(t)
	s.policy.SLAs = []SLAPolicy{{
		Name: "gold", FirstAttemptWithin: 4 * time.Hour, ResolvedWithin: 10 * time.Hour, WarnAt: 0.5,
		Steps: []Step{
			{Target: FirstAttempt, Since: Warning, After: time.Hour, Points: 30},
			{Target: FirstAttempt, Since: Breach, Widen: true, WidenTo: []Skill{{"billing", 1}}},
			{Target: FirstAttempt, Since: Breach, After: time.Hour, Queue: "experts", Role: "lead"},
			{Target: Resolution, Since: Breach, After: time.Hour, Role: "director"},
		},
	}}
	return s
}

// ring lets time pass until the next bell, and rings it.
func (s *story) ring() Event {
	s.t.Helper()
	at := s.cb().DueAt()
	s.now = at.Add(-1)
	s.refuse(ErrNoChange, CheckSLA{})
	s.now = at
	ev := s.do(CheckSLA{})
	require.Equal(s.t, ActorTimer, ev.Actor)
	return ev
}

// Everything that an untouched callback's clocks do, in order, each once.
func TestEveryBellRingsOnce(t *testing.T) {
	t.Parallel()
	s := promised(t)
	al := alert("a1")
	al.Skills = []string{"billing:3", "vip"}
	s.do(TakeAlert{al})
	require.Equal(t, "gold", s.cb().SLA.Policy)
	require.Equal(t, SLAOnTrack, s.cb().SLAState())
	var rung []any
	for s.cb().DueCommand() != nil {
		ev := s.ring()
		rung = append(rung, []any{s.now.Sub(t0), ev.Type, Target(ev.Cause), s.cb().SLAState()})
	}
	h := time.Hour
	require.Equal(t, []any{
		[]any{2 * h, EventSLAWarned, FirstAttempt, SLAAtRisk},
		[]any{3 * h, EventSLAEscalated, FirstAttempt, SLAAtRisk},
		[]any{4 * h, EventSLABreached, FirstAttempt, SLABreached},
		[]any{4 * h, EventSLAEscalated, FirstAttempt, SLABreached},
		[]any{5 * h, EventSLAEscalated, FirstAttempt, SLABreached},
		[]any{5 * h, EventSLAWarned, Resolution, SLABreached},
		[]any{10 * h, EventSLABreached, Resolution, SLABreached},
		[]any{11 * h, EventSLAEscalated, Resolution, SLABreached},
	}, rung)
	cb := s.cb()
	require.Equal(t, []any{"experts", []string{"billing"}, 4, 30}, []any{cb.Queue, cb.Skills, cb.Escalated.Level, cb.Escalated.Points})
	require.Equal(t, Move{From: "care", At: t0.Add(5 * h), By: ActorTimer}, *cb.Moved)
	require.Equal(t, "director", cb.Escalated.Role)
	require.Equal(t, t0, cb.OpenedAt, "the age stays")
}

// What is called in time keeps the promise; a warning is not given any more.
func TestAnAttemptInTimeKeepsThePromise(t *testing.T) {
	t.Parallel()
	s := promised(t)
	s.do(take("a1"))
	s.pass(time.Hour)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	require.True(t, s.cb().SLA.First.running(), "it is not known yet what comes of it")
	s.pass(30 * time.Minute)
	s.do(reached)
	require.Equal(t, Clock{
		DueAt: t0.Add(4 * time.Hour), WarnAt: t0.Add(2 * time.Hour), EndedAt: t0.Add(time.Hour), Kept: true,
	}, s.cb().SLA.First)
	require.Equal(t, t0.Add(5*time.Hour), s.cb().SLA.NextAt, "the resolution's warning")
	s.do(written)
	require.True(t, s.cb().SLA.Resolved.Kept)
	require.Equal(t, SLAKept, s.cb().SLAState())
	require.Zero(t, s.cb().DueAt())
}

// A call begun in time that fails for a technical reason was no attempt.
func TestAFailedCallKeepsNoPromise(t *testing.T) {
	t.Parallel()
	s := promised(t)
	s.do(take("a1"))
	s.ring()
	s.ring()
	s.now = t0.Add(4*time.Hour - time.Minute)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.pass(2 * time.Minute)
	s.refuse(ErrNoChange, CheckSLA{}) // the clock waits for what comes of the call
	s.do(EndAttempt{AgentID: amina, Outcome: TechnicalFailure})
	require.Equal(t, EventSLABreached, s.do(CheckSLA{}).Type)
	require.Equal(t, t0.Add(4*time.Hour), s.cb().SLA.First.BreachedAt, "when it was missed, and not when that was noticed")
}

// A timer that comes too late is overtaken by what happened meanwhile.
func TestABreachThatNobodySawIsOneAllTheSame(t *testing.T) {
	t.Parallel()
	s := promised(t)
	s.do(take("a1"))
	s.pass(5 * time.Hour)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(reached)
	first := s.cb().SLA.First
	require.Equal(t, []any{t0.Add(4 * time.Hour), s.now, false}, []any{first.BreachedAt, first.EndedAt, first.Kept})
	require.Equal(t, SLABreached, s.cb().SLAState())
}

// A warning that is due after the breach is none.
func TestAWarningIsNotGivenAfterTheBreach(t *testing.T) {
	t.Parallel()
	s := promised(t)
	s.do(take("a1"))
	s.pass(4 * time.Hour)
	require.Equal(t, EventSLABreached, s.do(CheckSLA{}).Type)
	require.Zero(t, s.cb().SLA.First.WarnedAt)
	require.Equal(t, EventSLAEscalated, s.do(CheckSLA{}).Type, "the step that follows the warning is taken")
	require.Equal(t, 30, s.cb().Escalated.Points)
}

// While the customer's own moment is waited for, the clocks stand still.
func TestAMomentTheCustomerChosePausesTheClocks(t *testing.T) {
	t.Parallel()
	s := promised(t)
	s.do(take("a1"))
	s.pass(time.Hour)
	at := t0.Add(30 * time.Hour)
	s.do(Reschedule{NotBefore: at, CustomerAsked: true, By: "sam"})
	sla := s.cb().SLA
	require.Equal(t, at, sla.PausedUntil)
	require.Equal(t, []time.Time{at.Add(3 * time.Hour), at.Add(time.Hour)}, []time.Time{sla.First.DueAt, sla.First.WarnAt})
	require.Equal(t, at.Add(9*time.Hour), sla.Resolved.DueAt)
	require.Equal(t, s.cb().FirstAttemptDue, sla.First.DueAt)

	s.pass(time.Hour) // another moment: what was left is left
	s.do(Reschedule{NotBefore: at.Add(time.Hour), CustomerAsked: true, By: "sam"})
	require.Equal(t, at.Add(4*time.Hour), s.cb().SLA.First.DueAt)
	s.pass(time.Hour) // at once: the clocks go on from here
	s.do(Reschedule{By: "sam"})
	require.Equal(t, s.now.Add(3*time.Hour), s.cb().SLA.First.DueAt)
	require.Zero(t, s.cb().SLA.PausedUntil)

	due := s.cb().SLA.First.DueAt // a supervisor's own choice puts nothing off
	s.do(Reschedule{NotBefore: s.now.Add(20 * time.Hour), By: "sam"})
	require.Equal(t, due, s.cb().SLA.First.DueAt)
}

func TestCallMeLaterPausesTheResolution(t *testing.T) {
	t.Parallel()
	s := promised(t)
	s.do(take("a1"))
	s.pass(time.Hour)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	at := t0.Add(50 * time.Hour)
	s.do(EndAttempt{AgentID: amina, Outcome: CallLater, CallAgainAt: at})
	require.True(t, s.cb().SLA.First.Kept)
	require.Equal(t, at.Add(9*time.Hour), s.cb().SLA.Resolved.DueAt)
	require.Equal(t, at.Add(4*time.Hour), s.cb().SLA.Resolved.WarnAt)
	require.Equal(t, at.Add(10*time.Minute), s.cb().DueAt(), "kept for amina first")
}

// A wish that came with the answer: the clocks begin with it.
func TestClocksBeginAtTheMomentTheCustomerWished(t *testing.T) {
	t.Parallel()
	s := promised(t)
	al := alert("a1")
	al.Slots = []Slot{{From: t0.Add(20 * time.Hour)}}
	s.do(TakeAlert{al})
	require.Equal(t, t0.Add(24*time.Hour), s.cb().SLA.First.DueAt)
	require.Equal(t, t0.Add(20*time.Hour), s.cb().SLA.PausedUntil)
}

// The first policy that is for the queue and the severity holds; a worse answer
// brings its own.
func TestPoliciesAreChosenByQueueAndSeverity(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	step := func(role string) []Step { return []Step{{Target: FirstAttempt, Since: Breach, Role: role}} }
	s.policy.SLAs = []SLAPolicy{
		{Name: "vip", Queues: []string{"vip"}, FirstAttemptWithin: time.Hour},
		{Name: "critical", Severities: []Severity{Critical}, FirstAttemptWithin: 2 * time.Hour, ResolvedWithin: 6 * time.Hour, Steps: step("director")},
		{Name: "usual", Severities: []Severity{Medium, High}, FirstAttemptWithin: 8 * time.Hour, ResolvedWithin: 48 * time.Hour, Steps: step("lead")},
	}
	for _, c := range []struct {
		queue    string
		severity Severity
		want     string
		within   time.Duration
	}{
		{"vip", Low, "vip", time.Hour},
		{"care", Critical, "critical", 2 * time.Hour},
		{"care", 0, "usual", 8 * time.Hour},
		{"care", High, "usual", 8 * time.Hour},
		{"care", Low, "", 24 * time.Hour},
	} {
		one := newStory(t)
		one.policy = s.policy
		al := alert("a1")
		al.Queue, al.Severity = c.queue, c.severity
		one.do(TakeAlert{al})
		require.Equal(t, []any{c.want, c.within}, []any{one.cb().SLA.Policy, one.cb().FirstAttemptDue.Sub(t0)}, "%+v", c)
	}

	s.do(take("a1"))
	s.pass(time.Hour)
	worse := alert("a2")
	worse.Severity, worse.RaisedAt = Critical, s.now
	s.do(TakeAlert{worse})
	require.Equal(t, "critical", s.cb().SLA.Policy)
	require.Equal(t, []time.Time{t0.Add(3 * time.Hour), t0.Add(7 * time.Hour)}, []time.Time{s.cb().SLA.First.DueAt, s.cb().SLA.Resolved.DueAt})
	require.Equal(t, "director", s.cb().SLA.Steps[0].Role)
	require.Len(t, s.cb().SLA.Steps, 1)

	s.do(take("a3")) // no worse than what is there
	s.do(Transfer{Queue: "vip", Reason: "r", By: "sam"})
	require.Equal(t, "critical", s.cb().SLA.Policy, "what was promised does not depend on who calls")
	require.Equal(t, t0.Add(3*time.Hour), s.cb().SLA.First.DueAt)
}

// A further reason's clocks begin with it, however long the next try is away: that is
// ours to wait for, and not the customer's choice.
func TestARetryPausesNoClock(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.policy.SLAs = []SLAPolicy{
		{Name: "critical", Severities: []Severity{Critical}, ResolvedWithin: time.Hour},
		{Name: "usual", ResolvedWithin: 100 * time.Hour},
	}
	s.do(take("a1"))
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(noReply)
	require.Equal(t, t0.Add(2*time.Hour), s.cb().ReadyAt())
	worse := alert("a2")
	worse.Severity = Critical
	s.do(TakeAlert{worse})
	require.Equal(t, t0.Add(time.Hour), s.cb().SLA.Resolved.DueAt)
}

// Steps that a worse answer brings when the mark has come already follow it, too.
func TestStepsOfAWorseAnswerFollowWhatHasComeAlready(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.policy.SLAs = []SLAPolicy{
		{Name: "critical", Severities: []Severity{Critical}, FirstAttemptWithin: time.Hour, Steps: []Step{
			{Target: FirstAttempt, Since: Breach, After: 2 * time.Hour, Role: "director"},
		}},
		{Name: "usual", FirstAttemptWithin: time.Hour},
	}
	s.do(take("a1"))
	s.ring()
	worse := alert("a2")
	worse.Severity, worse.RaisedAt = Critical, s.now
	s.do(TakeAlert{worse})
	require.Equal(t, t0.Add(3*time.Hour), s.cb().DueAt())
	require.Equal(t, EventSLAEscalated, s.ring().Type)
}

// The rule's own time goes before the policy's.
func TestARulesOwnTimeHolds(t *testing.T) {
	t.Parallel()
	s := promised(t)
	al := alert("a1")
	al.FirstAttemptWithin = 30 * time.Minute
	s.do(TakeAlert{al})
	require.Equal(t, []time.Time{t0.Add(30 * time.Minute), t0.Add(15 * time.Minute)}, []time.Time{s.cb().SLA.First.DueAt, s.cb().SLA.First.WarnAt})
}

// Clocks run in the hours in which the customer can be called, and no others.
func TestClocksRunOnTheCalendar(t *testing.T) {
	t.Parallel()
	s := promised(t)
	week, err := calendar.ParseWeek(map[string][]string{"mon-fri": {"09:00-12:00", "13:00-18:00"}})
	require.NoError(t, err)
	s.policy.QueueHours = map[string]calendar.Hours{"care": {Week: week}} // t0 is a Friday, 9:30 UTC
	s.do(take("a1"))
	day := func(date, clock string) time.Time {
		at, err := time.Parse(time.DateOnly+" 15:04", date+" "+clock)
		require.NoError(t, err)
		return at
	}
	sla := s.cb().SLA
	require.Equal(t, []time.Time{day("2026-11-20", "14:30"), day("2026-11-20", "11:30")}, []time.Time{sla.First.DueAt, sla.First.WarnAt})
	require.Equal(t, day("2026-11-23", "11:30"), sla.Resolved.DueAt)
	// Asked at 10:30, the customer chose Tuesday at 17:00: 3 hours and 9 are left.
	s.pass(time.Hour)
	s.do(Reschedule{NotBefore: day("2026-11-24", "17:00"), CustomerAsked: true, By: "sam"})
	require.Equal(t, day("2026-11-25", "11:00"), s.cb().SLA.First.DueAt)
	require.Equal(t, day("2026-11-25", "18:00"), s.cb().SLA.Resolved.DueAt)
}

// What is closed keeps, misses or voids what it had promised.
func TestClosingSettlesTheClocks(t *testing.T) {
	t.Parallel()
	type want struct {
		kept, breached bool
		state          SLAState
	}
	for outcome, w := range map[Outcome]want{
		Resolved: {kept: true, state: SLAKept}, PartlyResolved: {kept: true, state: SLAKept}, NoActionNeeded: {kept: true, state: SLAKept},
		Unresolved: {breached: true, state: SLABreached},
	} {
		s := promised(t)
		s.do(take("a1"))
		s.do(Claim{AgentID: amina})
		s.do(StartAttempt{AgentID: amina})
		s.do(reached)
		s.do(Complete{AgentID: amina, Outcome: outcome, RootCause: "x", Note: "y"})
		k := s.cb().SLA.Resolved
		got := want{k.Kept, !k.BreachedAt.IsZero(), s.cb().SLAState()}
		require.Equal(t, w, got, outcome)
		require.False(t, k.running())
	}
	s := promised(t)
	s.do(take("a1"))
	s.do(Cancel{Reason: "r", By: "sam"})
	require.Equal(t, []any{false, true, SLANone}, []any{s.cb().SLA.First.Kept, s.cb().SLA.First.BreachedAt.IsZero(), s.cb().SLAState()})
	s.do(Reopen{Reason: "r", By: "sam"})
	require.Equal(t, SLAOnTrack, s.cb().SLAState(), "what was promised is promised anew")
	s.pass(9 * time.Hour)
	s.do(Cancel{Reason: "r", By: "sam"})
	require.Equal(t, SLABreached, s.cb().SLAState(), "missed before")
}

// A step that moves waits until nobody has the callback in hand.
func TestAMoveWaitsForTheAgent(t *testing.T) {
	t.Parallel()
	s := promised(t)
	s.do(take("a1"))
	for range 4 {
		s.ring()
	}
	s.now = t0.Add(5*time.Hour - time.Second)
	s.do(Claim{AgentID: amina})
	s.pass(time.Minute)
	require.Equal(t, Resolution, Target(s.do(CheckSLA{}).Cause), "the other clock goes on")
	s.refuse(ErrNoChange, CheckSLA{})
	require.Equal(t, "care", s.cb().Queue)
	s.do(Release{AgentID: amina})
	require.False(t, s.cb().DueAt().After(s.now), "and is due at once then")
	require.Equal(t, EventSLAEscalated, s.do(CheckSLA{}).Type)
	require.Equal(t, "experts", s.cb().Queue)
}

func TestWideningNeverAsksForMore(t *testing.T) {
	t.Parallel()
	only := []Skill{{"billing", 2}, {"law", 1}}
	require.Equal(t, []string{"billing:2"}, widened([]string{"vip", "billing:5"}, only))
	require.Equal(t, []string{"billing"}, widened([]string{"billing"}, only))
	require.Empty(t, widened(nil, only))
	require.Empty(t, widened([]string{"vip"}, nil))
}

func TestAPolicyNamesWhatIsWrongWithItsSLAs(t *testing.T) {
	t.Parallel()
	for _, sla := range []SLAPolicy{
		{Name: "a b"},
		{Name: "a", FirstAttemptWithin: -1},
		{Name: "a", WarnAt: 1},
		{Name: "a", Steps: make([]Step, MaxSteps+1)},
		{Name: "a", Steps: []Step{{Target: "X", Since: Breach, Points: 1}}},
		{Name: "a", Steps: []Step{{Target: Resolution, Since: "X", Points: 1}}},
		{Name: "a", Steps: []Step{{Target: Resolution, Since: Breach}}},
		{Name: "a", Steps: []Step{{Target: Resolution, Since: Breach, Points: 101}}},
		{Name: "a", Steps: []Step{{Target: Resolution, Since: Breach, Queue: "a b"}}},
		{Name: "a", Steps: []Step{{Target: Resolution, Since: Breach, Role: "a b"}}},
		{Name: "a", Steps: []Step{{Target: Resolution, Since: Breach, After: -1, Role: "r"}}},
	} {
		p := DefaultPolicy()
		p.SLAs = []SLAPolicy{sla}
		require.ErrorContains(t, p.Validate(), "slas", "%+v", sla)
	}
	p := DefaultPolicy()
	p.WarnAt = 1
	require.ErrorContains(t, p.Validate(), "warn_at")
}
