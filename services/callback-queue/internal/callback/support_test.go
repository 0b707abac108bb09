package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	key   = "abcdefghijklmnopqrstuvwxyz"
	alias = "zyxwvutsrqponmlkjihgfedcba"
	amina = "amina"
	bruno = "bruno"
)

// t0 is when the tests' stories begin.
var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// story is one customer, with the clock and the stream of a test.
type story struct {
	t      testing.TB
	policy Policy
	agg    Aggregate
	now    time.Time
	seq    uint64
}

func newStory(t testing.TB) *story {
	t.Helper()
	return &story{t: t, policy: DefaultPolicy(), agg: NewAggregate(key), now: t0, seq: 100}
}

// try decides and, if there is an event, commits it.
func (s *story) try(cmd Command) (Event, error) {
	ev, err := s.policy.Decide(s.agg, cmd, s.now)
	if err != nil {
		return ev, err
	}
	s.seq++
	s.agg = ev.Next
	s.agg.LastHash[0]++
	s.agg.Loaded(s.seq)
	return ev, nil
}

// do decides and commits a command that must work.
func (s *story) do(cmd Command) Event {
	s.t.Helper()
	ev, err := s.try(cmd)
	require.NoError(s.t, err)
	return ev
}

// refuse decides a command that must fail with want, and changes nothing.
func (s *story) refuse(want error, cmd Command) {
	s.t.Helper()
	_, err := s.policy.Decide(s.agg, cmd, s.now)
	require.ErrorIs(s.t, err, want)
}

// impossible decides a command that the state does not allow.
func (s *story) impossible(cmd Command) *TransitionError {
	s.t.Helper()
	_, err := s.policy.Decide(s.agg, cmd, s.now)
	var te *TransitionError
	require.ErrorAs(s.t, err, &te)
	require.Equal(s.t, cmd.Name(), te.Command)
	return te
}

// wrong decides a command that is wrong in itself, and returns the fields named.
func (s *story) wrong(cmd Command) []string {
	s.t.Helper()
	_, err := s.policy.Decide(s.agg, cmd, s.now)
	var ve *ValidationError
	require.ErrorAs(s.t, err, &ve)
	var names []string
	for _, f := range ve.Fields {
		names = append(names, f.Field)
	}
	return names
}

func (s *story) pass(d time.Duration) { s.now = s.now.Add(d) }

func (s *story) cb() *Callback { return s.agg.Callback }

// token is the present hold's; 0 when there is none.
func (s *story) token() uint64 {
	if s.cb() == nil || s.cb().Holder == nil {
		return 0
	}
	return s.cb().Holder.Token
}

// alert is a detractor's, at revision 1.
func alert(id string) Alert {
	return Alert{
		AlertID: id, Rule: "detractor", Revision: 1, CustomerKey: key,
		Customer: Customer{ID: "C-1", Name: "Camille", Phone: "+33612345678", Language: "fr"},
		Reason: Reason{
			Survey: "apres-livraison", ResponseID: "r-" + id, Metric: NPS, Class: Detractor,
			Value: 2, HasValue: true, Scale: Scale{Max: 10}, Satisfaction: 20,
			Verbatim: "Livré en retard.", Channel: "email", Touchpoint: "delivery",
			SubmittedAt: t0.Add(-time.Minute), Priority: 50,
		},
		Queue: "care", RaisedAt: t0,
	}
}

// at is the alert at a revision.
func (a Alert) at(revision uint32) Alert {
	a.Revision = revision
	return a
}

func take(id string) TakeAlert { return TakeAlert{Alert: alert(id)} }

// reached ends an attempt of amina's well; written closes a wrap-up of hers.
var (
	reached = EndAttempt{AgentID: amina, Outcome: Reached}
	noReply = EndAttempt{AgentID: amina, Outcome: NoAnswer}
	written = Complete{AgentID: amina, Outcome: Resolved, RootCause: "late parcel", Note: "refund promised"}
)

// in is a story whose callback is in a state, with amina holding it where
// somebody does. StateUnspecified is a customer without a callback.
func in(t testing.TB, state State) *story {
	t.Helper()
	s := newStory(t)
	path := map[State][]Command{
		StateUnspecified: nil,
		Pending:          {take("a1")},
		Reserved:         {take("a1"), Offer{AgentID: amina, RequestID: "q1"}},
		Assigned:         {take("a1"), Claim{AgentID: amina, RequestID: "q1"}},
		Attempting:       {take("a1"), Claim{AgentID: amina, RequestID: "q1"}, StartAttempt{AgentID: amina}},
		Wrapping:         {take("a1"), Claim{AgentID: amina, RequestID: "q1"}, StartAttempt{AgentID: amina}, reached},
		Completed:        {take("a1"), Claim{AgentID: amina, RequestID: "q1"}, StartAttempt{AgentID: amina}, reached, written},
		Canceled:         {take("a1"), Cancel{Reason: "moved away", By: "sam"}},
	}
	for _, cmd := range path[state] {
		s.do(cmd)
	}
	if state != StateUnspecified {
		require.Equal(t, state, s.cb().State)
	}
	return s
}
