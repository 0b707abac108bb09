package movement

import (
	"time"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// Bounds of a grid.
const (
	usualLooks = 24
	mostSlots  = 3072
	week       = 7 * 24 * time.Hour
)

// grid divides the time of a rule into slots.
type grid struct {
	length int64  // of a slot, in milliseconds
	looks  uint32 // slots in a window
}

// gridOf is 24 slots in a window, fewer where the rule would have more than 3,072 in all.
func gridOf(m *rule.Metric) grid {
	looks := int64(usualLooks)
	for looks > 1 && int64(m.Reach()/m.Window)*looks > mostSlots {
		looks--
	}
	return grid{m.Window.Milliseconds() / looks, uint32(looks)} //nolint:gosec // 1 to 24
}

// slot is the one that a time in milliseconds is in; the first for one before 1970.
func (g grid) slot(at int64) uint32 { return uint32(max(at, 0) / g.length) } //nolint:gosec // since 1970

// begins is when a slot begins.
func (g grid) begins(slot uint32) time.Time { return time.UnixMilli(int64(slot) * g.length).UTC() }

// slots is how many a time is, to the nearest.
func (g grid) slots(d time.Duration) uint32 {
	return uint32((d.Milliseconds() + g.length/2) / g.length) //nolint:gosec // at most 90 days
}

// span is the slots from one on and before another.
type span struct{ from, to uint32 }

// window is the one that ends where a slot begins.
func (g grid) window(end uint32) span { return span{end - g.looks, end} }

// references are the stretches that a window is compared with. A count's are as long as
// the window, each.
func (t *tracked) references(end uint32) (all []span) {
	g, w := t.grid, t.grid.window(end)
	switch t.Against {
	case rule.Previous:
		all = append(all, span{w.from - g.looks, w.from})
	case rule.Last:
		if t.Measure != rule.Count {
			return append(all, span{w.from - g.slots(t.Last), w.from})
		}
		for i := range uint32(t.Last / t.Window) { //nolint:gosec // few
			all = append(all, span{w.from - (i+1)*g.looks, w.from - i*g.looks})
		}
	case rule.Weeks:
		for i := 1; i <= t.Weeks; i++ {
			back := g.slots(time.Duration(i) * week)
			all = append(all, span{w.from - back, w.to - back})
		}
	case rule.Bar:
	}
	return all
}
