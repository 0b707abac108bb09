package callback

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	s := in(t, Wrapping)
	token := s.token()
	s.pass(10 * time.Minute)
	cmd := Complete{AgentID: amina, Token: token, Outcome: PartlyResolved, RootCause: " late parcel ", Note: "voucher\n"}
	ev := s.do(cmd)
	require.Equal(t, EventCompleted, ev.Type)
	require.Equal(t, amina, ev.Actor)
	require.Equal(t, "q1", ev.Cause)
	cb := s.cb()
	require.Equal(t, Completed, cb.State)
	require.Equal(t, &WrapUp{
		Outcome: PartlyResolved, RootCause: "late parcel", Note: "voucher", AgentID: amina, At: s.now,
	}, cb.WrapUp)
	require.Equal(t, s.now, cb.ClosedAt)
	require.Equal(t, amina, cb.ClosedBy)
	require.Nil(t, cb.Holder)
	require.Equal(t, token, cb.LastHolder.Token)
	require.Zero(t, cb.DueAt())
	require.Nil(t, cb.DueCommand())

	s.pass(time.Minute)
	s.refuse(ErrNoChange, cmd)
	without := cmd
	without.Token = 0
	s.refuse(ErrNoChange, without)

	stale, other, changed := cmd, cmd, cmd
	stale.Token--
	s.refuse(ErrStaleToken, stale)
	other.AgentID = bruno
	s.impossible(other)
	changed.Note = "something else"
	s.impossible(changed)
}

func TestCompleteNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	s := in(t, Wrapping)
	require.Equal(t, []string{"agent_id", "outcome", "root_cause", "note"}, s.wrong(Complete{}))
	require.Equal(t, []string{"outcome", "root_cause", "note"}, s.wrong(Complete{
		AgentID: amina, Outcome: Unreachable, RootCause: strings.Repeat("é", maxCause+1), Note: strings.Repeat("é", maxNote+1),
	}))
	require.Equal(t, []string{"root_cause", "note"}, s.wrong(Complete{
		AgentID: amina, Outcome: Resolved, RootCause: "  ", Note: "a\x00b",
	}))
	s.do(Complete{
		AgentID: amina, Outcome: NoActionNeeded,
		RootCause: strings.Repeat("é", maxCause), Note: strings.Repeat("é", maxNote),
	})
}

func TestTheRootCauseIsChosenFromTheTree(t *testing.T) {
	t.Parallel()
	s := in(t, Wrapping)
	s.policy.RootCauses = RootCauses{{ID: "product_service_quality", Causes: []Cause{{ID: "damaged", Causes: []Cause{{ID: "box"}}}}}}
	cmd := written
	for _, wrong := range []string{"late parcel", "product_service_quality", "damaged", "product_service_quality/late"} {
		cmd.RootCause = wrong
		require.Equal(t, []string{"root_cause"}, s.wrong(cmd))
	}
	require.Equal(t, "complete", in(t, Assigned).impossible(cmd).Command, "what is not possible is said first")
	cmd.RootCause = " product_service_quality/damaged "
	s.do(cmd)
	require.Equal(t, "product_service_quality/damaged", s.cb().WrapUp.RootCause)
	s.policy.RootCauses = RootCauses{{ID: "product_service_quality"}}
	s.refuse(ErrNoChange, cmd) // its answer got lost, and the tree has changed since
}

