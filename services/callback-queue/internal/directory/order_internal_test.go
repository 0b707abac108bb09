package directory

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
)

// A change is heard of from two sides, in any order: from whoever made it here, and
// from following. The later one counts.
func TestTheLaterOfTwoChangesCounts(t *testing.T) {
	t.Parallel()
	m, err := NewMetrics(nil)
	require.NoError(t, err)
	there := func(seq uint64) change {
		return change{id: "amina", seq: seq, entry: &Entry{Agent: roster.Agent{ID: "amina"}, Revision: seq, seq: seq}}
	}
	gone := func(seq uint64) change { return change{id: "amina", seq: seq} }
	for name, c := range map[string]struct {
		learnt, brought change
		want            uint64 // the revision; 0 when not there
	}{
		"learnt later":          {there(6), there(5), 6},
		"learnt at once":        {there(5), there(5), 5},
		"brought later":         {there(5), there(6), 6},
		"removed, learnt later": {gone(6), there(5), 0},
		"removed, then back":    {gone(5), there(6), 6},
		"back, learnt later":    {there(6), gone(5), 6},
	} {
		for _, learntFirst := range []bool{true, false} {
			d := New(Deps{Log: zap.NewNop(), Metrics: m})
			r := &run{dir: d, live: true}
			bring := func() { d.followed = c.brought.seq; r.bring(c.brought) }
			if learntFirst {
				d.learn(c.learnt)
				bring()
			} else {
				bring()
				d.learn(c.learnt)
			}
			e, ok := d.Entry("amina")
			require.Equal(t, c.want != 0, ok, name)
			if ok {
				require.Equal(t, c.want, e.Revision, name)
			}
		}
	}
}
