package directory_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
)

// Many change few agents through several processes, one of which begins to follow
// again and again. In the end all show what the stream says; meanwhile nobody is
// shown an agent's older state after a newer one, and whoever changes an agent sees
// it at once.
func TestAllProcessesAgreeAndNoneGoesBack(t *testing.T) {
	t.Parallel()
	const workers, changes, agents = 6, 60, 5
	first := setup(t).follow().ready()
	doors := []*bundle{first, on(t, first.bus).follow().ready(), on(t, first.bus).follow().ready()}
	ctx, cancel := context.WithCancel(t.Context())
	var watchers, work sync.WaitGroup
	for _, d := range doors {
		watchers.Go(func() { neverBack(ctx, t, d) })
	}
	for w := range workers {
		work.Go(func() {
			for range changes {
				changeSomething(t, doors[w%len(doors)], fmt.Sprintf("agent-%d", rand.N(agents)))
			}
		})
	}
	for range 20 { // the last door is opened again and again meanwhile
		doors[2].stop()
		doors[2].follow()
	}
	work.Wait()
	want := map[string]uint64{}
	for _, e := range first.events() {
		want[e.GetAgent().GetId()] = e.GetEventNo()
		if e.GetType() == eventsv1.AgentEvent_REMOVED {
			delete(want, e.GetAgent().GetId())
		}
	}
	for _, d := range doors {
		d.until("the same everywhere", func() bool {
			have := map[string]uint64{}
			for _, e := range d.Entries() {
				have[e.Agent.ID] = e.Revision
			}
			return d.Ahead() == 0 && fmt.Sprint(have) == fmt.Sprint(want)
		})
	}
	cancel()
	watchers.Wait()
}

// changeSomething makes one change, whichever is possible, and looks whether it is
// seen.
func changeSomething(t *testing.T, d *bundle, id string) {
	a := roster.Agent{ID: id, Capacity: rand.N(50) + 1}
	var e *directory.Entry
	var err error
	remove := false
	switch rand.N(4) {
	case 0:
		e, err = d.Remove(t.Context(), id, 0, "sam")
		remove = true
	case 1:
		e, err = d.Create(t.Context(), a, "sam")
	default:
		e, err = d.Update(t.Context(), a, 0, "sam")
	}
	for _, refusal := range []error{directory.ErrExists, directory.ErrNoAgent, directory.ErrContended} {
		if errors.Is(err, refusal) {
			return
		}
	}
	if err != nil {
		t.Errorf("%s: %v", id, err)
		return
	}
	seen, ok := d.Entry(id)
	if ok && seen.Revision < e.Revision || !ok && !remove && revisionOf(d, id) < e.Revision {
		t.Errorf("%s: changed to %d and not seen", id, e.Revision)
	}
}

// revisionOf is the last revision of an agent that is not here, as the stream has
// it: somebody may have removed them meanwhile.
func revisionOf(d *bundle, id string) uint64 {
	var last uint64
	for _, e := range d.events() {
		if e.GetAgent().GetId() == id && e.GetType() == eventsv1.AgentEvent_REMOVED {
			last = e.GetEventNo()
		}
	}
	return last
}

// neverBack looks at every change that is told of.
func neverBack(ctx context.Context, t *testing.T, d *bundle) {
	newest := map[string]uint64{}
	for ctx.Err() == nil {
		changed := d.Changed()
		for _, e := range d.Entries() {
			if e.Revision < newest[e.Agent.ID] {
				t.Errorf("%s went back from %d to %d", e.Agent.ID, newest[e.Agent.ID], e.Revision)
			}
			newest[e.Agent.ID] = e.Revision
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func TestTheSampleIsARoster(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../sample/agents.yaml")
	require.NoError(t, err)
	agents, err := directory.Load("agents.yaml", text)
	require.NoError(t, err)
	require.Len(t, agents, 4)
}
