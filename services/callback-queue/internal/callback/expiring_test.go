package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A timer that comes early, late or twice changes nothing.
func TestATimerIsNotTrusted(t *testing.T) {
	t.Parallel()
	for state := range State(stateCount) {
		s := in(t, state)
		if state.Held() {
			s.now = s.cb().DueAt().Add(-1)
		}
		s.refuse(ErrNoChange, ExpireLease{})
		s.refuse(ErrNoChange, ExpireReservation{})
		if !state.Held() {
			continue
		}
		cmd := s.cb().DueCommand()
		s.pass(1)
		ev := s.do(cmd)
		require.Equal(t, ActorTimer, ev.Actor)
		require.Equal(t, CauseLeaseOver, ev.Cause)
		s.refuse(ErrNoChange, cmd)
	}
}

func TestAnUnansweredOfferGoesBack(t *testing.T) {
	t.Parallel()
	s := in(t, Reserved)
	token := s.token()
	s.pass(30 * time.Second)
	require.Equal(t, EventOfferExpired, s.do(ExpireReservation{}).Type)
	require.Equal(t, Pending, s.cb().State)
	require.Equal(t, t0, s.cb().ReadyAt())
	s.refuse(ErrStaleToken, Accept{AgentID: amina, Token: token})
	s.impossible(Accept{AgentID: amina})
	s.refuse(ErrNoChange, Reject{AgentID: amina, Token: token})
}

func TestASilentAgentsCallbackGoesBack(t *testing.T) {
	t.Parallel()
	s := in(t, Assigned)
	token := s.token()
	s.pass(15 * time.Minute)
	require.Equal(t, EventLeaseExpired, s.do(ExpireLease{}).Type)
	require.Equal(t, Pending, s.cb().State)
	require.Equal(t, t0, s.cb().ReadyAt(), "nobody called: claimable at once")
	require.Equal(t, t0, s.cb().OpenedAt)
	s.refuse(ErrStaleToken, StartAttempt{AgentID: amina, Token: token})
	s.refuse(ErrNoChange, Release{AgentID: amina, Token: token})
}

func TestACallThatNeverEnded(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	token := s.token()
	s.pass(time.Hour)
	require.Equal(t, EventLeaseExpired, s.do(ExpireLease{}).Type)
	require.Equal(t, Pending, s.cb().State)
	require.Equal(t, Attempt{
		Number: 1, AgentID: amina, Token: token, StartedAt: t0, EndedAt: s.now,
		Outcome: TechnicalFailure, Note: "lease expired",
	}, s.cb().Attempts[0])
	require.Zero(t, s.cb().Tries())
	require.Equal(t, s.now.Add(2*time.Hour), s.cb().ReadyAt(), "the customer may have been spoken to")
	s.refuse(ErrStaleToken, EndAttempt{AgentID: amina, Token: token, Outcome: Reached})
	s.refuse(ErrNoChange, EndAttempt{AgentID: amina, Token: token, Outcome: TechnicalFailure})
}

// The customer was called: nobody calls again, and nobody invents the outcome.
func TestAnOverdueWrapUp(t *testing.T) {
	t.Parallel()
	s := in(t, Wrapping)
	token := s.token()
	s.refuse(ErrNotHolder, Complete{AgentID: bruno, Outcome: Resolved, RootCause: "x", Note: "y"})
	s.pass(8 * time.Hour)
	require.False(t, s.cb().WrapUpOverdue())
	ev := s.do(ExpireLease{})
	require.Equal(t, EventWrapUpOverdue, ev.Type)
	require.Equal(t, Wrapping, s.cb().State)
	require.True(t, s.cb().WrapUpOverdue())
	require.Equal(t, amina, s.cb().Holder.AgentID)
	require.Equal(t, token, s.token())
	require.Zero(t, s.cb().DueAt())
	require.Nil(t, s.cb().DueCommand(), "no timer fires again")
	s.impossible(Claim{AgentID: bruno})

	t.Run("its agent writes it", func(t *testing.T) {
		t.Parallel()
		s := *s
		s.do(Complete{AgentID: amina, Token: token, Outcome: Resolved, RootCause: "x", Note: "y"})
		require.Equal(t, amina, s.cb().ClosedBy)
	})
	t.Run("somebody else writes it", func(t *testing.T) {
		t.Parallel()
		s := *s
		theirs := Complete{AgentID: bruno, Outcome: Unresolved, RootCause: "x", Note: "y"}
		stale := theirs
		stale.Token = token - 1
		s.refuse(ErrStaleToken, stale)
		ev := s.do(theirs)
		require.Equal(t, bruno, ev.Actor)
		require.Equal(t, bruno, s.cb().WrapUp.AgentID)
		require.Equal(t, amina, s.cb().LastHolder.AgentID)
		s.refuse(ErrNoChange, theirs)
		s.impossible(Complete{AgentID: amina, Token: token, Outcome: Resolved, RootCause: "x", Note: "y"})
	})
	t.Run("a supervisor cancels it", func(t *testing.T) {
		t.Parallel()
		s := *s
		s.do(Cancel{Reason: "agent left", By: "sam"})
		require.Equal(t, Canceled, s.cb().State)
	})
}

// Clocks of several processes differ a little; nothing ends before it began.
func TestAClockThatWentBack(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	s.pass(-time.Minute)
	s.do(reached)
	require.Equal(t, t0, s.cb().Attempts[0].EndedAt)
	require.Equal(t, t0, s.cb().UpdatedAt)
	s.do(written)
	require.Equal(t, t0, s.cb().ClosedAt)
	require.Equal(t, t0, s.cb().LastHolder.EndedAt)
}
