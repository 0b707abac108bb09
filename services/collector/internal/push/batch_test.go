package push_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// What one call tells is stored side by side, and in order as far as it is of one response.
func TestACallsEventsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{})
	l := setup(t, asking("hubspot", v))
	var events []map[string]any
	for n := range 1000 {
		events = append(events, map[string]any{"eventId": n + 1, "subscriptionId": 2, "objectId": n % 30, "objectTypeId": "0-19"})
	}
	n, err := l.take(jsonOf(t, events))
	require.NoError(t, err)
	require.Equal(t, 1000, n)
	last := map[int]int{}
	seen := 0
	done := bus.ErrNotFound
	err = l.bus.Follow(t.Context(), bus.FollowOptions{Stream: subject.Pushes}, func(d bus.Delivery) error {
		p := &eventsv1.PushReceived{}
		require.NoError(t, d.Decode(p))
		var event, object int
		_, err := fmt.Sscanf(p.GetPushId(), "%d-2-%d", &event, &object)
		require.NoError(t, err)
		require.Less(t, last[object], event, "object %d", object)
		last[object] = event
		seen++
		return nil
	}, func() error { return done })
	require.ErrorIs(t, err, done)
	require.Equal(t, 1000, seen)
}
