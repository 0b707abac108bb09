package callback

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func withdraw(id string, revision uint32) WithdrawAlert {
	return WithdrawAlert{AlertID: id, Revision: revision}
}

func TestACorrectedScoreCancelsIfNobodyStarted(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Pending, Reserved, Assigned} {
		s := in(t, state)
		ev := s.do(withdraw("a1", 2))
		require.Equal(t, EventCanceled, ev.Type)
		cb := s.cb()
		require.Equal(t, Canceled, cb.State)
		require.Equal(t, reasonCorrected, cb.CancelReason)
		require.Empty(t, cb.ClosedBy)
		require.Equal(t, s.now, cb.ClosedAt)
		require.Nil(t, cb.Holder)
		require.Zero(t, cb.Priority)
		require.True(t, cb.Reasons[0].Withdrawn, "kept to be seen")
		require.Equal(t, "Livré en retard.", cb.Reasons[0].Verbatim)
	}
}

func TestACorrectedScoreIsOnlyMarkedOnceSomebodyStarted(t *testing.T) {
	t.Parallel()
	retrying := in(t, Attempting)
	retrying.do(noReply)
	for _, s := range []*story{in(t, Attempting), in(t, Wrapping), retrying} {
		state := s.cb().State
		ev := s.do(withdraw("a1", 2))
		require.Equal(t, EventReasonWithdrawn, ev.Type)
		require.Equal(t, state, s.cb().State)
		require.True(t, s.cb().Reasons[0].Withdrawn)
		require.Zero(t, s.cb().Priority)
	}
}

func TestOtherReasonsKeepTheCallback(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	worse := alert("a2")
	worse.Reason.Priority = 80
	s.do(TakeAlert{Alert: worse})
	require.Equal(t, 88+5, s.cb().Priority)

	require.Equal(t, EventReasonWithdrawn, s.do(withdraw("a2", 2)).Type)
	require.Equal(t, Pending, s.cb().State)
	require.Equal(t, 58, s.cb().Priority)

	ev := s.do(WithdrawAlert{AlertID: "a1", Revision: 2, Reason: "score corrected"})
	require.Equal(t, EventCanceled, ev.Type)
	require.Equal(t, "score corrected", s.cb().CancelReason)
}

// Events of one alert may come in any order; the highest revision decides.
func TestAWithdrawalThatCameFirst(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	ev := s.do(withdraw("a1", 2))
	require.Equal(t, EventAlertNoted, ev.Type)
	require.Nil(t, s.cb())
	require.Equal(t, []TakenAlert{{AlertID: "a1", Revision: 2, Resolved: true}}, s.agg.Taken)
	s.refuse(ErrNoChange, take("a1"))
	s.refuse(ErrNoChange, TakeAlert{Alert: alert("a1").at(2)})

	s.do(withdraw("a1", 4))
	s.refuse(ErrNoChange, TakeAlert{Alert: alert("a1").at(3)})
	s.do(TakeAlert{Alert: alert("a1").at(5)})
	require.Equal(t, Pending, s.cb().State)
}

func TestARepeatedOrLateWithdrawal(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.do(TakeAlert{Alert: alert("a1").at(3)})
	s.refuse(ErrNoChange, withdraw("a1", 2))
	s.do(withdraw("a1", 3))
	require.Equal(t, Canceled, s.cb().State, "at the same revision the withdrawal wins")
	s.refuse(ErrNoChange, withdraw("a1", 3))
}

// 0, then 9, then 1.
func TestRaisedAgainAfterAWithdrawal(t *testing.T) {
	t.Parallel()
	t.Run("the callback was canceled: the next opens", func(t *testing.T) {
		t.Parallel()
		s := in(t, Pending)
		s.do(withdraw("a1", 2))
		ev := s.do(TakeAlert{Alert: alert("a1").at(3)})
		require.Equal(t, EventOpened, ev.Type)
		require.Equal(t, key+"-2", s.cb().ID)
		require.False(t, s.cb().Reasons[0].Withdrawn)
	})
	t.Run("the callback is open: the reason counts again", func(t *testing.T) {
		t.Parallel()
		s := in(t, Attempting)
		s.do(withdraw("a1", 2))
		ev := s.do(TakeAlert{Alert: alert("a1").at(3)})
		require.Equal(t, EventEnriched, ev.Type)
		require.Len(t, s.cb().Reasons, 1)
		require.False(t, s.cb().Reasons[0].Withdrawn)
		require.Equal(t, 58, s.cb().Priority)
	})
	t.Run("another one is open by now: it joins", func(t *testing.T) {
		t.Parallel()
		s := in(t, Pending)
		s.do(withdraw("a1", 2))
		s.do(take("a2"))
		s.do(TakeAlert{Alert: alert("a1").at(3)})
		require.Equal(t, key+"-2", s.cb().ID)
		require.Len(t, s.cb().Reasons, 2)
	})
}

func TestWithdrawAlertNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	long := string(make([]byte, maxReason+1))
	require.Equal(t, []string{"alert_id", "reason"}, newStory(t).wrong(WithdrawAlert{Reason: long}))

	_, err := DefaultPolicy().Decide(Aggregate{}, withdraw("a1", 1), t0)
	var ve *ValidationError
	require.ErrorAs(t, err, &ve, "nobody says whose alert it is")
}

func TestAWithdrawalOfWhatIsSettledIsNotedOnce(t *testing.T) {
	t.Parallel()
	s := in(t, Completed)
	s.refuse(ErrNoChange, withdraw("a1", 1))
	require.Equal(t, EventAlertNoted, s.do(withdraw("a1", 2)).Type)
	s.refuse(ErrNoChange, withdraw("a1", 2))
	require.Equal(t, []TakenAlert{{AlertID: "a1", Revision: 2}}, s.agg.Taken)
}
