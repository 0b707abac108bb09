package callback

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asked is a story whose callback is completed, and whose customer was asked how it
// went.
func asked(t *testing.T) *story {
	t.Helper()
	s := newStory(t)
	s.policy.FollowUp.Survey, s.policy.FollowUp.After = "apres-rappel", 24*time.Hour
	for _, cmd := range []Command{take("a1"), Claim{AgentID: amina}, StartAttempt{AgentID: amina}, reached, written} {
		s.do(cmd)
	}
	s.refuse(ErrNoChange, AskFollowUp{})
	require.Equal(t, AskFollowUp{}, s.cb().DueCommand())
	require.Equal(t, t0.Add(24*time.Hour), s.cb().DueAt())
	s.now = s.cb().DueAt()
	require.Equal(t, EventFollowUpAsked, s.do(AskFollowUp{}).Type)
	require.Equal(t, &FollowUp{Survey: "apres-rappel", AskAt: s.now, AskedAt: s.now}, s.cb().FollowUp)
	require.Zero(t, s.cb().DueAt())
	s.refuse(ErrNoChange, AskFollowUp{})
	return s
}

// answered is an answer to the follow-up survey.
func answered(revision uint32, scores ...Score) TakeFollowUp {
	return TakeFollowUp{
		CallbackID: ID(key, 1), Survey: "apres-rappel", ResponseID: "f1", Revision: revision, Scores: scores, Verbatim: "Merci.",
	}
}

// Recovery is the score after against the score before, on the same metric.
func TestRecovery(t *testing.T) {
	t.Parallel()
	s := asked(t)
	s.pass(time.Hour)
	ev := s.do(answered(1, Score{CSAT, Satisfied, 75}, Score{NPS, Promoter, 90}))
	require.Equal(t, []any{EventFollowedUp, ActorFollowUp, "f1"}, []any{ev.Type, ev.Actor, ev.Cause})
	require.Equal(t, Recovery{
		Survey: "apres-rappel", ResponseID: "f1", Revision: 1, Metric: NPS, Before: 20, After: 90, HasBefore: true, HasAfter: true,
		Class: Satisfied, Verbatim: "Merci.", At: s.now,
	}, *s.cb().Recovery)
	require.Equal(t, Completed, s.cb().State)
	s.refuse(ErrNoChange, answered(1, Score{NPS, Detractor, 0}))
	s.do(answered(2, Score{CSAT, Satisfied, 75}))
	require.Equal(t, []any{Metric(""), 20.0, 75.0}, []any{s.cb().Recovery.Metric, s.cb().Recovery.Before, s.cb().Recovery.After}, "no metric in common: worst with worst")
	s.do(answered(3))
	require.Equal(t, []bool{true, false}, []bool{s.cb().Recovery.HasBefore, s.cb().Recovery.HasAfter})
}

// A second bad score reopens, once an answer.
func TestASecondBadScoreReopens(t *testing.T) {
	t.Parallel()
	for _, class := range []Class{Detractor, Dissatisfied, HighEffort, FirstUnresolved} {
		s := asked(t)
		ev := s.do(answered(1, Score{NPS, Promoter, 90}, Score{CSAT, class, 10}))
		require.Equal(t, []any{EventReopened, ActorFollowUp, Pending}, []any{ev.Type, ev.Actor, s.cb().State})
		require.Equal(t, ActorFollowUp, s.cb().Reopened.By)
		require.Equal(t, amina, s.cb().Preferred.AgentID, "kept for who knows the customer")
		require.Equal(t, class, s.cb().Recovery.Class)
		for _, cmd := range []Command{Claim{AgentID: amina}, StartAttempt{AgentID: amina}, reached, written} {
			s.do(cmd)
		}
		require.Equal(t, EventFollowedUp, s.do(answered(2, Score{CSAT, class, 0})).Type, "a correction of the same answer reopens nothing twice")
		require.Equal(t, Completed, s.cb().State)
		other := answered(1, Score{CSAT, class, 0})
		other.ResponseID = "f2"
		require.Equal(t, EventReopened, s.do(other).Type)
	}
}

