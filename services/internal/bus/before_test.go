package bus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// What the last event was at each moment is what was there then, whatever came after and
// whatever is deleted around it.
func TestBeforeIsWhatWasLastThen(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	subjects := []string{subject.Agent("abc"), subject.Agent("abd")}
	_, err := b.Before(t.Context(), subjects[0], time.Now())
	require.ErrorIs(t, err, bus.ErrNotFound)
	for i := range 30 {
		_, err := b.Publish(t.Context(), bus.Event{Subject: subjects[i%3%2], ID: fmt.Sprint(i), Body: &eventsv1.AgentEvent{EventNo: uint64(i)}})
		require.NoError(t, err)
	}
	s, err := b.JetStream().Stream(t.Context(), subject.Agents)
	require.NoError(t, err)
	for _, gone := range []uint64{1, 7, 8, 9, 29} {
		require.NoError(t, s.DeleteMsg(t.Context(), gone))
	}
	var all []bus.Delivery
	for seq := uint64(1); seq <= 30; seq++ {
		if d, err := b.At(t.Context(), subject.Agents, seq); err == nil {
			all = append(all, d)
		}
	}
	require.Len(t, all, 25)
	for _, subj := range subjects {
		for _, moment := range all {
			for _, at := range []time.Time{moment.Time, moment.Time.Add(1), all[0].Time.Add(-time.Hour), time.Now().Add(time.Hour)} {
				var want bus.Delivery
				for _, d := range all {
					if d.Subject == subj && d.Time.Before(at) {
						want = d
					}
				}
				got, err := b.Before(t.Context(), subj, at)
				if want.Sequence == 0 {
					require.ErrorIs(t, err, bus.ErrNotFound)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, []any{want.Sequence, want.ID, want.Type, want.Subject, want.Stream, want.Data, want.Time},
					[]any{got.Sequence, got.ID, got.Type, got.Subject, got.Stream, got.Data, got.Time})
			}
		}
	}
	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.Agents))
	_, err = b.Before(t.Context(), subjects[0], time.Now())
	require.ErrorIs(t, err, bus.ErrUnavailable)
}
