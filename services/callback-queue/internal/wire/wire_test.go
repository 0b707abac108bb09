package wire_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
)

// there sends a decision through the bytes that are stored.
func there(t require.TestingT, e callback.Event) (*eventsv1.CallbackEvent, []byte) {
	body, err := proto.Marshal(wire.Event(e, "e-1"))
	require.NoError(t, err)
	stored := &eventsv1.CallbackEvent{}
	require.NoError(t, proto.Unmarshal(body, stored))
	return stored, body
}

// What an event decides of the SLA is told with it, for who counts percent met.
func TestWhatIsDecidedIsTold(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	stored, _ := there(t, callback.Event{Type: callback.EventCompleted, SLA: []callback.SLAOutcome{
		{Target: callback.Resolution, Kept: true, Queue: "care", Team: "lille", AgentID: "amina", DueAt: due},
	}})
	require.Len(t, stored.GetSlaOutcomes(), 1)
	o := stored.GetSlaOutcomes()[0]
	require.Equal(t, []any{eventsv1.SLA_RESOLUTION, true, "care", "lille", "amina", due},
		[]any{o.GetTarget(), o.GetKept(), o.GetQueue(), o.GetTeam(), o.GetAgentId(), o.GetDueAt().AsTime()})
}

func TestAggregatesComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := callback.Event{
			Type: rapid.SampledFrom(eventTypes).Draw(t, "type"), Actor: texts.Draw(t, "actor"), Cause: texts.Draw(t, "cause"),
			At: moments.Draw(t, "at"), Next: drawAggregate(t),
		}
		stored, body := there(t, e)
		want := e.Next
		want.LastHash = sha256.Sum256(body)
		require.Equal(t, want, wire.Aggregate(stored, body, e.Next.Seq))

		require.Equal(t, "e-1", stored.GetEventId())
		require.Equal(t, string(e.Type), stored.GetType().String())
		require.Equal(t, e.Actor, stored.GetActor())
		require.Equal(t, e.Cause, stored.GetCause())
		if !e.At.IsZero() {
			require.True(t, e.At.Equal(stored.GetOccurredAt().AsTime()))
		}
	})
}

// A commit does not know its own sequence: the hold it gives is stored without a
// token, and whoever reads it fills the token in.
func TestTheCommitsSequenceBecomesTheToken(t *testing.T) {
	t.Parallel()
	given := callback.Aggregate{CustomerKey: "k", EventNo: 2, Callback: &callback.Callback{
		ID: "k-1", State: callback.Assigned, Holder: &callback.Holder{AgentID: "amina"},
	}}
	stored, body := there(t, callback.Event{Type: callback.EventClaimed, Next: given})
	require.Zero(t, stored.GetCallback().GetHolder().GetToken())
	require.EqualValues(t, 77, wire.Aggregate(stored, body, 77).Callback.Holder.Token)

	given.Callback.Holder.Token = 77 // the next event keeps it
	stored, body = there(t, callback.Event{Type: callback.EventAttemptStarted, Next: given})
	require.EqualValues(t, 77, wire.Aggregate(stored, body, 99).Callback.Holder.Token)
}

func TestEventsAreChainedByHash(t *testing.T) {
	t.Parallel()
	first, body := there(t, callback.Event{Type: callback.EventOpened, Next: callback.Aggregate{
		CustomerKey: "k", EventNo: 1, LastHash: [32]byte{1},
	}})
	require.Empty(t, first.GetPreviousHash(), "the first has none before it")

	next := wire.Aggregate(first, body, 5)
	next.EventNo++
	second, _ := there(t, callback.Event{Type: callback.EventEnriched, Next: next})
	sum := sha256.Sum256(body)
	require.Equal(t, sum[:], second.GetPreviousHash())
}

// Each word of the domain has one number in the contract, and each number of the
// contract is a word of the domain.
func TestEveryWordHasANumberAndBack(t *testing.T) {
	t.Parallel()
	same(t, eventTypes, eventsv1.CallbackEvent_Type(0).Descriptor(), "TYPE_UNSPECIFIED")
	same(t, metrics, eventsv1.Metric(0).Descriptor(), "METRIC_UNSPECIFIED")
	same(t, classes, eventsv1.Class(0).Descriptor(), "CLASS_UNSPECIFIED")
	same(t, attemptOutcomes, eventsv1.Attempt_Outcome(0).Descriptor(), "OUTCOME_UNSPECIFIED")
	same(t, outcomes, eventsv1.WrapUp_Outcome(0).Descriptor(), "OUTCOME_UNSPECIFIED")

	numbers := eventsv1.Callback_State(0).Descriptor().Values()
	require.Equal(t, len(states)+1, numbers.Len())
	for _, s := range states {
		v := numbers.ByNumber(protoreflect.EnumNumber(s))
		require.NotNil(t, v, s.String())
		require.EqualValues(t, upper(s.String()), v.Name(), "the number must not move")
	}
	require.EqualValues(t, "STATE_UNSPECIFIED", numbers.ByNumber(protoreflect.EnumNumber(callback.StateUnspecified)).Name())
}

func same[T ~string](t *testing.T, words []T, d protoreflect.EnumDescriptor, unspecified string) {
	t.Helper()
	names := []string{unspecified}
	for _, w := range words {
		names = append(names, string(w))
	}
	var contract []string
	for i := range d.Values().Len() {
		contract = append(contract, string(d.Values().Get(i).Name()))
	}
	require.ElementsMatch(t, names, contract, d.FullName())
}

func upper(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] -= 'a' - 'A'
	}
	return string(b)
}

// A number from a later version of the contract is no known word: the domain
// refuses it by name, rather than taking it for another.
func TestNumbersOfALaterVersionAreNoWord(t *testing.T) {
	t.Parallel()
	require.NotContains(t, attemptOutcomes, wire.AttemptOutcome(99))
	require.NotEmpty(t, wire.AttemptOutcome(99))
	require.NotContains(t, outcomes, wire.Outcome(99))
	require.NotEmpty(t, wire.Outcome(99))
	require.Empty(t, wire.AttemptOutcome(0))
	require.Empty(t, wire.Outcome(0))
}

func TestNothingStaysNothing(t *testing.T) {
	t.Parallel()
	require.Nil(t, wire.Callback(nil))
	require.Nil(t, wire.FromCallback(nil))
	empty := wire.Callback(&callback.Callback{ID: "k-1", Reasons: []callback.Reason{{AlertID: "a"}}})
	require.Nil(t, empty.GetCustomer())
	require.Nil(t, empty.GetHolder())
	require.Nil(t, empty.GetNotBefore())
	require.Nil(t, empty.GetReasons()[0].Value)
	require.Nil(t, empty.GetReasons()[0].Scale)
}