// The class is the worst of the answer: a bad one, else that of the lowest score.
func TestTheClassOfARecovery(t *testing.T) {
	t.Parallel()
	for want, scores := range map[Class][]Score{
		Passive:   {{CSAT, Satisfied, 100}, {NPS, Passive, 70}},
		Detractor: {{CSAT, Neutral, 50}, {NPS, Detractor, 60}, {FCR, FirstResolved, 100}},
		"":        nil,
	} {
		s := asked(t)
		s.do(answered(1, scores...))
		require.Equal(t, want, s.cb().Recovery.Class)
	}
}

// Score and alert of one answer reopen once, even when the second comes after the
// callback was closed again.
func TestOneAnswerReopensOnce(t *testing.T) {
	t.Parallel()
	alarm := alert("a2")
	alarm.FollowsUp = ID(key, 1)
	alarm.Reason.Survey, alarm.Reason.ResponseID = "apres-rappel", "f1"
	bad := answered(1, Score{NPS, Detractor, 0})
	for want, order := range map[EventType][]Command{
		EventAlertNoted: {bad, TakeAlert{alarm}}, EventFollowedUp: {TakeAlert{alarm}, bad},
	} {
		s := asked(t)
		for _, cmd := range []Command{order[0], Claim{AgentID: amina}, StartAttempt{AgentID: amina}, reached, written} {
			s.do(cmd)
		}
		require.Equal(t, want, s.do(order[1]).Type)
		require.Equal(t, Completed, s.cb().State)
	}
}

func TestAFollowUpThatComesTooLateOnlyTells(t *testing.T) {
	t.Parallel()
	s := asked(t)
	s.pass(s.policy.ReopenWithin)
	require.Equal(t, EventFollowedUp, s.do(answered(1, Score{NPS, Detractor, 0})).Type)
	require.Equal(t, Completed, s.cb().State)
}

// An alert about the answer reopens the callback too, instead of opening another;
// whichever comes first, there is one call.
func TestAnAlertAboutTheAnswerReopens(t *testing.T) {
	t.Parallel()
	alarm := alert("a2")
	alarm.FollowsUp = ID(key, 1)
	alarm.Reason.Survey, alarm.Reason.ResponseID, alarm.Reason.Satisfaction = "apres-rappel", "f1", 0
	bad := answered(1, Score{NPS, Detractor, 0})
	for _, order := range [][]Command{{bad, TakeAlert{alarm}}, {TakeAlert{alarm}, bad}} {
		s := asked(t)
		require.Equal(t, EventReopened, s.do(order[0]).Type)
		s.do(order[1])
		require.Equal(t, []any{ID(key, 1), Pending, 2, 1}, []any{s.cb().ID, s.cb().State, len(s.cb().Reasons), s.cb().Reopened.Times})
		require.Equal(t, []float64{20, 0}, []float64{s.cb().Recovery.Before, s.cb().Recovery.After})
		later := answered(1, Score{NPS, Promoter, 95})
		later.ResponseID = "f2"
		s.do(later)
		require.Equal(t, []float64{20, 95}, []float64{s.cb().Recovery.Before, s.cb().Recovery.After}, "against why they were called first")
	}
	s := asked(t) // about another callback, or too late: the next is opened
	s.pass(s.policy.ReopenWithin)
	require.Equal(t, EventOpened, s.do(TakeAlert{alarm}).Type)
	require.Equal(t, EventFollowedUp, s.do(bad).Type)
	require.Equal(t, Pending, s.cb().State)
	other := alert("a3")
	other.FollowsUp = ID(key, 9)
	require.Equal(t, EventOpened, asked(t).do(TakeAlert{other}).Type)
}

