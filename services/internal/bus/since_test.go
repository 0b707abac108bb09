package bus_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// The first event since a moment is found, whatever was deleted around it.
func TestSince(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	first, last, err := b.Since(t.Context(), subject.Scores, time.Time{})
	require.NoError(t, err)
	require.EqualValues(t, []uint64{1, 0}, []uint64{first, last}, "an empty stream")
	for i := range 20 {
		_, err := b.Publish(t.Context(), bus.Event{Subject: subject.Score("s", "001"), ID: fmt.Sprint(i), Body: &eventsv1.ResponseScored{}})
		require.NoError(t, err)
	}
	var times []time.Time // by sequence, from 1
	for seq := uint64(1); seq <= 20; seq++ {
		d, err := b.At(t.Context(), subject.Scores, seq)
		require.NoError(t, err)
		times = append(times, d.Time)
	}
	s, err := b.JetStream().Stream(t.Context(), subject.Scores)
	require.NoError(t, err)
	for _, gone := range []uint64{1, 2, 7, 8, 9, 20} {
		require.NoError(t, s.DeleteMsg(t.Context(), gone))
	}
	for i, at := range times {
		first, last, err := b.Since(t.Context(), subject.Scores, at)
		require.NoError(t, err)
		require.EqualValues(t, 20, last)
		require.LessOrEqual(t, first, uint64(max(i+1, 3)), "nothing is left out")
		if first <= 19 {
			d, err := b.At(t.Context(), subject.Scores, max(first, 3))
			if err == nil {
				require.False(t, d.Time.Before(at), "and nothing from before is in it")
			}
		}
	}
	first, _, err = b.Since(t.Context(), subject.Scores, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.GreaterOrEqual(t, first, uint64(20), "the last is deleted")
	_, _, err = b.Since(t.Context(), "NOWHERE", time.Now())
	require.ErrorIs(t, err, bus.ErrUnavailable)
}

func TestBetween(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	for i := range 12 {
		subj := subject.Score(fmt.Sprint("s", i%2), []string{"001", "002", "003"}[i%3])
		_, err := b.Publish(t.Context(), bus.Event{Subject: subj, ID: fmt.Sprint(i), Body: &eventsv1.ResponseScored{}})
		require.NoError(t, err)
	}
	s, err := b.JetStream().Stream(t.Context(), subject.Scores)
	require.NoError(t, err)
	require.NoError(t, s.DeleteMsg(t.Context(), 7))
	read := func(from, to uint64) (all []uint64) {
		require.NoError(t, b.Between(t.Context(), subject.Scores, subject.BucketScores("001"), from, to, func(d bus.Delivery) error {
			require.NotEmpty(t, d.ID)
			all = append(all, d.Sequence)
			return nil
		}))
		return all
	}
	require.Equal(t, []uint64{1, 4, 10}, read(0, 100))
	require.Equal(t, []uint64{4, 10}, read(2, 10))
	require.Equal(t, []uint64{4}, read(4, 9))
	require.Empty(t, read(5, 3))
	enough := errors.New("enough")
	require.ErrorIs(t, b.Between(t.Context(), subject.Scores, ">", 1, 5, func(bus.Delivery) error { return enough }), enough)
	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.Scores))
	require.ErrorIs(t, b.Between(t.Context(), subject.Scores, ">", 1, 5, nil), bus.ErrUnavailable)
}