func TestResolvedAtTheFirstContact(t *testing.T) {
	t.Parallel()
	call := func(s *story, ends ...EndAttempt) *Callback {
		for _, end := range ends {
			s.now = later(s.now, s.cb().ReadyAt())
			s.do(Claim{AgentID: amina})
			s.do(StartAttempt{AgentID: amina})
			if end.Outcome == CallLater {
				end.CallAgainAt = s.now.Add(time.Hour)
			}
			s.do(end)
		}
		return s.cb()
	}
	again := EndAttempt{AgentID: amina, Outcome: CallLater}
	for name, c := range map[string]struct {
		ends    []EndAttempt
		outcome Outcome
		want    bool
	}{
		"at once":          {[]EndAttempt{reached}, Resolved, true},
		"after no answers": {[]EndAttempt{noReply, noReply, reached}, Resolved, true},
		"spoken to twice":  {[]EndAttempt{again, reached}, Resolved, false},
		"not resolved":     {[]EndAttempt{reached}, PartlyResolved, false},
		"nothing to do":    {[]EndAttempt{reached}, NoActionNeeded, false},
	} {
		s := in(t, Pending)
		call(s, c.ends...)
		cmd := written
		cmd.Outcome = c.outcome
		s.do(cmd)
		require.Equal(t, c.want, s.cb().WrapUp.FirstContact, name)
		s.refuse(ErrNoChange, cmd)
	}
	s := in(t, Completed)
	require.True(t, s.cb().WrapUp.FirstContact)
	s.do(Reopen{Reason: "it broke once more", By: "sam"})
	call(s, reached)
	s.do(written)
	require.False(t, s.cb().WrapUp.FirstContact, "it took two")
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for state := Pending; state <= Wrapping; state++ {
		s := in(t, state)
		holder := s.cb().Holder
		s.pass(time.Minute)
		ev := s.do(Cancel{Reason: " opted out ", By: "sam"})
		require.Equal(t, EventCanceled, ev.Type)
		require.Equal(t, "sam", ev.Actor)
		require.Empty(t, ev.Cause, "free text stays in the callback")
		require.Equal(t, Canceled, s.cb().State)
		require.Equal(t, "opted out", s.cb().CancelReason)
		require.Equal(t, "sam", s.cb().ClosedBy)
		require.Equal(t, s.now, s.cb().ClosedAt)
		require.Nil(t, s.cb().Holder)
		s.refuse(ErrNoChange, Cancel{Reason: "opted out", By: "sam"})
		s.impossible(Cancel{Reason: "opted out", By: "alex"})
		s.impossible(Cancel{Reason: "erased", By: "sam"})
		if holder != nil {
			s.impossible(Complete{AgentID: amina, Token: holder.Token, Outcome: Resolved, RootCause: "x", Note: "y"})
			s.refuse(ErrStaleToken, Release{AgentID: amina, Token: holder.Token - 1})
		}
	}
	require.Equal(t, []string{"reason", "by"}, in(t, Pending).wrong(Cancel{Reason: " "}))
}

func TestCancelWhileCallingEndsTheAttempt(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	s.pass(time.Minute)
	s.do(Cancel{Reason: "erased", By: "sam"})
	require.Equal(t, s.now, s.cb().Attempts[0].EndedAt)
	require.Equal(t, TechnicalFailure, s.cb().Attempts[0].Outcome)
	require.Zero(t, s.cb().Tries())
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := in(t, Completed)
	s.do(take("a2"))
	cb, err := s.agg.Find(key + "-2")
	require.NoError(t, err)
	require.Same(t, s.cb(), cb)
	_, err = s.agg.Find(key + "-1")
	require.ErrorIs(t, err, ErrNoCallback)
	none := NewAggregate(key)
	_, err = none.Find(key + "-1")
	require.ErrorIs(t, err, ErrNoCallback)
}

func TestParseID(t *testing.T) {
	t.Parallel()
	gotKey, n, ok := ParseID(ID("a-b", 12))
	require.True(t, ok)
	require.Equal(t, "a-b", gotKey)
	require.Equal(t, uint32(12), n)
	for _, bad := range []string{"", "abc", "-1", "abc-", "abc-0", "abc-01", "abc-x", "abc-+1", "abc-4294967296"} {
		_, _, ok := ParseID(bad)
		require.False(t, ok, bad)
	}
}

// What may be given is for the callback, however often it is closed and opened again.
func TestWhatMayBeGivenIsForTheCallback(t *testing.T) {
	t.Parallel()
	s := in(t, Wrapping)
	s.policy.Goodwill.Limits = map[string]GoodwillLimit{"agent": {Cents: 2000}, "lead": {Cents: 5000}}
	give := written
	give.Role, give.Gesture = "agent", Gesture{Kind: "voucher", Cents: 2000}
	again := func() {
		for _, cmd := range []Command{
			Reopen{Reason: "again", By: "sam"}, Claim{AgentID: amina}, StartAttempt{AgentID: amina}, reached,
		} {
			s.do(cmd)
		}
	}
	s.do(give)
	again()
	_, err := s.try(give)
	var beyond *GoodwillError
	require.ErrorAs(t, err, &beyond)
	require.EqualError(t, beyond, "the agent's role may give up to 20.00 EUR, and 20.00 is given already")
	give.Gesture.Cents = 1
	_, err = s.try(give)
	require.ErrorAs(t, err, &beyond)
	give.Role, give.Gesture.Cents = "lead", 3000
	s.do(give)
	again()
	_, err = s.try(give)
	require.ErrorAs(t, err, &beyond)
	s.do(written)
}
