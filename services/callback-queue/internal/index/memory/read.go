package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// HeldBy implements queue.Index. A reservation that no Apply has confirmed is
// not in the agent's hands yet.
func (x *Index) HeldBy(_ context.Context, agent string) ([]queue.Entry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var err error
	if !x.complete {
		err = fmt.Errorf("index held by: %w", queue.ErrIndexIncomplete)
	}
	d, known := x.desks[agent]
	if !known {
		return nil, err
	}
	entries := make([]queue.Entry, 0, d.held.Len())
	d.held.Scan(func(r *record) bool {
		entries = append(entries, r.entry())
		return true
	})
	slices.SortFunc(entries, func(a, b queue.Entry) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.ID, b.ID))
	})
	return entries, err
}

// Before implements queue.Index. It searches each line by halves.
func (x *Index) Before(_ context.Context, name, id string, now time.Time) (int, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	moment := order.Nanos(now)
	x.settle(moment)
	r, known := x.byID[id]
	if !known || r.lane.name != name || r.state != callback.Pending || r.hold != nil || r.ready > moment {
		return 0, false, nil
	}
	n := 0
	for _, line := range r.lane.lines {
		n += sort.Search(line.Len(), func(i int) bool {
			other, _ := line.GetAt(i)
			return !byPlace(other, r)
		})
	}
	return n, true, nil
}

// Lines implements queue.Index.
func (x *Index) Lines(_ context.Context, now time.Time) ([]queue.Line, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.settle(order.Nanos(now))
	var lines []queue.Line
	for _, l := range x.lanes {
		for text, line := range l.lines {
			first, _ := line.Min() // no line is empty
			lines = append(lines, queue.Line{Queue: l.name, Line: text.Value(), Ready: line.Len(), First: first.id})
		}
	}
	return lines, nil
}

// Stats implements queue.Index: one row for every queue that holds an entry.
func (x *Index) Stats(_ context.Context, now time.Time) ([]queue.Stats, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.settle(order.Nanos(now))
	var rows []queue.Stats
	for _, l := range x.lanes {
		if l.entries() > 0 {
			rows = append(rows, l.stats())
		}
	}
	slices.SortFunc(rows, func(a, b queue.Stats) int { return cmp.Compare(a.Queue, b.Queue) })
	return rows, nil
}

func (l *lane) entries() int {
	sum := 0
	for _, list := range l.lists {
		sum += list.Len()
	}
	return sum
}

func (l *lane) stats() queue.Stats {
	row := queue.Stats{
		Queue: l.name, Ready: l.ready,
		Delayed: l.lists[listWaiting].Len() - l.holds, Held: l.holds,
		AtRisk: l.alarms[order.AtRisk].Len(), Breached: l.alarms[order.Breached].Len(),
	}
	for list := listReserved; list <= listWrapping; list++ {
		row.Held += l.lists[list].Len()
	}
	if oldest, found := l.lists[listReady].Min(); found {
		row.OldestReady = order.Time(oldest.opened)
	}
	return row
}