// Nobody is asked who was not spoken to, nor without a survey, and what is reopened
// before the time is not asked about.
func TestWhoIsNotAsked(t *testing.T) {
	t.Parallel()
	require.Zero(t, in(t, Completed).cb().FollowUp)
	s := newStory(t)
	s.policy.FollowUp.Survey = "apres-rappel"
	for _, cmd := range []Command{take("a1"), Claim{AgentID: amina}, StartAttempt{AgentID: amina}, EndAttempt{AgentID: amina, Outcome: WrongNumber}, written} {
		s.do(cmd)
	}
	require.Nil(t, s.cb().FollowUp)
	s = newStory(t)
	s.policy.FollowUp.Survey, s.policy.FollowUp.After = "apres-rappel", time.Hour
	for _, cmd := range []Command{take("a1"), Claim{AgentID: amina}, StartAttempt{AgentID: amina}, reached, written, Reopen{Reason: "r", By: "sam"}} {
		s.do(cmd)
	}
	require.Nil(t, s.cb().FollowUp)
}

// Who is called again is known, also when the answer did not say who they are.
func TestTheNextCallbackKnowsTheCustomer(t *testing.T) {
	t.Parallel()
	s := in(t, Completed)
	al := alert("a2")
	al.Customer = Customer{Email: "c@example.org"}
	s.do(TakeAlert{al})
	require.Equal(t, Customer{ID: "C-1", Name: "Camille", Phone: "+33612345678", Email: "c@example.org", Language: "fr"}, s.cb().Customer)
}

// What is given is bounded by the agent's role.
func TestGestures(t *testing.T) {
	t.Parallel()
	closing := func(policy Goodwill, g Gesture, role string) (*story, error) {
		s := in(t, Wrapping)
		s.policy.Goodwill = policy
		cmd := written
		cmd.Gesture, cmd.Role = g, role
		_, err := s.try(cmd)
		if err == nil {
			s.refuse(ErrNoChange, cmd)
		}
		return s, err
	}
	limits := Goodwill{Currency: "EUR", Limits: map[string]GoodwillLimit{"agent": {Cents: 2000, Kinds: []string{"voucher"}}, "senior": {Cents: 10000}}}
	for _, c := range []struct {
		gesture Gesture
		role    string
		refused string
	}{
		{gesture: Gesture{Kind: "voucher", Cents: 2000}, role: "agent"},
		{gesture: Gesture{}, role: "nobody"},
		{gesture: Gesture{Kind: "refund", Cents: 10000}, role: "senior"},
		{Gesture{Kind: "voucher", Cents: 2001}, "agent", "up to 20.00 EUR as voucher"},
		{Gesture{Kind: "refund", Cents: 1}, "agent", "up to 20.00 EUR as voucher"},
		{Gesture{Kind: "refund", Cents: 10001}, "senior", "up to 100.00 EUR"},
		{Gesture{Kind: "refund"}, "nobody", "nothing"},
	} {
		s, err := closing(limits, c.gesture, c.role)
		if c.refused != "" {
			require.ErrorContains(t, err, c.refused)
			require.Equal(t, Wrapping, s.cb().State)
			continue
		}
		require.NoError(t, err)
		want := c.gesture
		if want.Kind != "" {
			want.Currency = "EUR"
		}
		require.Equal(t, want, s.cb().WrapUp.Gesture)
	}
	_, err := closing(Goodwill{Currency: "EUR"}, Gesture{Kind: "voucher", Cents: 99999}, "")
	require.NoError(t, err, "nobody has set a limit")
	_, err = closing(limits, Gesture{Kind: "voucher", Cents: 1, Currency: "USD"}, "senior")
	require.ErrorContains(t, err, "must be EUR")
	cmd := written
	cmd.Gesture = Gesture{Cents: -1}
	require.Equal(t, []string{"gesture.kind", "gesture.cents"}, in(t, Wrapping).wrong(cmd))
	p := DefaultPolicy()
	p.Goodwill = Goodwill{Currency: "euro", Limits: map[string]GoodwillLimit{strings.Repeat("x", 65): {}}}
	require.ErrorContains(t, p.Validate(), "goodwill.currency: ")
	require.ErrorContains(t, p.Validate(), "goodwill.roles: ")
}
