package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAClaimGivesAHold(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.pass(time.Minute)
	ev := s.do(Claim{AgentID: amina, RequestID: "q1"})
	require.Equal(t, EventClaimed, ev.Type)
	require.Equal(t, amina, ev.Actor)
	require.Equal(t, "q1", ev.Cause)
	require.Zero(t, ev.Next.Callback.Holder.Token, "the commit cannot know its sequence")
	require.Equal(t, &Holder{
		AgentID: amina, RequestID: "q1", Token: s.seq,
		Since: s.now, LeaseExpiresAt: s.now.Add(15 * time.Minute),
	}, s.cb().Holder)
	require.Equal(t, s.now.Add(15*time.Minute), s.cb().DueAt())
	require.Zero(t, s.cb().ReadyAt())
	require.Equal(t, ExpireLease{}, s.cb().DueCommand())
	require.Equal(t, t0, s.cb().OpenedAt)
}

func TestLaterEventsKeepTheToken(t *testing.T) {
	t.Parallel()
	s := in(t, Assigned)
	token := s.token()
	for _, cmd := range []Command{take("a2"), StartAttempt{AgentID: amina, Token: token}, reached} {
		require.Equal(t, token, s.do(cmd).Next.Callback.Holder.Token)
	}
	s = in(t, Reserved)
	token = s.token()
	s.do(Accept{AgentID: amina, Token: token})
	require.Equal(t, token, s.token(), "one hold, from the offer on")
}

func TestLoadedChangesNobodyElsesCopy(t *testing.T) {
	t.Parallel()
	ev, err := DefaultPolicy().Decide(in(t, Pending).agg, Claim{AgentID: amina}, t0)
	require.NoError(t, err)
	loaded := ev.Next
	loaded.Loaded(7)
	require.Equal(t, uint64(7), loaded.Callback.Holder.Token)
	require.Zero(t, ev.Next.Callback.Holder.Token)
	loaded.Loaded(9)
	require.Equal(t, uint64(7), loaded.Callback.Holder.Token, "a token is given once")
	require.Equal(t, uint64(9), loaded.Seq)

	_, err = DefaultPolicy().Decide(ev.Next, StartAttempt{AgentID: amina}, t0)
	require.ErrorIs(t, err, ErrNotLoaded)
}

func TestAClaimIsIdempotentPerRequest(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Assigned, Attempting, Wrapping} {
		s := in(t, state)
		s.refuse(ErrNoChange, Claim{AgentID: amina, RequestID: "q1"})
		s.impossible(Claim{AgentID: amina, RequestID: "q2"})
		s.impossible(Claim{AgentID: amina})
		s.impossible(Claim{AgentID: bruno, RequestID: "q1"})
	}
	s := in(t, Pending)
	s.do(Claim{AgentID: amina})
	s.impossible(Claim{AgentID: amina})
	s = in(t, Reserved)
	s.impossible(Claim{AgentID: amina, RequestID: "q1"})
	s.refuse(ErrNoChange, Offer{AgentID: amina, RequestID: "q1"})
	s.impossible(Offer{AgentID: bruno, RequestID: "q1"})
}

func TestNotBefore(t *testing.T) {
	t.Parallel()
	s, al := newStory(t), alert("a1")
	al.Slots = []Slot{{From: t0.Add(time.Hour)}}
	s.do(TakeAlert{Alert: al})
	for _, cmd := range []Command{Claim{AgentID: amina}, Offer{AgentID: amina}} {
		_, err := s.try(cmd)
		require.ErrorIs(t, err, ErrNotReady)
		var nr *NotReadyError
		require.ErrorAs(t, err, &nr)
		require.Equal(t, al.Slots[0].From, nr.ReadyAt)
		require.EqualError(t, err, "the callback is not ready yet: not before 2026-11-20T10:30:00Z")
	}
	s.pass(time.Hour)
	s.do(Claim{AgentID: amina})
}

// What the customer wished for last counts.
func TestTheLastWishCounts(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	for i, hours := range []int{5, 2, 8} {
		al := alert("w" + string(rune('0'+i)))
		al.Slots = []Slot{{From: t0.Add(time.Duration(hours) * time.Hour)}}
		s.do(TakeAlert{Alert: al})
		require.Equal(t, al.Slots[0].From, s.cb().ReadyAt())
		require.Equal(t, al.Slots[0].From.Add(24*time.Hour), s.cb().FirstAttemptDue)
	}
	s.do(take("none"))
	require.Equal(t, t0.Add(8*time.Hour), s.cb().ReadyAt(), "an answer without a wish takes none back")
}

