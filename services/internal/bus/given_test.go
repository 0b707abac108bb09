package bus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// What a consumer has not been given yet, and what a follower has not seen, is known by when
// it was stored.
func TestWhatIsBehindIsKnown(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	stream, durable := topology.Alerting.Stream, topology.Alerting.Durable
	given := func(at time.Time) bool {
		ok, err := b.Given(t.Context(), stream, durable, at)
		require.NoError(t, err)
		return ok
	}
	later := time.Now().Add(time.Hour)
	require.True(t, given(later), "there is nothing")
	for i := range 3 {
		_, err := b.Publish(t.Context(), bus.Event{Subject: subject.Score("s", "001"), ID: fmt.Sprint(i), Body: &eventsv1.ResponseScored{}})
		require.NoError(t, err)
	}
	second, err := b.At(t.Context(), stream, 2)
	require.NoError(t, err)
	require.False(t, given(later))
	c, err := b.JetStream().Consumer(t.Context(), stream, durable)
	require.NoError(t, err)
	next := func() jetstream.Msg {
		batch, err := c.Fetch(1)
		require.NoError(t, err)
		return <-batch.Messages()
	}
	require.NotNil(t, next())
	require.True(t, given(second.Time), "the first was given, and is in hand")
	require.False(t, given(second.Time.Add(time.Nanosecond)))
	next()
	next()
	require.True(t, given(later))

	nothing := func(from uint64, at time.Time) bool {
		ok, err := b.NothingBefore(t.Context(), stream, from, at)
		require.NoError(t, err)
		return ok
	}
	require.True(t, nothing(2, second.Time))
	require.False(t, nothing(2, later))
	require.True(t, nothing(4, later))
	_, err = b.Given(t.Context(), stream, "nobody", later)
	require.ErrorIs(t, err, bus.ErrUnavailable)
}
