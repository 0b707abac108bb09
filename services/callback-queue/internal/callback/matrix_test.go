package callback

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// columns are the commands of the matrix, each from amina, with the present
// hold's token, and never a repeat of what in has done.
var columns = []struct {
	name string
	late time.Duration
	cmd  func(token uint64) Command
}{
	{"take", 0, func(uint64) Command { return take("a2") }},
	{"withdraw", 0, func(uint64) Command { return WithdrawAlert{AlertID: "a1", Revision: 2} }},
	{"offer", 0, func(uint64) Command { return Offer{AgentID: amina, RequestID: "q2"} }},
	{"accept", 0, func(n uint64) Command { return Accept{AgentID: amina, Token: n} }},
	{"reject", 0, func(n uint64) Command { return Reject{AgentID: amina, Token: n} }},
	{"offer-ends", 24 * time.Hour, func(uint64) Command { return ExpireReservation{} }},
	{"claim", 0, func(uint64) Command { return Claim{AgentID: amina, RequestID: "q2"} }},
	{"start", 0, func(n uint64) Command { return StartAttempt{AgentID: amina, Token: n} }},
	{"reached", 0, func(n uint64) Command { return ended(n, Refused) }},
	{"no-reply", 0, func(n uint64) Command { return ended(n, NoAnswer) }},
	{"complete", 0, func(n uint64) Command {
		return Complete{AgentID: amina, Token: n, Outcome: Unresolved, RootCause: "x", Note: "y"}
	}},
	{"release", 0, func(n uint64) Command { return Release{AgentID: amina, Token: n} }},
	{"cancel", 0, func(uint64) Command { return Cancel{Reason: "opted out", By: "sam"} }},
	{"lease-ends", 24 * time.Hour, func(uint64) Command { return ExpireLease{} }},
	{"move", 0, func(uint64) Command { return Reschedule{NotBefore: t0.Add(time.Hour), By: "sam"} }},
	{"reopen", 0, func(uint64) Command { return Reopen{Reason: "called again", By: "sam"} }},
	{"transfer", 0, func(uint64) Command { return Transfer{Queue: "experts", Reason: "technical", By: "sam"} }},
	{"lost", 0, func(uint64) Command { return AgentLost{AgentID: amina} }},
	{"open-all", 24 * time.Hour, func(uint64) Command { return EndPreference{} }},
	{"nobody", 0, func(uint64) Command { return NoteUnattended{} }},
	{"asks", 24 * time.Hour, func(uint64) Command { return AskFollowUp{} }},
	{"followed", 0, func(uint64) Command { return TakeFollowUp{CallbackID: ID(key, 1), ResponseID: "r", Revision: 1} }},
	{"slot-ends", 24 * time.Hour, func(uint64) Command { return EndSlot{} }},
	{"sla-rings", 24 * time.Hour, func(uint64) Command { return CheckSLA{} }},
	{"escalate", 0, func(uint64) Command { return Escalate{Points: 20, Reason: "press", By: "sam"} }},
	{"forbid", 0, func(uint64) Command { return Forbid{} }},
	{"next", 0, func(uint64) Command { return OpenNext{} }},
	{"somebody", 0, func(uint64) Command { return NoteAttended{} }},
	{"requeue", 0, func(uint64) Command { return Requeue{Reason: "lost", By: "sam"} }},
}

func ended(token uint64, o AttemptOutcome) Command {
	return EndAttempt{AgentID: amina, Token: token, Outcome: o}
}

