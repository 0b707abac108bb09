package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
)

// outlined is what an outline keeps of an aggregate.
func outlined(a callback.Aggregate) callback.Aggregate {
	out := callback.Aggregate{CustomerKey: a.CustomerKey, Seq: a.Seq, EventNo: a.EventNo}
	if cb := a.Callback; cb != nil {
		out.Callback = &callback.Callback{
			ID: cb.ID, CustomerKey: a.CustomerKey, Number: cb.Number, State: cb.State, Queue: cb.Queue,
			Customer: callback.Customer{TimeZone: cb.Customer.TimeZone},
			Skills:   cb.Skills, Language: cb.Language, Priority: cb.Priority,
			OpenedAt: cb.OpenedAt, NotBefore: cb.NotBefore, FirstAttemptDue: cb.FirstAttemptDue, ClosedAt: cb.ClosedAt,
		}
		out.Callback.Preferred, out.Callback.Slots = cb.Preferred, cb.Slots
		out.Callback.NextAt, out.Callback.Country, out.Callback.Zones = cb.NextAt, cb.Country, cb.Zones
		if f := cb.FollowUp; f != nil {
			out.Callback.FollowUp = &callback.FollowUp{AskAt: f.AskAt, AskedAt: f.AskedAt}
		}
		if cb.SLA != nil {
			out.Callback.SLA = &callback.SLA{NextAt: cb.SLA.NextAt, State: cb.SLA.State}
		}
		if cb.Moved != nil {
			out.Callback.Moved = &callback.Move{From: cb.Moved.From, At: cb.Moved.At}
		}
		if h := cb.Holder; h != nil {
			out.Callback.Holder = &callback.Holder{AgentID: h.AgentID, LeaseExpiresAt: h.LeaseExpiresAt}
		}
	}
	return out
}

func TestAnOutlineIsTheWholeInBrief(t *testing.T) {
	t.Parallel()
	policy := callback.DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		e := callback.Event{Type: callback.EventOpened, Next: drawAggregate(t)}
		stored, body := there(t, e)
		whole := wire.Aggregate(stored, body, e.Next.Seq)
		brief, previous, err := wire.Outline(body, e.Next.Seq)
		require.NoError(t, err)
		require.Equal(t, outlined(whole), brief)
		require.Equal(t, stored.GetPreviousHash(), previous)
		if whole.Callback != nil {
			require.Equal(t, policy.Rank(whole.Callback), policy.Rank(brief.Callback))
			require.Equal(t, whole.Callback.Needs(), brief.Callback.Needs())
			require.Equal(t, whole.Callback.ReadyAt(), brief.Callback.ReadyAt())
			require.Equal(t, whole.Callback.DueAt(), brief.Callback.DueAt())
			require.Equal(t, whole.Callback.SLAState(), brief.Callback.SLAState())
			require.Equal(t, whole.Callback.WrapUpOverdue(), brief.Callback.WrapUpOverdue())
		}
	})
}

// The outline reads fields by number: they must be where the contract has them.
func TestTheOutlinesNumbersAreTheContracts(t *testing.T) {
	t.Parallel()
	event := (&eventsv1.CallbackEvent{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[string]int{"event_no": 2, "previous_hash": 3, "customer_key": 8, "callback": 9} {
		require.EqualValues(t, number, event.ByName(protoreflect.Name(name)).Number(), name)
	}
	cb := (&eventsv1.Callback{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[string]int{
		"id": 1, "number": 3, "state": 4, "customer": 5, "queue": 8, "skills": 9, "language": 10, "priority": 11, "opened_at": 12, "not_before": 14,
		"first_attempt_due": 15, "closed_at": 16, "holder": 17, "moved": 25, "preferred": 27, "sla": 29, "slots": 30, "follow_up": 31, "next_at": 36, "country": 37, "zones": 38,
	} {
		require.EqualValues(t, number, cb.ByName(protoreflect.Name(name)).Number(), name)
	}
	customer := (&eventsv1.Customer{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[string]int{"time_zone": 6} {
		require.EqualValues(t, number, customer.ByName(protoreflect.Name(name)).Number(), name)
	}
	move := (&eventsv1.Move{}).ProtoReflect().Descriptor().Fields()
	require.EqualValues(t, 1, move.ByName("from").Number())
	preference := (&eventsv1.Preference{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[string]int{"agent_id": 1, "until": 2} {
		require.EqualValues(t, number, preference.ByName(protoreflect.Name(name)).Number(), name)
	}
	slot := (&eventsv1.Slot{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[string]int{"from": 1, "to": 2} {
		require.EqualValues(t, number, slot.ByName(protoreflect.Name(name)).Number(), name)
	}
	followUp := (&eventsv1.FollowUp{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[string]int{"ask_at": 2, "asked_at": 3} {
		require.EqualValues(t, number, followUp.ByName(protoreflect.Name(name)).Number(), name)
	}
	sla := (&eventsv1.SLA{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[string]int{"next_at": 6, "state": 7} {
		require.EqualValues(t, number, sla.ByName(protoreflect.Name(name)).Number(), name)
	}
	holder := (&eventsv1.Holder{}).ProtoReflect().Descriptor().Fields()
	for name, number := range map[string]int{"agent_id": 1, "lease_expires_at": 4} {
		require.EqualValues(t, number, holder.ByName(protoreflect.Name(name)).Number(), name)
	}
}

func TestAnOutlineOfGarbageIsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"\xff not protobuf", "\x4a\x05\x0a\x09", "\x4a\x03\x62\x01\xff", "\x4a\x04\x8a\x01\x01\xff"} {
		_, _, err := wire.Outline([]byte(body), 1)
		require.Error(t, err, "%q", body)
	}
	rapid.Check(t, func(t *rapid.T) { // never a panic
		_, _, _ = wire.Outline(rapid.SliceOf(rapid.Byte()).Draw(t, "body"), 1)
	})
}
