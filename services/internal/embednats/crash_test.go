package embednats_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// TestNothingAcknowledgedIsLostByAKill kills a process that publishes from many
// goroutines, again and again, on the same store.
func TestNothingAcknowledgedIsLostByAKill(t *testing.T) {
	t.Parallel()
	const rounds, least = 5, 1500
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range rounds {
		p := spawn(t, dir, round*10_000_000, 0)
		n := 0
		for p.lines.Scan() {
			line := p.lines.Text()
			_, err := strconv.Atoi(line)
			require.NoError(t, err, line)
			acknowledged["e"+line] = true
			if n++; n == least {
				require.NoError(t, p.cmd.Process.Kill())
			}
		}
		p.kill()
		require.GreaterOrEqual(t, n, least)
	}

	s := open(t, dir) // the mark passes
	stored := map[string]uint64{}
	err := s.bus.Follow(t.Context(), bus.FollowOptions{Stream: subject.Responses, HeadersOnly: true}, func(d bus.Delivery) error {
		if before, twice := stored[d.ID]; twice {
			require.Failf(t, "stored twice", "%s at %d and %d", d.ID, before, d.Sequence)
		}
		stored[d.ID] = d.Sequence
		return nil
	}, func() error { return errCaughtUp })
	require.ErrorIs(t, err, errCaughtUp)
	missing := 0
	for id := range acknowledged {
		if _, ok := stored[id]; !ok {
			missing++
		}
	}
	require.Zero(t, missing, "of %d acknowledged", len(acknowledged))
	t.Logf("%d acknowledged over %d kills, %d stored, none missing", len(acknowledged), rounds, len(stored))
}