// matrix says for every state and command the next state, or why not:
// "-" not possible in this state, "=" nothing to change, "?" no callback.
const matrix = `
state       take        withdraw    offer     accept    reject   offer-ends  claim     start       reached   no-reply  complete   release  cancel    lease-ends  move     reopen   transfer  lost     open-all  nobody   asks  followed    slot-ends  sla-rings  escalate    forbid  next     somebody  requeue
none        pending     none        ?         ?         ?        =           ?         ?           ?         ?         ?          ?        ?         =           ?        ?        ?         =        =         =        =     ?           =          =          ?           =       =        =         ?
pending     pending     canceled    reserved  -         -        =           assigned  -           -         -         -          -        canceled  =           pending  -        pending   =        =         pending  =     pending     =          pending    pending     =       =        =         -
reserved    reserved    canceled    -         assigned  pending  pending     -         -           -         -         -          pending  canceled  =           -        -        pending   pending  =         =        =     reserved    =          reserved   reserved    =       =        =         pending
assigned    assigned    canceled    -         =         -        =           -         attempting  -         -         -          pending  canceled  pending     -        -        pending   pending  =         =        =     assigned    =          assigned   assigned    =       =        =         pending
attempting  attempting  attempting  -         -         -        =           -         =           wrapping  pending   -          -        canceled  pending     -        -        -         =        =         =        =     attempting  =          =          attempting  =       =        =         pending
wrapping    wrapping    wrapping    -         -         -        =           -         -           -         -         completed  -        canceled  wrapping    -        -        -         =        =         =        =     wrapping    =          =          wrapping    =       =        =         pending
completed   pending     completed   -         -         -        =           -         -           -         -         -          -        -         =           -        pending  -         =        =         =        =     completed   =          =          -           =       =        =         -
canceled    pending     canceled    -         -         -        =           -         -           -         -         -          -        -         =           -        pending  -         =        =         =        =     canceled    =          =          -           =       =        =         -
`

func TestMatrix(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(matrix), "\n")
	require.Len(t, lines, 1+stateCount)
	head := strings.Fields(lines[0])[1:]
	require.Len(t, head, len(columns))
	for from, line := range lines[1:] {
		state, cells := State(from), strings.Fields(line)
		require.Equal(t, state.String(), cells[0])
		require.Len(t, cells, 1+len(columns))
		for i, col := range columns {
			require.Equal(t, head[i], col.name)
			want := cells[1+i]
			t.Run(cells[0]+"/"+col.name, func(t *testing.T) {
				t.Parallel()
				s := in(t, state)
				s.pass(col.late)
				require.Equal(t, want, cell(t, s, col.cmd(s.token())))
			})
		}
	}
}

// cell tries the command and says what came of it, as the matrix does.
func cell(t *testing.T, s *story, cmd Command) string {
	t.Helper()
	before, number := s.agg, uint32(0)
	if s.cb() != nil {
		number = s.cb().Number
	}
	_, err := s.try(cmd)
	var te *TransitionError
	switch {
	case errors.Is(err, ErrNoCallback):
		return "?"
	case errors.Is(err, ErrNoChange):
		return "="
	case errors.As(err, &te):
		require.Equal(t, before.Callback.State, te.From)
		require.Equal(t, Allowed(te.From), te.Allowed)
		return "-"
	}
	require.NoError(t, err)
	require.Equal(t, before.EventNo+1, s.agg.EventNo)
	if s.cb() == nil {
		return StateUnspecified.String()
	}
	_, reopened := cmd.(Reopen)
	if before.Callback == nil || before.Callback.State.Terminal() && s.cb().State.Open() && !reopened {
		require.Equal(t, number+1, s.cb().Number)
	} else {
		require.Equal(t, number, s.cb().Number)
	}
	return s.cb().State.String()
}

// What the error says is possible must be possible: each allowed command, given
// rightly, is not refused as a transition.
func TestAllowedIsPossible(t *testing.T) {
	t.Parallel()
	rightly := map[string]Command{}
	for _, c := range columns {
		rightly[c.cmd(0).Name()] = c.cmd(0)
	}
	for state := Pending; int(state) < stateCount; state++ {
		require.Equal(t, state.Terminal(), contains(Allowed(state), "reopen"))
		require.NotEmpty(t, Allowed(state))
		for name, cmd := range rightly {
			if !contains(Allowed(state), name) {
				continue
			}
			_, err := in(t, state).try(cmd)
			require.NoError(t, err, "%s on %s", name, state)
		}
	}
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func TestTransitionErrorSaysWhatIsPossible(t *testing.T) {
	t.Parallel()
	te := in(t, Pending).impossible(StartAttempt{AgentID: amina})
	require.EqualError(t, te, "startAttempt is not possible on a callback that is pending; possible now: offer, claim, cancel, reschedule, transfer, escalate")
	te = in(t, Canceled).impossible(Claim{AgentID: amina})
	require.EqualError(t, te, "claim is not possible on a callback that is canceled; possible now: reopen")
}

// A state that no table knows is refused, not followed.
func TestUnknownStateIsRefused(t *testing.T) {
	t.Parallel()
	cb := Callback{State: State(200)}
	require.Error(t, cb.follow(claim))
	require.Equal(t, State(200), cb.State)
	require.Equal(t, "unknown", cb.State.String())
}
