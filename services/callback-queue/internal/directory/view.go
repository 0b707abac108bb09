package directory

import (
	"maps"
	"slices"
	"strings"
)

// view is the roster at one moment; it never changes. At 10,000 agents another one
// costs some hundred microseconds, which nobody waits for but who changes an agent.
type view struct {
	byID   map[string]*Entry
	sorted []*Entry
	// replaced is closed when another view takes the place.
	replaced chan struct{}
}

func newView(byID map[string]*Entry) *view {
	return &view{byID: byID, sorted: slices.SortedFunc(maps.Values(byID), compare), replaced: make(chan struct{})}
}

func compare(a, b *Entry) int { return strings.Compare(a.Agent.ID, b.Agent.ID) }

// with is the view with another entry for an agent; nil takes the agent out.
func (v *view) with(id string, e *Entry) *view {
	next := &view{byID: maps.Clone(v.byID), sorted: slices.Clone(v.sorted), replaced: make(chan struct{})}
	i, found := slices.BinarySearchFunc(next.sorted, id, func(e *Entry, id string) int { return strings.Compare(e.Agent.ID, id) })
	switch {
	case e == nil && found:
		next.sorted = slices.Delete(next.sorted, i, i+1)
		delete(next.byID, id)
	case e != nil && found:
		next.sorted[i], next.byID[id] = e, e
	case e != nil:
		next.sorted, next.byID[id] = slices.Insert(next.sorted, i, e), e
	}
	return next
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
