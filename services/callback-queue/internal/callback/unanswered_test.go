package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// critical is a critical alert, raised now.
func (s *story) critical(id string) TakeAlert {
	al := alert(id)
	al.Severity, al.RaisedAt = Critical, s.now
	return TakeAlert{Alert: al}
}

// settle gives what is due, as the timers do, until nothing is.
func (s *story) settle() {
	s.t.Helper()
	for range 20 {
		if at := s.cb().DueAt(); at.IsZero() || at.After(s.now) {
			return
		}
		s.do(s.cb().DueCommand())
	}
	s.t.Fatal("the timers never rest")
}

// What the customer complains of after the call is not what the agent writes down: it
// is called for.
func TestAComplaintDuringTheWrapUpIsCalledFor(t *testing.T) {
	t.Parallel()
	s := in(t, Wrapping)
	s.policy.SLAs = slas
	s.pass(time.Minute)
	s.do(s.critical("a2"))
	raised := s.now
	s.pass(time.Minute)
	s.do(written)
	require.Equal(t, Completed, s.cb().State)
	s.settle()

	require.Equal(t, Pending, s.cb().State)
	require.Equal(t, ID(key, 2), s.cb().ID)
	require.Len(t, s.cb().Reasons, 1)
	require.Equal(t, "a2", s.cb().Reasons[0].AlertID)
	require.Equal(t, raised, s.cb().OpenedAt, "its age is its own")
	require.Equal(t, raised.Add(time.Hour), s.cb().FirstAttemptDue, "and so are its clocks")
	require.Equal(t, "critical", s.cb().SLA.Policy)
}

// A wrap-up that nobody writes does not bury what came after the call.
func TestAnOverdueWrapUpBuriesNoComplaint(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]time.Duration{"overdue before": 48 * time.Hour, "overdue after": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := in(t, Wrapping)
			s.policy.SLAs = slas
			s.pass(late)
			s.settle()
			require.Equal(t, Wrapping, s.cb().State)
			s.do(s.critical("a2"))
			raised := s.now
			require.False(t, s.cb().DueAt().IsZero())
			require.LessOrEqual(t, s.cb().DueAt(), raised.Add(time.Hour), "it waits no longer than was promised")
			s.now = later(s.now, s.cb().DueAt())
			s.settle()

			require.Equal(t, Pending, s.cb().State)
			require.Equal(t, t0, s.cb().OpenedAt)
			require.Equal(t, raised.Add(time.Hour), s.cb().FirstAttemptDue)
			require.Zero(t, s.cb().Tries(), "the new complaint has all its tries")
			s.do(Claim{AgentID: bruno})
		})
	}
}

// Between the completion and the next opening, whatever comes finds the next opened.
func TestNothingIsLostBeforeTheNextIsOpened(t *testing.T) {
	t.Parallel()
	owing := func() *story {
		s := in(t, Wrapping)
		s.do(s.critical("a2"))
		s.do(written)
		return s
	}
	s := owing()
	require.Equal(t, Completed, s.cb().State)
	require.True(t, s.cb().Reasons[1].Unanswered)
	require.Equal(t, EventOpened, s.do(take("a3")).Type)
	require.Equal(t, ID(key, 2), s.cb().ID)
	require.Len(t, s.cb().Reasons, 2)

	s = owing()
	require.Equal(t, EventOpened, s.do(TakeAlert{Alert: s.critical("a2").Alert.at(2)}).Type, "a revision of it")
	require.Len(t, s.cb().Reasons, 1)
	require.Equal(t, uint32(2), s.cb().Reasons[0].Revision)

	s = owing()
	require.Equal(t, EventReasonWithdrawn, s.do(WithdrawAlert{AlertID: "a2", Revision: 2}).Type)
	s.refuse(ErrNoChange, OpenNext{})
	require.Zero(t, s.cb().DueAt())

	s = owing()
	s.do(Reopen{Reason: "again", By: "sam"})
	require.Equal(t, ID(key, 1), s.cb().ID, "who is called again anyway has one callback")
	s.refuse(ErrNoChange, OpenNext{})

	s = owing()
	s.policy.DoNotCall = func(...string) bool { return true }
	require.Equal(t, EventReasonWithdrawn, s.do(OpenNext{}).Type)
	require.Zero(t, s.cb().DueAt())

	s = owing()
	s.do(OpenNext{})
	s.refuse(ErrNoChange, OpenNext{})
	s.refuse(ErrNoChange, s.critical("a2"))
}

// What is said during the call is talked about; what a later revision only adds words to
// is no new complaint, and what it makes worse is one.
func TestWhatTheConversationWasAbout(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	s.do(take("a2"))
	s.do(reached)
	s.do(written)
	require.Zero(t, s.cb().DueAt())

	s = in(t, Wrapping)
	words := alert("a1").at(2)
	words.Reason.Verbatim += " Merci."
	s.do(TakeAlert{Alert: words})
	worse := alert("a1").at(3)
	require.Empty(t, s.cb().unanswered())
	worse.Reason.Satisfaction = 0
	s.do(TakeAlert{Alert: worse})
	require.Len(t, s.cb().unanswered(), 1)
	s.do(written)
	s.do(OpenNext{})
	require.Equal(t, Pending, s.cb().State)
}

// The last try finds nobody, and a complaint came meanwhile: it has tries of its own.
func TestAComplaintDuringTheLastTryHasItsOwn(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.policy.MaxAttempts = 1
	for _, cmd := range []Command{take("a1"), Claim{AgentID: amina}, StartAttempt{AgentID: amina}, take("a2"), noReply} {
		s.do(cmd)
	}
	require.Equal(t, Unreachable, s.cb().WrapUp.Outcome)
	s.do(s.cb().DueCommand())
	require.Equal(t, ID(key, 2), s.cb().ID)
}

// Many reasons are only counted, but none that is unanswered.
func TestAnUnansweredReasonIsKeptWhole(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	for i := range MaxReasons + 3 {
		s.do(take(string(rune('A'+i)) + "x"))
	}
	for _, cmd := range []Command{Claim{AgentID: amina}, StartAttempt{AgentID: amina}, reached, take("late"), written, OpenNext{}} {
		s.do(cmd)
	}
	require.Equal(t, "late", s.cb().Reasons[0].AlertID)
}
