package testkit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestAClusterLosesALeaderAndGetsItBack(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	c := testkit.NATSCluster(t)
	first := c.Leader(t, subject.Responses)
	b := c.Bus(t, c.Others(first)...)
	url := c.URL(first)

	c.Stop(t, first)
	second := c.Leader(t, subject.Responses)
	require.NotEqual(t, first, second)
	r, err := b.Publish(t.Context(), bus.Event{
		Subject: subject.Response("s", "001"), ID: "a", Body: &eventsv1.ResponseReceived{},
	})
	require.NoError(t, err)

	c.Start(t, first)
	c.AwaitHealthy(t)
	require.Equal(t, url, c.URL(first))
	d, err := c.Bus(t, first).At(t.Context(), subject.Responses, r.Sequence)
	require.NoError(t, err, "what it missed it has now")
	require.Equal(t, "a", d.ID)
}
