package bus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestASubjectIsReadWhole(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	mine, other := subject.Correction("s", "0af"), subject.Correction("s", "0b0")
	read := func() (ids []string, last uint64) {
		last, err := b.Whole(t.Context(), mine, false, func(d bus.Delivery) error {
			ids = append(ids, d.ID)
			return nil
		})
		require.NoError(t, err)
		return ids, last
	}
	ids, last := read()
	require.Empty(t, ids)
	require.Zero(t, last)
	var want []string
	var seq uint64
	for i := range 40 {
		for _, subj := range []string{mine, other} {
			id := fmt.Sprintf("%s-%d", subj, i)
			r, err := b.Publish(t.Context(), bus.Event{Subject: subj, ID: id, Body: &eventsv1.AnalysisCorrected{EventId: id}})
			require.NoError(t, err)
			if subj == mine {
				want, seq = append(want, id), r.Sequence
			}
		}
		ids, last = read()
		require.Equal(t, want, ids)
		require.Equal(t, seq, last)
	}
	broken := errors.New("broken")
	_, err := b.Whole(t.Context(), mine, true, func(bus.Delivery) error { return broken })
	require.ErrorIs(t, err, broken)

	// The last is erased after it was seen last: what is left is all there is.
	s, err := b.JetStream().Stream(t.Context(), subject.Corrections)
	require.NoError(t, err)
	require.NoError(t, s.SecureDeleteMsg(t.Context(), seq))
	ids, last = read()
	require.Equal(t, want[:39], ids)
	require.Less(t, last, seq)
}
