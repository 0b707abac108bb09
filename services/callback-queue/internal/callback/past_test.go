package callback

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The answer about a callback is linked to it, though the customer has another by now; the
// other one is left alone.
func TestAnAnswerAboutAnEarlierCallbackIsLinked(t *testing.T) {
	t.Parallel()
	s := in(t, Completed)
	s.do(take("a2"))
	before := *s.cb()
	answer := answered(1, Score{Metric: NPS, Class: Detractor, Satisfaction: 10})
	ev := s.do(answer)
	require.Equal(t, []any{EventFollowedUp, ActorFollowUp, ID(key, 1)}, []any{ev.Type, ev.Actor, ev.About})
	require.Equal(t, before, *s.cb(), "bad again, and reopens nothing: she is to be called anyway")
	r := s.agg.Past[0].Recovery
	require.Equal(t, []any{NPS, 20.0, 10.0, Detractor}, []any{r.Metric, r.Before, r.After, r.Class})
	s.refuse(ErrNoChange, answer)
	answer.Revision, answer.Scores = 2, []Score{{Metric: NPS, Class: Promoter, Satisfaction: 100}}
	s.do(answer)
	require.Equal(t, 100.0, s.agg.Past[0].Recovery.After)
	require.False(t, s.agg.Past[0].CalledAt.IsZero())
	require.Equal(t, Medium, s.agg.Past[0].Severity)
	answer.CallbackID = ID(key, 7)
	s.refuse(ErrNoCallback, answer)
}

// Only so many are remembered, the latest.
func TestOnlySoManyEarlierCallbacksAreRemembered(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for n := range MaxPast + 3 {
		s.do(take(fmt.Sprint("a", n)))
		s.do(Cancel{Reason: "r", By: "sam"})
	}
	require.Len(t, s.agg.Past, MaxPast)
	require.Equal(t, ID(key, 3), s.agg.Past[0].ID)
	s.refuse(ErrNoCallback, answered(1, Score{Metric: NPS}))
}

// Only who was spoken to was called.
func TestWhenTheCustomerWasCalledIsRemembered(t *testing.T) {
	t.Parallel()
	for outcome, called := range map[AttemptOutcome]bool{
		Reached: true, Refused: true, CallLater: true, NoAnswer: false, Busy: false, VoicemailLeft: false, WrongNumber: false, TechnicalFailure: false,
	} {
		cb := &Callback{Attempts: []Attempt{{Outcome: outcome, EndedAt: t0}, {Outcome: NoAnswer, EndedAt: t0.Add(time.Hour)}}}
		require.Equal(t, called, !cb.calledAt().IsZero(), outcome)
	}
}
