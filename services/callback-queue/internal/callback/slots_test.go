package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// hour is so many hours after the story's beginning.
func hour(n float64) time.Time { return t0.Add(time.Duration(n * float64(time.Hour))) }

func slot(from, to float64) Slot { return Slot{From: hour(from), To: hour(to)} }

// slotted is a story whose customer chose slots.
func slotted(t *testing.T, slots ...Slot) *story {
	t.Helper()
	s, al := newStory(t), alert("a1")
	al.Slots = slots
	s.do(TakeAlert{al})
	return s
}

// One slot after the other; after the last, at any time.
func TestACallbackWaitsForTheCustomersSlots(t *testing.T) {
	t.Parallel()
	s := slotted(t, slot(24, 26), slot(2, 4), slot(-3, -1))
	require.Equal(t, []Slot{slot(2, 4), slot(24, 26)}, s.cb().Slots)
	require.Equal(t, hour(2), s.cb().ReadyAt())
	require.Equal(t, hour(26), s.cb().FirstAttemptDue, "the clock begins with the slot")
	require.Equal(t, hour(4), s.cb().DueAt())
	s.refuse(ErrNoChange, EndSlot{})
	s.now = hour(4)
	ev := s.do(EndSlot{})
	require.Equal(t, []any{EventSlotEnded, ActorTimer}, []any{ev.Type, ev.Actor})
	require.Equal(t, hour(24), s.cb().ReadyAt())
	require.Equal(t, hour(46), s.cb().FirstAttemptDue, "and stands still until the next; two hours of it have passed")
	s.now = hour(26)
	s.do(EndSlot{})
	require.Equal(t, []any{t0, []Slot(nil)}, []any{s.cb().ReadyAt(), s.cb().Slots})
	s.do(Claim{AgentID: amina})
}

// In a slot that has begun the callback is ready at once.
func TestASlotThatHasBegun(t *testing.T) {
	t.Parallel()
	s := slotted(t, slot(-1, 1))
	require.Zero(t, s.cb().NotBefore)
	s.do(Claim{AgentID: amina})
	require.NotEqual(t, hour(1), s.cb().DueAt(), "a slot is no lease: who has it in hand calls")
	s.pass(2 * time.Hour)
	s.do(ExpireLease{})
	require.Equal(t, EndSlot{}, s.cb().DueCommand())
	s.do(EndSlot{})
	require.Zero(t, s.cb().NotBefore)
}

// Slots in which nobody may be called are passed over, and others cut.
func TestSlotsAndCallingHours(t *testing.T) {
	t.Parallel()
	s, al := withHours(t, newStory(t)), alert("a1") // 9 to 19 in Paris, and t0 is a Friday at 10:30 there
	day := func(text string) time.Time { return at(t, text) }
	al.Slots = []Slot{
		{day("2026-11-20 21:00"), day("2026-11-20 23:00")}, // at night
		{day("2026-11-22 10:00"), day("2026-11-22 12:00")}, // on a Sunday
		{day("2026-11-23 06:00"), day("2026-11-23 12:00")},
	}
	s.do(TakeAlert{al})
	first, ok := calendar.NextOpen(s.policy.Window(s.cb().Needs()), day("2026-11-23 06:00"))
	require.True(t, ok)
	require.Equal(t, first.UTC(), s.cb().NotBefore)
	require.Len(t, s.cb().Slots, 1)
}

// Slots that can't be kept are no reason not to call.
func TestSlotsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	for _, s := range []*story{
		slotted(t, slot(-2, -1)), slotted(t, slot(2, 2)), slotted(t, slot(3, 2)), slotted(t, slot(24*400, 24*401)), slotted(t),
	} {
		require.Zero(t, s.cb().NotBefore)
		require.Nil(t, s.cb().Slots)
	}
	many := make([]Slot, MaxSlots+5)
	for i := range many {
		many[i] = slot(float64(2*i), float64(2*i+1))
	}
	require.Len(t, slotted(t, many...).cb().Slots, MaxSlots)
}

// A try that found nobody goes on in the next slot, after its gap.
func TestTriesGoOnInTheSlots(t *testing.T) {
	t.Parallel()
	s := slotted(t, slot(0, 1), slot(1.5, 3), slot(24, 26))
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(noReply) // again after 2 hours
	require.Equal(t, hour(2), s.cb().ReadyAt())
	require.Equal(t, slot(1.5, 3), s.cb().Slots[0])
	again := alert("a1").at(2) // the same wish, in a later revision, does not cut the gap short
	again.Slots = []Slot{slot(0, 1), slot(1.5, 3), slot(24, 26)}
	s.do(TakeAlert{again})
	require.Equal(t, hour(2), s.cb().ReadyAt())
	s.now = hour(2)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(noReply) // 4 hours
	require.Equal(t, hour(24), s.cb().ReadyAt())
	s.now = hour(24)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(EndAttempt{AgentID: amina, Outcome: CallLater, CallAgainAt: hour(50)})
	require.Equal(t, []any{hour(50), []Slot(nil)}, []any{s.cb().ReadyAt(), s.cb().Slots}, "the customer has said something else since")
}

// What was said later stays: the former wish comes again with each revision of the
// same answer, and is no new one.
func TestAFormerWishDoesNotComeBack(t *testing.T) {
	t.Parallel()
	wish := []Slot{slot(2, 4), slot(24, 26)}
	again := func(revision uint32) TakeAlert {
		al := alert("a1").at(revision)
		al.Slots = []Slot{wish[1], wish[0]}
		return TakeAlert{al}
	}
	s := slotted(t, wish...)
	s.do(Reschedule{NotBefore: hour(1), By: "sam"})
	s.do(again(2))
	require.Equal(t, hour(1), s.cb().ReadyAt(), "a supervisor has decided since")

	s = slotted(t, wish...)
	s.now = hour(2)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(EndAttempt{AgentID: amina, Outcome: CallLater, CallAgainAt: hour(3)})
	s.do(again(2))
	require.Equal(t, hour(3), s.cb().ReadyAt(), "the customer has")

	changed := again(3)
	changed.Alert.Slots = []Slot{slot(30, 31)}
	s.do(changed)
	require.Equal(t, hour(30), s.cb().ReadyAt(), "another wish is one")
}

func TestASupervisorsMomentReplacesTheSlots(t *testing.T) {
	t.Parallel()
	s := slotted(t, slot(2, 4))
	s.do(Reschedule{NotBefore: hour(1), By: "sam"})
	require.Equal(t, []any{hour(1), []Slot(nil)}, []any{s.cb().ReadyAt(), s.cb().Slots})
	require.Equal(t, hour(25), s.cb().FirstAttemptDue, "the wait for the customer's moment is over before")
}

// Who takes their slots back may be called at any time; another answer without slots
// takes nothing back.
func TestSlotsAreTakenBack(t *testing.T) {
	t.Parallel()
	s := slotted(t, slot(24, 26))
	other := alert("a2")
	s.do(TakeAlert{other})
	require.Equal(t, hour(24), s.cb().ReadyAt())
	al := alert("a1")
	al.Revision, al.SlotsTakenBack = 2, true
	s.do(TakeAlert{al})
	require.Equal(t, []any{t0, []Slot(nil), []Slot(nil)}, []any{s.cb().ReadyAt(), s.cb().Slots, s.cb().Wish})
	require.Equal(t, hour(24), s.cb().FirstAttemptDue, "the clock runs from now on")
	s.do(Claim{AgentID: amina})
}
