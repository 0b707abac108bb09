package scorer_test

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/scorer"
)

func TestModuleRunsInAProcess(t *testing.T) {
	t.Parallel()
	p := host.NewProcess("test", zap.NewNop(), clock.NewManual(now))
	t.Cleanup(func() { require.NoError(t, p.RPC.Close()) })
	b := bundle{bus: testkit.Bus(t)}
	edges := host.Module{Name: "bus", Start: func(_ context.Context, p *host.Process) error {
		p.Bus = b.bus
		return nil
	}}
	require.NoError(t, p.Start(t.Context(), edges, scorer.Module(scorer.DefaultConfig())))
	b.put(t, "m-1", received("r-1", 2))
	b.settled(t)
	require.Len(t, stored(t, b.bus, subject.Scores), 1)
	require.Equal(t, 1, testutil.CollectAndCount(p.Metrics, "scorer_responses_total"))
	require.NoError(t, p.Stop())

	require.ErrorContains(t, p.Start(t.Context(), scorer.Module(scorer.Config{})), "lanes")
}
