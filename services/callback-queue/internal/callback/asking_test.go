package callback

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// asking is an alert that asks for skills and a queue, at a severity.
func asking(id string, s Severity, queue string, skills ...string) TakeAlert {
	al := alert(id)
	al.Severity, al.Queue, al.Skills = s, queue, skills
	return TakeAlert{Alert: al}
}

// The worst reason says who is to call, and where it waits: not the first that came.
func TestTheWorstReasonIsCalledFor(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.do(asking("a1", Low, "care", "billing"))
	s.do(asking("a2", Low, "vip", "legal"))
	require.Equal(t, []any{"care", []string{"billing"}}, []any{s.cb().Queue, s.cb().Skills}, "as bad as the first: that counts")
	s.do(asking("a3", Critical, "retention", "retention:3"))
	require.Equal(t, []any{"retention", []string{"retention:3"}}, []any{s.cb().Queue, s.cb().Skills})
	require.Equal(t, &Move{From: "care", At: t0, By: ActorAlerting}, s.cb().Moved)
	s.do(asking("a4", Critical, ""))
	require.Equal(t, "retention", s.cb().Queue)
	s.do(WithdrawAlert{AlertID: "a3", Revision: 2})
	require.Equal(t, []string{"billing"}, s.cb().Skills, "and no longer once it is corrected")
	require.Equal(t, "retention", s.cb().Queue, "nobody moves it back")
}

// Where somebody has put it, it stays; whoever has it in hand keeps it.
func TestAWorseReasonMovesNothingThatSomebodyMoved(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.do(Transfer{Queue: "experts", Reason: "technical", By: "sam"})
	s.do(asking("a3", Critical, "retention", "retention"))
	require.Equal(t, []any{"experts", []string{"retention"}}, []any{s.cb().Queue, s.cb().Skills})
	s = in(t, Assigned)
	s.do(asking("a3", Critical, "retention", "retention"))
	require.Equal(t, []any{"care", Assigned}, []any{s.cb().Queue, s.cb().State})
}

// What a step of the SLA gave up is not asked for again by the next reason.
func TestWhatWasGivenUpIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.policy.SLAs = []SLAPolicy{{Name: "wide", Steps: []Step{{Target: FirstAttempt, Since: Breach, Widen: true, WidenTo: []Skill{{"billing", 1}}}}}}
	s.do(asking("a1", Low, "care", "billing:4", "vip"))
	for range 2 {
		s.now = s.cb().DueAt()
		s.do(CheckSLA{})
	}
	require.Equal(t, []string{"billing"}, s.cb().Skills)
	s.do(asking("a2", Critical, "care", "billing:9", "legal"))
	require.Equal(t, []string{"billing"}, s.cb().Skills)
}
