package bus_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestLatestIsTheSubjectsLastEventWhole(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	subj := subject.Agent("abc")
	_, err := b.Latest(t.Context(), subj)
	require.ErrorIs(t, err, bus.ErrNotFound)
	for n := range uint64(3) {
		_, err = b.PublishAt(t.Context(), bus.Event{Subject: subj, ID: string('a' + rune(n)), Body: &eventsv1.AgentEvent{EventNo: n + 1}}, n)
		require.NoError(t, err)
	}
	d, err := b.Latest(t.Context(), subj)
	require.NoError(t, err)
	require.Equal(t, "c", d.ID)
	require.Equal(t, subject.Agents, d.Stream)
	require.Equal(t, subj, d.Subject)
	require.EqualValues(t, 3, d.Sequence)
	require.False(t, d.Time.IsZero())
	var e eventsv1.AgentEvent
	require.NoError(t, d.Decode(&e))
	require.True(t, proto.Equal(&eventsv1.AgentEvent{EventNo: 3}, &e))

	_, err = b.Latest(t.Context(), "rappel.v1.other.x")
	require.ErrorContains(t, err, "no stream")
	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.Agents))
	_, err = b.Latest(t.Context(), subj)
	require.ErrorIs(t, err, bus.ErrUnavailable)
}
