package callback

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// attempt claims, starts and ends an attempt of amina's at the first moment the
// callback is ready.
func (s *story) attempt(o AttemptOutcome) Event {
	s.t.Helper()
	s.now = later(s.now, s.cb().ReadyAt())
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina, Token: s.token()})
	s.pass(time.Minute)
	cmd := EndAttempt{AgentID: amina, Token: s.token(), Outcome: o}
	if o == CallLater {
		cmd.CallAgainAt = s.now.Add(24 * time.Hour)
	}
	return s.do(cmd)
}

func TestStartAttempt(t *testing.T) {
	t.Parallel()
	s := in(t, Assigned)
	token := s.token()
	s.pass(2 * time.Minute)
	ev := s.do(StartAttempt{AgentID: amina, Token: token})
	require.Equal(t, EventAttemptStarted, ev.Type)
	require.Equal(t, []Attempt{{Number: 1, AgentID: amina, Token: token, StartedAt: s.now}}, s.cb().Attempts)
	require.Equal(t, s.now.Add(time.Hour), s.cb().DueAt())
	s.refuse(ErrNoChange, StartAttempt{AgentID: amina, Token: token})
	s.refuse(ErrNoChange, StartAttempt{AgentID: amina})
}

func TestWhatAnAttemptLeadsTo(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[AttemptOutcome]State{
		Reached: Wrapping, WrongNumber: Wrapping, Refused: Wrapping,
		NoAnswer: Pending, Busy: Pending, VoicemailLeft: Pending, TechnicalFailure: Pending,
	} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			s := in(t, Attempting)
			token := s.token()
			s.pass(3 * time.Minute)
			cmd := EndAttempt{AgentID: amina, Token: token, Outcome: outcome, Note: "rang twice"}
			ev := s.do(cmd)
			require.Equal(t, EventAttemptEnded, ev.Type)
			require.Equal(t, want, s.cb().State)
			require.Equal(t, Attempt{
				Number: 1, AgentID: amina, Token: token, StartedAt: t0, EndedAt: s.now,
				Outcome: outcome, Note: "rang twice",
			}, s.cb().Attempts[0])
			if want == Wrapping {
				require.Equal(t, s.now.Add(8*time.Hour), s.cb().DueAt())
				require.Equal(t, token, s.token())
			} else {
				require.Nil(t, s.cb().Holder)
				require.Equal(t, s.now.Add(2*time.Hour), s.cb().ReadyAt())
			}
			s.refuse(ErrNoChange, cmd)
			cmd.Token = 0
			s.refuse(ErrNoChange, cmd)
			cmd.AgentID = bruno
			_, err := s.try(cmd)
			require.Error(t, err)
			require.NotErrorIs(t, err, ErrNoChange, "only the caller's own repeat is no change")
		})
	}
}

// A repeat is known by its hold: a report of the former attempt never ends, nor
// seems to end, the next one.
func TestALateReportIsNotTheNextAttempts(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	first := EndAttempt{AgentID: amina, Token: s.token(), Outcome: NoAnswer}
	s.do(first)
	s.now = s.cb().ReadyAt()
	s.do(Claim{AgentID: amina})
	s.refuse(ErrNoChange, first)
	s.impossible(EndAttempt{AgentID: amina, Outcome: NoAnswer})
	s.do(StartAttempt{AgentID: amina})
	s.refuse(ErrStaleToken, first)
	require.Len(t, s.cb().Attempts, 2)
	require.True(t, s.cb().Attempts[1].Running())
}

func TestAnotherOutcomeIsNoRepeat(t *testing.T) {
	t.Parallel()
	s := in(t, Wrapping)
	s.impossible(EndAttempt{AgentID: amina, Token: s.token(), Outcome: NoAnswer})
	s = in(t, Attempting)
	token := s.token()
	s.do(noReply)
	s.refuse(ErrStaleToken, EndAttempt{AgentID: amina, Token: token, Outcome: Reached})
}