// Who may act on a hold is the same for every command on it.
func TestOnlyTheHolderActs(t *testing.T) {
	t.Parallel()
	commands := map[State]func(agent string, token uint64) Command{
		Reserved: func(a string, n uint64) Command { return Accept{AgentID: a, Token: n} },
		Assigned: func(a string, n uint64) Command { return StartAttempt{AgentID: a, Token: n} },
		Attempting: func(a string, n uint64) Command {
			return EndAttempt{AgentID: a, Token: n, Outcome: Reached}
		},
		Wrapping: func(a string, n uint64) Command {
			return Complete{AgentID: a, Token: n, Outcome: Resolved, RootCause: "x", Note: "y"}
		},
	}
	for state, cmd := range commands {
		t.Run(state.String(), func(t *testing.T) {
			t.Parallel()
			s := in(t, state)
			token := s.token()
			s.refuse(ErrNotHolder, cmd(bruno, 0))
			s.refuse(ErrNotHolder, cmd(bruno, token))
			s.refuse(ErrStaleToken, cmd(amina, token-1))
			s.refuse(ErrStaleToken, cmd(amina, token+1))
			s.refuse(ErrStaleToken, cmd(bruno, token-1))
			_, err := s.policy.Decide(s.agg, cmd(amina, 0), s.now)
			require.NoError(t, err, "without a token the agent's id is enough")
			s.do(cmd(amina, token))
		})
	}
}

func TestReleaseKeepsTheAge(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Reserved, Assigned} {
		s := in(t, state)
		held, rank := *s.cb().Holder, s.policy.Rank(s.cb())
		s.pass(5 * time.Minute)
		ev := s.do(Release{AgentID: amina, Token: held.Token, Reason: "end of shift"})
		require.Equal(t, EventReleased, ev.Type)
		require.Equal(t, Pending, s.cb().State)
		require.Equal(t, t0, s.cb().OpenedAt)
		require.Equal(t, rank, s.policy.Rank(s.cb()))
		require.Equal(t, t0, s.cb().ReadyAt(), "claimable at once")
		require.Nil(t, s.cb().Holder)
		held.EndedAt, held.EndReason = s.now, "end of shift"
		require.Equal(t, &held, s.cb().LastHolder)

		s.refuse(ErrNoChange, Release{AgentID: amina, Token: held.Token, Reason: "end of shift"})
		s.refuse(ErrNoChange, Release{AgentID: amina})
		s.impossible(Release{AgentID: bruno})
		s.refuse(ErrStaleToken, StartAttempt{AgentID: amina, Token: held.Token})
		s.impossible(StartAttempt{AgentID: amina})
	}
}

func TestALateReleaseDoesNotTakeFromTheNext(t *testing.T) {
	t.Parallel()
	s := in(t, Assigned)
	token := s.token()
	s.do(Release{AgentID: amina, Token: token})
	s.do(Claim{AgentID: bruno})
	s.refuse(ErrStaleToken, Release{AgentID: amina, Token: token})
	s.refuse(ErrNotHolder, Release{AgentID: amina})

	// Nor from the same agent's next hold.
	s.do(Release{AgentID: bruno})
	s.do(Claim{AgentID: amina})
	s.refuse(ErrStaleToken, Release{AgentID: amina, Token: token})
	require.Equal(t, Assigned, s.cb().State)
}

func TestOfferAndAnswer(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	ev := s.do(Offer{AgentID: amina, RequestID: "o1"})
	require.Equal(t, EventOffered, ev.Type)
	require.Equal(t, ActorRouting, ev.Actor)
	require.Equal(t, s.now.Add(30*time.Second), s.cb().DueAt())
	require.Equal(t, ExpireReservation{}, s.cb().DueCommand())

	s.pass(10 * time.Second)
	ev = s.do(Accept{AgentID: amina})
	require.Equal(t, EventAccepted, ev.Type)
	require.Equal(t, s.now.Add(15*time.Minute), s.cb().DueAt())
	s.refuse(ErrNoChange, Accept{AgentID: amina})
	s.refuse(ErrNotHolder, Accept{AgentID: bruno})

	s = in(t, Reserved)
	ev = s.do(Reject{AgentID: amina, Reason: "at lunch"})
	require.Equal(t, EventRejected, ev.Type)
	require.Equal(t, "at lunch", s.cb().LastHolder.EndReason)
	s.refuse(ErrNoChange, Reject{AgentID: amina, Reason: "at lunch"})
	s.do(Offer{AgentID: bruno})
}

func TestHoldingCommandsNameEveryWrongField(t *testing.T) {
	t.Parallel()
	s, long := in(t, Pending), string(make([]rune, maxReason+1))
	require.Equal(t, []string{"agent_id"}, s.wrong(Claim{}))
	require.Equal(t, []string{"agent_id", "request_id"}, s.wrong(Claim{AgentID: "a b", RequestID: long}))
	require.Equal(t, []string{"agent_id"}, s.wrong(Offer{AgentID: long}))
	require.Equal(t, []string{"agent_id"}, s.wrong(Accept{}))
	require.Equal(t, []string{"agent_id", "reason"}, s.wrong(Reject{Reason: long}))
	require.Equal(t, []string{"agent_id", "reason"}, s.wrong(Release{Reason: "\xff"}))
	require.Equal(t, []string{"agent_id"}, s.wrong(StartAttempt{AgentID: "amina\x00"}))
	s.do(Claim{AgentID: "Amina.B_1-x@example.org"})
}
