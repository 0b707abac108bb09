package bus_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestWhatIsForgottenIsGoneAndTheRestStays(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	subj := subject.Model("sentiment")
	for n := range uint64(3) {
		_, err := b.PublishAt(t.Context(), bus.Event{Subject: subj, ID: string('a' + rune(n)), Body: &eventsv1.ModelEvent{}}, n)
		require.NoError(t, err)
	}
	for range 2 { // the second time it is not there
		require.NoError(t, b.Forget(t.Context(), subject.Models, 2))
	}
	require.NoError(t, b.Forget(t.Context(), subject.Models, 99))
	_, err := b.At(t.Context(), subject.Models, 2)
	require.ErrorIs(t, err, bus.ErrNotFound)
	_, err = b.At(t.Context(), subject.Models, 1)
	require.NoError(t, err)
	_, err = b.PublishAt(t.Context(), bus.Event{Subject: subj, ID: "d", Body: &eventsv1.ModelEvent{}}, 3)
	require.NoError(t, err, "what comes next is still compared with the last")

	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.Models))
	require.ErrorIs(t, b.Forget(t.Context(), subject.Models, 1), bus.ErrUnavailable)
}
