package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var again = Reopen{Reason: "it broke once more", By: "sam"}

func TestAReopenedCallbackKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	for _, closed := range []State{Completed, Canceled} {
		s := in(t, closed)
		before := *s.cb()
		s.pass(48 * time.Hour)
		ev := s.do(again)
		require.Equal(t, []any{EventReopened, "sam", ""}, []any{ev.Type, ev.Actor, ev.Cause})
		cb := s.cb()
		require.Equal(t, []any{before.ID, before.OpenedAt, before.Reasons, before.Attempts, before.Priority, before.LastHolder},
			[]any{cb.ID, cb.OpenedAt, cb.Reasons, cb.Attempts, cb.Priority, cb.LastHolder})
		require.Equal(t, &Reopening{Times: 1, At: s.now, By: "sam", Reason: "it broke once more", AfterAttempt: len(before.Attempts)}, cb.Reopened)
		require.Nil(t, cb.WrapUp)
		require.Empty(t, cb.CancelReason+cb.ClosedBy)
		require.True(t, cb.ClosedAt.IsZero())
		require.Equal(t, s.now.Add(s.policy.FirstAttemptWithin), cb.FirstAttemptDue)
		require.False(t, cb.ReadyAt().After(s.now), "it waits at once, wherever it was to wait before")

		s.refuse(ErrNoChange, again) // its answer got lost
		s.do(Claim{AgentID: bruno})
		s.refuse(ErrNoChange, again)
		require.Equal(t, "reopen", s.impossible(Reopen{Reason: "another", By: "alex"}).Command)
	}
}

func TestTriesBeforeAReopeningDoNotCount(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.policy.MaxAttempts = 2
	call := func() {
		s.now = later(s.now, s.cb().ReadyAt())
		s.do(Claim{AgentID: amina})
		s.do(StartAttempt{AgentID: amina})
		s.do(noReply)
	}
	call()
	call()
	require.Equal(t, Unreachable, s.cb().WrapUp.Outcome)
	s.do(again)
	require.Zero(t, s.cb().Tries())
	call()
	require.Equal(t, []any{Pending, 1}, []any{s.cb().State, s.cb().Tries()})
	require.Equal(t, s.cb().Attempts[2].EndedAt.Add(s.policy.RetryGaps[0]), s.cb().NotBefore, "the gaps begin anew")
	call()
	require.Equal(t, Unreachable, s.cb().WrapUp.Outcome)
	require.Len(t, s.cb().Attempts, 4)

	s.do(again) // the same words, about another close
	require.Equal(t, 2, s.cb().Reopened.Times)
	require.Equal(t, 4, s.cb().Reopened.AfterAttempt)
}

func TestAReopeningMayComeTooLate(t *testing.T) {
	t.Parallel()
	s := in(t, Completed)
	s.pass(s.policy.ReopenWithin)
	s.pass(1)
	_, err := s.policy.Decide(s.agg, again, s.now)
	require.EqualError(t, err, "the callback was closed too long ago to be reopened: possible until 2026-12-20T09:30:00Z")
	s.refuse(ErrTooLate, again)
	s.pass(-1)
	s.do(again)
	require.Equal(t, []string{"reason", "by"}, s.wrong(Reopen{Reason: " "}))
	newStory(t).refuse(ErrNoCallback, again)
}

// Who reopened a callback wants the customer called: a correction of an old answer
// is no reason not to.
func TestACorrectionDoesNotCancelWhatWasReopened(t *testing.T) {
	t.Parallel()
	s := in(t, Canceled)
	s.do(again)
	ev := s.do(WithdrawAlert{AlertID: "a1", Revision: 2})
	require.Equal(t, EventReasonWithdrawn, ev.Type)
	require.Equal(t, Pending, s.cb().State)
	require.Zero(t, s.cb().Priority)
}

// An alert that comes while it is open again is a reason of it, not another call.
func TestAReopenedCallbackTakesAlerts(t *testing.T) {
	t.Parallel()
	s := in(t, Completed)
	s.do(again)
	require.Equal(t, EventEnriched, s.do(take("a2")).Type)
	require.Len(t, s.cb().Reasons, 2)
	require.EqualValues(t, 1, s.cb().Number)
}

func TestReschedule(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	opened := s.cb().OpenedAt
	tomorrow := s.now.Add(24 * time.Hour)
	ev := s.do(Reschedule{NotBefore: tomorrow, By: "sam"})
	require.Equal(t, []any{EventRescheduled, "sam"}, []any{ev.Type, ev.Actor})
	require.Equal(t, []any{tomorrow, tomorrow, opened}, []any{s.cb().NotBefore, s.cb().ReadyAt(), s.cb().OpenedAt})
	s.refuse(ErrNoChange, Reschedule{NotBefore: tomorrow, By: "sam"})
	s.refuse(ErrNotReady, Claim{AgentID: amina})

	s.do(Reschedule{By: "sam"}) // at once
	require.True(t, s.cb().NotBefore.IsZero())
	s.do(Reschedule{NotBefore: s.now.Add(-time.Hour), By: "sam"})
	s.do(Claim{AgentID: amina})
	require.Equal(t, "reschedule", s.impossible(Reschedule{NotBefore: tomorrow, By: "sam"}).Command)

	s = in(t, Pending)
	require.Equal(t, []string{"by"}, s.wrong(Reschedule{NotBefore: tomorrow}))
	require.Equal(t, []string{"not_before"}, s.wrong(Reschedule{NotBefore: s.now.Add(s.policy.CallAgainWithin + 1), By: "sam"}))
	newStory(t).refuse(ErrNoCallback, Reschedule{By: "sam"})
}
