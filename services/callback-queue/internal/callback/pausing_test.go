package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The clocks stand still for each slot that the customer chose, not only for the first.
func TestTheClocksStandStillForEverySlot(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.policy.SLAs = []SLAPolicy{{Name: "quick", FirstAttemptWithin: 2 * time.Hour, ResolvedWithin: 8 * time.Hour}}
	al := alert("a1")
	first, second := t0.Add(time.Hour), t0.Add(48*time.Hour)
	al.Slots = []Slot{{From: first, To: first.Add(time.Hour)}, {From: second, To: second.Add(4 * time.Hour)}}
	s.do(TakeAlert{Alert: al})
	require.Equal(t, first.Add(2*time.Hour), s.cb().FirstAttemptDue)
	s.now = first.Add(time.Hour)
	s.do(EndSlot{})
	require.Equal(t, second, s.cb().ReadyAt())
	require.Equal(t, second.Add(time.Hour), s.cb().FirstAttemptDue, "an hour of it has passed, in the first slot")
	require.Equal(t, second, s.cb().SLA.PausedUntil)

	s.now = second.Add(30 * time.Minute)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(noReply)
	require.Equal(t, second.Add(7*time.Hour), s.cb().SLA.Resolved.DueAt)
	require.True(t, s.cb().SLA.First.Kept)
}

// A try after the first that is placed in a slot waits for the customer, too.
func TestTheClocksStandStillForATryInASlot(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.policy.SLAs = []SLAPolicy{{Name: "quick", ResolvedWithin: 8 * time.Hour}}
	al := alert("a1")
	second := t0.Add(48 * time.Hour)
	al.Slots = []Slot{{From: t0, To: t0.Add(time.Hour)}, {From: second, To: second.Add(4 * time.Hour)}}
	s.do(TakeAlert{Alert: al})
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(noReply)
	require.Equal(t, second, s.cb().ReadyAt())
	require.Equal(t, second.Add(8*time.Hour), s.cb().SLA.Resolved.DueAt)
}
