package callback

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// forbid lists a pseudonym.
func (s *story) forbid(listed string) {
	s.policy.DoNotCall = func(keys ...string) bool { return slices.Contains(keys, listed) }
}

func takeAs(id string, aliases ...string) TakeAlert {
	al := alert(id)
	al.Aliases = aliases
	return TakeAlert{Alert: al}
}

// What is forbidden, by the customer's own pseudonym or another, ends before anybody
// calls; what an agent hears at that moment is written down.
func TestForbiddenInEveryState(t *testing.T) {
	t.Parallel()
	want := map[State]State{Pending: Canceled, Reserved: Canceled, Assigned: Canceled, Attempting: Attempting, Wrapping: Wrapping, Completed: Completed, Canceled: Canceled}
	for from, to := range want {
		for _, listed := range []string{key, alias} {
			t.Run(fmt.Sprint(from, " ", listed == alias), func(t *testing.T) {
				t.Parallel()
				s := in(t, from)
				s.cb().Aliases = []string{alias}
				s.refuse(ErrNoChange, Forbid{})
				s.forbid(listed)
				ev, err := s.try(Forbid{})
				require.Equal(t, to, s.cb().State)
				if from == to {
					require.ErrorIs(t, err, ErrNoChange)
					return
				}
				require.NoError(t, err)
				require.Equal(t, []any{EventCanceled, ActorDoNotCall}, []any{ev.Type, ev.Actor})
				require.Equal(t, reasonForbidden, s.cb().CancelReason)
				require.Nil(t, s.cb().Holder)
				require.False(t, s.cb().ClosedAt.IsZero())
				s.refuse(ErrNoChange, Forbid{})
			})
		}
	}
	s := newStory(t)
	s.forbid(key)
	s.refuse(ErrNoChange, Forbid{})
}

func TestNothingBringsAForbiddenCallNearer(t *testing.T) {
	t.Parallel()
	for state, commands := range map[State][]Command{
		Pending:  {Claim{AgentID: amina}, Offer{AgentID: amina}},
		Reserved: {Accept{AgentID: amina}}, Assigned: {StartAttempt{AgentID: amina}},
		Completed: {Reopen{Reason: "r", By: "sam"}}, Canceled: {Reopen{Reason: "r", By: "sam"}},
	} {
		for _, cmd := range commands {
			s := in(t, state)
			s.forbid(key)
			s.refuse(ErrDoNotCall, cmd)
		}
	}
	// A call that is under way is begun again and ended as ever; what comes after is not.
	s := in(t, Attempting)
	s.forbid(key)
	s.refuse(ErrNoChange, StartAttempt{AgentID: amina, Token: s.token()})
	s.do(ended(s.token(), NoAnswer))
	s.pass(DefaultPolicy().RetryGaps[0])
	s.refuse(ErrDoNotCall, Claim{AgentID: amina})
	s.do(Forbid{})
}

func TestAnAlertOpensNothingThatIsForbidden(t *testing.T) {
	t.Parallel()
	for name, cmd := range map[string]TakeAlert{"the key": take("a1"), "an alias": takeAs("a1", "other", alias)} {
		s := newStory(t)
		s.forbid(map[bool]string{true: key, false: alias}[name == "the key"])
		ev := s.do(cmd)
		require.Equal(t, []any{EventAlertNoted, ActorDoNotCall, "a1"}, []any{ev.Type, ev.Actor, ev.Cause}, name)
		require.Nil(t, s.cb())
		s.refuse(ErrNoChange, cmd)
		// Taken off the list, what was held back stays so; what comes later is called for.
		s.forbid("nobody")
		require.Equal(t, EventAlertNoted, s.do(TakeAlert{Alert: cmd.Alert.at(2)}).Type)
		require.Equal(t, EventOpened, s.do(takeAs("a2", alias)).Type)
	}
}

func TestWhatIsKnownOfACustomerGrows(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.do(takeAs("a1", key, "one"))
	require.Equal(t, []string{"one"}, s.cb().Aliases)
	s.do(takeAs("a2", "two", "one"))
	require.Equal(t, []string{"one", "two"}, s.cb().Aliases)
	// Who is found out to be listed by a later answer is no more called than others.
	s.forbid("three")
	s.do(takeAs("a3", "three"))
	s.do(Forbid{})
	require.Equal(t, Canceled, s.cb().State)
	// The next one knows what the one before knew.
	s.refuseToOpen(takeAs("a4"))
	s.forbid("nobody")
	s.do(takeAs("a5", "four"))
	require.Equal(t, []string{"four", "one", "two", "three"}, s.cb().Aliases)
	var many []string
	for i := range 2 * MaxAliases {
		many = append(many, fmt.Sprint("many", i))
	}
	s.do(takeAs("a6", many...))
	require.Len(t, s.cb().Aliases, MaxAliases)
}

func (s *story) refuseToOpen(cmd TakeAlert) {
	s.t.Helper()
	require.Equal(s.t, EventAlertNoted, s.do(cmd).Type)
	require.True(s.t, s.cb().State.Terminal())
}

// The customer's answer to how it went reopens nothing that is forbidden, and is linked.
func TestAFollowUpReopensNothingThatIsForbidden(t *testing.T) {
	t.Parallel()
	bad := TakeFollowUp{CallbackID: ID(key, 1), ResponseID: "r", Revision: 1, Scores: []Score{{Metric: NPS, Class: Detractor}}}
	s := in(t, Completed)
	s.forbid(key)
	require.Equal(t, EventFollowedUp, s.do(bad).Type)
	require.Equal(t, Completed, s.cb().State)
	about := alert("a9")
	about.FollowsUp = s.cb().ID
	require.Equal(t, EventAlertNoted, s.do(TakeAlert{Alert: about}).Type)
	_, err := s.try(Reopen{Reason: "r", By: "sam"})
	require.ErrorIs(t, err, ErrDoNotCall)
}
