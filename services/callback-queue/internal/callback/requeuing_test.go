package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a lost agent had in hand can be taken back, with its age, whatever they were about.
func TestASupervisorTakesBackWhatALostAgentHad(t *testing.T) {
	t.Parallel()
	for state := Reserved; state <= Wrapping; state++ {
		t.Run(state.String(), func(t *testing.T) {
			t.Parallel()
			s := in(t, state)
			token := s.token()
			s.pass(time.Minute)
			cmd := Requeue{Reason: " her line is dead ", By: "sam"}
			ev := s.do(cmd)
			require.Equal(t, []any{EventRequeued, "sam"}, []any{ev.Type, ev.Actor})
			s.refuse(ErrNoChange, cmd)
			cb := s.cb()
			require.Equal(t, []any{Pending, t0, t0}, []any{cb.State, cb.OpenedAt, cb.ReadyAt()})
			require.Equal(t, "her line is dead", cb.LastHolder.EndReason)
			require.Zero(t, cb.Tries(), "a call of which nothing is known is no try")
			s.refuse(ErrStaleToken, Complete{AgentID: amina, Token: token, Outcome: Resolved, RootCause: "x", Note: "y"})
			s.do(Claim{AgentID: bruno})
		})
	}
	for _, state := range []State{Pending, Completed, Canceled} {
		_ = in(t, state).impossible(Requeue{Reason: "r", By: "sam"})
	}
	require.Equal(t, []string{"reason", "by"}, in(t, Assigned).wrong(Requeue{}))
}