func TestGapsGrowAndThePolicyIsUsedUp(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	for n, gap := range []time.Duration{2 * time.Hour, 4 * time.Hour, 24 * time.Hour, 48 * time.Hour} {
		s.attempt([]AttemptOutcome{NoAnswer, Busy, VoicemailLeft, NoAnswer}[n])
		require.Equal(t, s.now.Add(gap), s.cb().ReadyAt())
		require.Equal(t, n+1, s.cb().Tries())
		s.refuse(ErrNotReady, Claim{AgentID: amina})
	}
	ev := s.attempt(VoicemailLeft)
	require.Equal(t, EventCompleted, ev.Type)
	require.Equal(t, CauseAttemptsUsedUp, ev.Cause)
	require.Equal(t, amina, ev.Actor)
	cb := s.cb()
	require.Equal(t, Completed, cb.State)
	require.Equal(t, &WrapUp{Outcome: Unreachable, At: s.now}, cb.WrapUp)
	require.Equal(t, s.now, cb.ClosedAt)
	require.Empty(t, cb.ClosedBy)
	require.Nil(t, cb.Holder)
	require.Len(t, cb.Attempts, 5)
	require.Equal(t, t0, cb.OpenedAt)
	s.refuse(ErrNoChange, EndAttempt{AgentID: amina, Token: cb.LastHolder.Token, Outcome: VoicemailLeft})
	s.impossible(EndAttempt{AgentID: amina, Outcome: NoAnswer})
}

func TestTheLastGapRepeats(t *testing.T) {
	t.Parallel()
	p := Policy{RetryGaps: []time.Duration{time.Hour, 3 * time.Hour}}
	for n, want := range map[int]time.Duration{0: time.Hour, 1: time.Hour, 2: 3 * time.Hour, 9: 3 * time.Hour} {
		require.Equal(t, want, p.gap(n))
	}
	require.Zero(t, Policy{}.gap(1))
}

func TestATechnicalFailureIsNoTry(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.policy.MaxAttempts = 1
	for n := range 3 {
		s.attempt(TechnicalFailure)
		require.Equal(t, Pending, s.cb().State)
		require.Zero(t, s.cb().Tries())
		require.Len(t, s.cb().Attempts, n+1)
		require.Equal(t, s.now.Add(2*time.Hour), s.cb().ReadyAt(), "the first gap")
	}
	s.attempt(NoAnswer)
	require.Equal(t, Completed, s.cb().State)
}

func TestCallLater(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	slot := t0.Add(30 * time.Hour)
	cmd := EndAttempt{AgentID: amina, Outcome: CallLater, CallAgainAt: slot, Note: "tomorrow afternoon"}
	s.do(cmd)
	require.Equal(t, Pending, s.cb().State)
	require.Equal(t, slot, s.cb().ReadyAt())
	require.Equal(t, slot, s.cb().Attempts[0].CallAgainAt)
	require.Equal(t, 1, s.cb().Tries())
	s.pass(40 * time.Hour)
	s.refuse(ErrNoChange, cmd)
}

// A customer who named a moment is called then, whatever was tried before.
func TestCallLaterIsNeverTheLast(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.policy.MaxAttempts = 2
	s.attempt(NoAnswer)
	s.attempt(CallLater)
	require.Equal(t, Pending, s.cb().State)
	s.attempt(TechnicalFailure)
	require.Equal(t, Pending, s.cb().State, "and our own failure does not count against it")
	s.attempt(NoAnswer)
	require.Equal(t, Completed, s.cb().State)
}

// A slot the customer chose earlier outlasts the policy's gap.
func TestARetryWaitsForTheCustomersMoment(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	al := alert("a2")
	al.Slots = []Slot{{From: t0.Add(24 * time.Hour)}}
	s.do(TakeAlert{Alert: al})
	s.do(noReply)
	require.Equal(t, al.Slots[0].From, s.cb().ReadyAt())
}

func TestEndAttemptNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	slot := t0.Add(time.Hour)
	require.Equal(t, []string{"agent_id", "outcome", "call_again_at", "note"}, s.wrong(EndAttempt{
		Outcome: "HUNG_UP", CallAgainAt: slot, Note: strings.Repeat("é", maxNote+1),
	}))
	for _, at := range []time.Time{{}, t0, t0.Add(-time.Hour), t0.Add(90*24*time.Hour + 1)} {
		require.Equal(t, []string{"call_again_at"}, s.wrong(EndAttempt{AgentID: amina, Outcome: CallLater, CallAgainAt: at}))
	}
	require.Equal(t, []string{"outcome"}, s.wrong(EndAttempt{AgentID: amina}))
	s.do(EndAttempt{
		AgentID: amina, Outcome: CallLater, CallAgainAt: t0.Add(90 * 24 * time.Hour),
		Note: strings.Repeat("é", maxNote),
	})
}

// What was said is taken though the lease has passed: the hold still stands.
func TestAReportAfterTheLease(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	s.pass(2 * time.Hour)
	s.do(reached)
	require.Equal(t, Wrapping, s.cb().State)
	s.pass(9 * time.Hour)
	s.do(written)
}

// Nothing new is begun in a lease that is over, however late the timer is.
func TestNothingNewAfterTheLease(t *testing.T) {
	t.Parallel()
	s := in(t, Assigned)
	s.now = s.cb().DueAt().Add(-1)
	_, err := s.policy.Decide(s.agg, StartAttempt{AgentID: amina}, s.now)
	require.NoError(t, err)
	s.pass(1)
	s.refuse(ErrLeaseOver, StartAttempt{AgentID: amina})
	s.refuse(ErrStaleToken, StartAttempt{AgentID: amina})

	s = in(t, Reserved)
	s.pass(30 * time.Second)
	s.refuse(ErrLeaseOver, Accept{AgentID: amina})
	s.do(Reject{AgentID: amina})
}

func TestAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.attempt(NoAnswer)
	for range MaxAttemptsKept + 5 {
		s.attempt(TechnicalFailure)
	}
	cb := s.cb()
	require.Len(t, cb.Attempts, MaxAttemptsKept)
	require.Equal(t, 1, cb.Attempts[0].Number, "what counts is kept")
	require.Equal(t, 1, cb.Tries())
	require.Equal(t, MaxAttemptsKept+6, cb.lastAttempt().Number)

	s = in(t, Pending)
	for range MaxAttemptsKept + 5 {
		s.attempt(CallLater)
	}
	require.Len(t, s.cb().Attempts, MaxAttemptsKept)
	s.attempt(NoAnswer)
	require.Equal(t, Completed, s.cb().State, "the policy is still used up")
}

// The largest aggregate there can be fits a message of one megabyte.
func TestTheLargestAggregate(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	for i := range MaxReasons + MaxTaken {
		al := alert(fmt.Sprintf("%0*d", maxAlertID, i))
		al.Reason.Verbatim = strings.Repeat("é", MaxVerbatimBytes)
		s.do(TakeAlert{Alert: al})
	}
	size := 0
	for _, r := range s.cb().Reasons {
		size += len(r.Verbatim) + len(r.AlertID)
	}
	for _, a := range s.agg.Taken {
		size += len(a.AlertID)
	}
	const widest = 4 // bytes a character
	size += MaxAttemptsKept*maxNote*widest + (maxNote+maxCause)*widest
	require.Less(t, size, 900<<10)
}

// Two decisions on one aggregate, as two processes take them, share no room to
// write in, though its slices have some to spare.
func TestDecisionsShareNoRoom(t *testing.T) {
	t.Parallel()
	for _, tried := range []int{1, MaxAttemptsKept} {
		s := in(t, Pending)
		for range tried {
			s.attempt(TechnicalFailure)
		}
		s.now = s.cb().ReadyAt()
		s.do(Claim{AgentID: amina})
		s.cb().Attempts = append(make([]Attempt, 0, 2*MaxAttemptsKept), s.cb().Attempts...)
		before := look(s.agg)

		first, err := s.policy.Decide(s.agg, StartAttempt{AgentID: amina}, s.now)
		require.NoError(t, err)
		_, err = s.policy.Decide(s.agg, StartAttempt{AgentID: amina}, s.now.Add(time.Second))
		require.NoError(t, err)
		require.Equal(t, s.now, first.Next.Callback.lastAttempt().StartedAt)
		require.Equal(t, before, look(s.agg))
	}
}
