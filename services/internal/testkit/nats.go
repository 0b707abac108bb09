// Package testkit starts the real servers that tests run against: an embedded
// NATS a test, a Redis a test binary.
package testkit

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Bus returns a bus on a NATS server of the test's own, with every stream and
// consumer. Acknowledgements are not synced: tests of durability use embednats.
func Bus(t testing.TB) *bus.Bus {
	t.Helper()
	return BusWith(t, topology.Options{})
}

// BusWith is Bus with streams that differ, for instance in size.
func BusWith(t testing.TB, o topology.Options) *bus.Bus {
	t.Helper()
	b, err := bus.New(Connect(t, Server(t)), bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, topology.Ensure(ctx, b.JetStream(), o))
	return b
}

// Server starts a NATS server with a store in the test's own directory.
func Server(t testing.TB) *embednats.Server {
	t.Helper()
	s, err := embednats.Start(embednats.Config{Dir: t.TempDir()}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	return s
}

// Connect connects to s until the test ends.
func Connect(t testing.TB, s *embednats.Server) *nats.Conn {
	t.Helper()
	nc, err := s.Connect()
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}
