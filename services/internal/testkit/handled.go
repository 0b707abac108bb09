package testkit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Handled waits until a consumer has answered everything that its stream holds by now, for a
// minute at most. The server's count of what is pending is behind what is stored by a moment;
// the floor of what was answered does not run ahead of it.
func Handled(t testing.TB, b *bus.Bus, spec topology.Consumer) {
	t.Helper()
	s, err := b.JetStream().Stream(t.Context(), spec.Stream)
	require.NoError(t, err)
	last := s.CachedInfo().State.LastSeq
	c, err := b.JetStream().Consumer(t.Context(), spec.Stream, spec.Durable)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		info, err := c.Info(t.Context())
		return err == nil && info.AckFloor.Stream >= last && info.NumAckPending == 0
	}, time.Minute, 2*time.Millisecond)
}
