package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// noAnswer brings a callback back to the queue after amina's try.
func noAnswer(t *testing.T) *story {
	t.Helper()
	s := in(t, Attempting)
	s.do(ended(s.token(), NoAnswer))
	return s
}

func TestARetryIsKeptForWhoTried(t *testing.T) {
	t.Parallel()
	s := noAnswer(t)
	ready := s.cb().ReadyAt()
	require.Equal(t, &Preference{AgentID: amina, Until: ready.Add(10 * time.Minute)}, s.cb().Preferred)
	require.Equal(t, amina, s.cb().Needs().Preferred)
	require.Equal(t, "fr//,/amina", s.cb().Needs().Line())
	require.Equal(t, EndPreference{}, s.cb().DueCommand())
	require.Equal(t, ready.Add(10*time.Minute), s.cb().DueAt())

	// The moment to call moves, and the preference with it.
	later := ready.Add(3 * time.Hour)
	s.do(Reschedule{NotBefore: later, By: "sam"})
	require.Equal(t, later.Add(10*time.Minute), s.cb().DueAt())

	s.now = later.Add(10*time.Minute - 1)
	s.refuse(ErrNoChange, EndPreference{})
	s.pass(1)
	require.Equal(t, EventPreferenceEnded, s.do(EndPreference{}).Type)
	require.Nil(t, s.cb().Preferred)
	require.Zero(t, s.cb().DueAt())
	require.Equal(t, "fr/", s.cb().Needs().Line())
	s.refuse(ErrNoChange, EndPreference{})
}

func TestAPreferenceEndsWithTheWaiting(t *testing.T) {
	t.Parallel()
	for name, cmd := range map[string]Command{
		"claimed":     Claim{AgentID: bruno},
		"offered":     Offer{AgentID: amina},
		"transferred": Transfer{Queue: "experts", Reason: "technical", By: "sam"},
		"canceled":    Cancel{Reason: "opted out", By: "sam"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := noAnswer(t)
			s.now = s.cb().ReadyAt()
			s.do(cmd)
			require.Nil(t, s.cb().Preferred)
		})
	}
}

func TestAReturningCustomerIsKeptForWhoKnowsThem(t *testing.T) {
	t.Parallel()
	s := in(t, Completed)
	s.do(take("a9"))
	require.Equal(t, Pending, s.cb().State)
	require.Equal(t, amina, s.cb().Preferred.AgentID)
	require.Equal(t, s.now.Add(10*time.Minute), s.cb().Preferred.Until)

	s = in(t, Completed)
	s.do(Reopen{Reason: "called again", By: "sam"})
	require.Equal(t, amina, s.cb().Preferred.AgentID)

	// Nobody was spoken to.
	s = in(t, Assigned)
	s.do(Cancel{Reason: "opted out", By: "sam"})
	s.do(Reopen{Reason: "changed their mind", By: "sam"})
	require.Nil(t, s.cb().Preferred)

	// A policy that prefers nobody.
	s = in(t, Completed)
	s.policy.PreferredFor = 0
	s.do(take("a9"))
	require.Nil(t, s.cb().Preferred)
}

func TestWhoDidNotTakeAnOfferIsNotOfferedItForAWhile(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *story){
		"rejected": func(s *story) { s.do(Reject{AgentID: amina, Reason: "at lunch"}) },
		"let pass": func(s *story) { s.now = s.cb().DueAt(); s.do(ExpireReservation{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := in(t, Reserved)
			opened := s.cb().OpenedAt
			end(s)
			require.Equal(t, []Decline{{AgentID: amina, At: s.now}}, s.cb().Declined)
			require.Equal(t, opened, s.cb().OpenedAt)
			require.Equal(t, s.now.Add(10*time.Minute), s.policy.DeclinedUntil(s.cb(), amina, s.now))
			s.refuse(ErrDeclined, Offer{AgentID: amina})
			s.do(Offer{AgentID: bruno})
			s.do(Reject{AgentID: bruno})
			require.Len(t, s.cb().Declined, 2)
			s.do(Claim{AgentID: amina}) // who asks for it has it
			s.do(Release{AgentID: amina})
			s.pass(10 * time.Minute)
			require.Zero(t, s.policy.DeclinedUntil(s.cb(), amina, s.now))
			s.do(Offer{AgentID: amina})
			s.do(Reject{AgentID: amina})
			require.Equal(t, []Decline{{AgentID: amina, At: s.now}}, s.cb().Declined, "what is over is forgotten")
		})
	}
}

func TestAnAgentWhoIsGoneGivesBackWhatWasNotBegun(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Reserved, Assigned} {
		s := in(t, state)
		opened := s.cb().OpenedAt
		s.refuse(ErrNoChange, AgentLost{AgentID: bruno})
		ev := s.do(AgentLost{AgentID: amina})
		require.Equal(t, EventAgentLost, ev.Type)
		require.Equal(t, Pending, s.cb().State)
		require.Equal(t, opened, s.cb().OpenedAt)
		require.Empty(t, s.cb().Declined)
		s.refuse(ErrNoChange, AgentLost{AgentID: amina})
	}
	for _, state := range []State{Pending, Attempting, Wrapping, Completed} {
		in(t, state).refuse(ErrNoChange, AgentLost{AgentID: amina})
	}
	require.Equal(t, []string{"agent_id"}, in(t, Assigned).wrong(AgentLost{}))
}
