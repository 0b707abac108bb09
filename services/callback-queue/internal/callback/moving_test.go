package callback

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var toExperts = Transfer{Queue: "experts", Reason: " technical ", By: "sam"}

func TestATransferredCallbackWaitsElsewhereAtItsAge(t *testing.T) {
	t.Parallel()
	for _, from := range []State{Pending, Reserved, Assigned} {
		s := in(t, from)
		before, token := *s.cb(), s.token()
		s.pass(5 * time.Second)
		ev := s.do(toExperts)
		require.Equal(t, []any{EventTransferred, "sam", ""}, []any{ev.Type, ev.Actor, ev.Cause})
		cb := s.cb()
		require.Equal(t, []any{Pending, "experts", before.OpenedAt, before.FirstAttemptDue, before.NotBefore, before.Priority},
			[]any{cb.State, cb.Queue, cb.OpenedAt, cb.FirstAttemptDue, cb.NotBefore, cb.Priority})
		require.Equal(t, &Move{From: "care", At: s.now, By: "sam", Reason: "technical"}, cb.Moved)
		require.Nil(t, cb.Holder)
		if from != Pending {
			require.Equal(t, "technical", cb.LastHolder.EndReason)
			s.refuse(ErrStaleToken, StartAttempt{AgentID: amina, Token: token})
		}

		s.refuse(ErrNoChange, toExperts) // its answer got lost
		s.do(Claim{AgentID: bruno})
		s.refuse(ErrNoChange, toExperts)
		require.Equal(t, bruno, s.cb().Holder.AgentID)
		s.do(Transfer{Queue: "care", Reason: "not technical", By: bruno})
		require.Equal(t, []string{"care", "experts"}, []string{s.cb().Queue, s.cb().Moved.From})
	}
}

// Who is on the telephone is not interrupted, and who was is not called again.
func TestACallUnderWayIsNotTransferred(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Attempting, Wrapping, Completed, Canceled} {
		require.Equal(t, state, in(t, state).impossible(toExperts).From)
	}
	newStory(t).refuse(ErrNoCallback, toExperts)
	s := in(t, Pending)
	require.Equal(t, []string{"queue", "reason", "by"}, s.wrong(Transfer{Queue: "a b"}))
	require.Equal(t, []string{"queue", "reason"}, s.wrong(Transfer{By: "sam", Reason: strings.Repeat("é", maxReason+1)}))
}

// The next callback begins where its alert says.
func TestATransferIsForOneCallback(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.do(toExperts)
	s.do(Escalate{Points: 10, Reason: "press", By: "sam"})
	s.do(take("a2"))
	require.Equal(t, "experts", s.cb().Queue, "a further reason moves nothing")
	s.do(Cancel{Reason: "moved away", By: "sam"})
	s.do(again)
	require.Equal(t, "experts", s.cb().Queue)
	s.do(Cancel{Reason: "moved away", By: "sam"})
	s.do(take("a3"))
	require.Equal(t, "care", s.cb().Queue)
	require.Nil(t, s.cb().Moved)
	require.Nil(t, s.cb().Escalated)
}

func TestAnEscalationRaisesThePriority(t *testing.T) {
	t.Parallel()
	for state := Pending; state <= Wrapping; state++ {
		s := in(t, state)
		before := *s.cb()
		rank := s.policy.Rank(&before)
		s.pass(time.Second)
		first := Escalate{Points: 20, Reason: " press ", By: "sam", Role: "supervisor"}
		ev := s.do(first)
		require.Equal(t, []any{EventEscalated, "sam", ""}, []any{ev.Type, ev.Actor, ev.Cause})
		cb := s.cb()
		require.Equal(t, &Escalation{Level: 1, Points: 20, Added: 20, At: s.now, By: "sam", Reason: "press", Role: "supervisor"}, cb.Escalated)
		require.Equal(t, []any{state, before.Priority + 20, before.Holder, before.OpenedAt}, []any{cb.State, cb.Priority, cb.Holder, cb.OpenedAt})
		require.Equal(t, rank-20*s.policy.AgeingPerPoint.Milliseconds(), s.policy.Rank(cb))

		s.refuse(ErrNoChange, first)
		s.do(Escalate{Points: 90, Reason: "lawyer", By: "sam"})
		require.Equal(t, []int{2, 100, 100}, []int{cb.Escalated.Level + 1, s.cb().Escalated.Points, s.cb().Priority})
	}
	for _, closed := range []State{Completed, Canceled} {
		require.Equal(t, closed, in(t, closed).impossible(Escalate{Points: 1, Reason: "x", By: "sam"}).From)
	}
	newStory(t).refuse(ErrNoCallback, Escalate{Points: 1, Reason: "x", By: "sam"})
	s := in(t, Pending)
	require.Equal(t, []string{"points", "reason", "role", "by"}, s.wrong(Escalate{Role: "a b"}))
	require.Equal(t, []string{"points"}, s.wrong(Escalate{Points: 101, Reason: "x", By: "sam"}))
}

// What a person raised stays raised when a reason comes or goes.
func TestAnEscalationOutlivesItsReasons(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	plain := s.cb().Priority
	s.do(Escalate{Points: 7, Reason: "press", By: "sam"})
	s.do(take("a2"))
	require.Equal(t, plain+perReason+7, s.cb().Priority)
	s.do(WithdrawAlert{AlertID: "a2", Revision: 2})
	require.Equal(t, plain+7, s.cb().Priority)
	s.do(WithdrawAlert{AlertID: "a1", Revision: 2})
	require.Equal(t, 7, s.cb().Priority)
}

// A repeat comes soon after; the same words days later are another escalation.
func TestTheSameEscalationLaterIsAnother(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	cmd := Escalate{Points: 20, Reason: "press", By: "sam"}
	s.do(cmd)
	s.pass(time.Minute)
	s.refuse(ErrNoChange, cmd)
	s.pass(3 * 24 * time.Hour)
	s.do(cmd)
	require.Equal(t, 40, s.cb().Escalated.Points)
}

// That the customer asked for the moment is news, even if it is the moment there was.
func TestTheSameMomentIsNewsWhenTheCustomerAskedForIt(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	due, tomorrow := s.cb().FirstAttemptDue, t0.Add(24*time.Hour)
	s.do(Reschedule{NotBefore: tomorrow, By: "sam"})
	require.Equal(t, due, s.cb().FirstAttemptDue)
	asked := Reschedule{NotBefore: tomorrow, CustomerAsked: true, By: "sam"}
	s.do(asked)
	require.Equal(t, tomorrow, s.cb().SLA.PausedUntil)
	require.Equal(t, due.Add(24*time.Hour), s.cb().FirstAttemptDue)
	s.refuse(ErrNoChange, asked)
}
