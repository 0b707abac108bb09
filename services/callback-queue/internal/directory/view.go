package directory

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
)

// view is the roster at one moment; it never changes. At 10,000 agents another one
// costs some hundred microseconds, which nobody waits for but who changes an agent.
type view struct {
	byID   map[string]*Entry
	sorted []*Entry
	// agents are those of sorted, gathered when first asked for.
	agents func() []roster.Agent
	// replaced is closed when another view takes the place.
	replaced chan struct{}
}

func newView(byID map[string]*Entry) *view {
	return viewOf(byID, slices.SortedFunc(maps.Values(byID), compare))
}

func viewOf(byID map[string]*Entry, sorted []*Entry) *view {
	return &view{byID: byID, sorted: sorted, replaced: make(chan struct{}), agents: sync.OnceValue(func() []roster.Agent {
		agents := make([]roster.Agent, len(sorted))
		for i, e := range sorted {
			agents[i] = e.Agent
		}
		return agents
	})}
}

func compare(a, b *Entry) int { return strings.Compare(a.Agent.ID, b.Agent.ID) }

// with is the view with another entry for an agent; nil takes the agent out.
func (v *view) with(id string, e *Entry) *view {
	byID, sorted := maps.Clone(v.byID), slices.Clone(v.sorted)
	i, found := slices.BinarySearchFunc(sorted, id, func(e *Entry, id string) int { return strings.Compare(e.Agent.ID, id) })
	switch {
	case e == nil && found:
		sorted = slices.Delete(sorted, i, i+1)
		delete(byID, id)
	case e != nil && found:
		sorted[i], byID[id] = e, e
	case e != nil:
		sorted, byID[id] = slices.Insert(sorted, i, e), e
	}
	return viewOf(byID, sorted)
}

// show lets readers see another view. The caller holds mu.
func (d *Directory) show(v *view) {
	old := d.view.Swap(v)
	close(old.replaced)
	d.deps.Metrics.count(len(d.declared), len(v.sorted)-len(d.declared))
}

// showOne lets readers see what became of one agent, unless they do already. The
// caller holds mu.
func (d *Directory) showOne(c change) {
	if d.overruled(c) {
		return
	}
	v := d.view.Load()
	shown, ok := v.byID[c.id]
	if ok == (c.entry != nil) && (!ok || shown.seq == c.seq) {
		return
	}
	d.show(v.with(c.id, c.entry))
}
