package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/tidwall/btree"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// maxPage bounds what one call reads while the mutex is held.
const maxPage = 1000

// Page implements queue.Index. A limit above 1,000 is taken as 1,000. One call
// reads at most limit+1 entries, so a page that filters an agent's entries by
// state or queue, or any by how their SLA stands, may be short.
func (x *Index) Page(_ context.Context, f queue.Filter, after string, limit int) (queue.Page, error) {
	key, given, err := order.Start(f, after)
	if err != nil {
		return queue.Page{}, fmt.Errorf("index page: %w", err)
	}
	var from *record
	if given {
		from = &record{opened: key.Opened, id: key.ID}
	}
	limit = min(max(limit, 1), maxPage)
	x.mu.Lock()
	defer x.mu.Unlock()
	return page(merge(x.sources(f), from, limit+1), f, limit), nil
}

// sources are the trees that together hold all the filter may choose.
func (x *Index) sources(f queue.Filter) []*tree {
	if f.Agent != "" {
		if d, known := x.desks[f.Agent]; known {
			return []*tree{d.held, d.others}
		}
		return nil
	}
	if f.Queue != "" {
		if l, known := x.lanes[f.Queue]; known {
			return l.sources(f)
		}
		return nil
	}
	var all []*tree
	for _, l := range x.lanes {
		all = append(all, l.sources(f)...)
	}
	return all
}

func (l *lane) sources(f queue.Filter) []*tree {
	if alarms := order.AlarmsFor(f.SLA); len(alarms) > 0 {
		lists := make([]*tree, len(alarms))
		for i, a := range alarms {
			lists[i] = l.alarms[a]
		}
		return lists
	}
	if len(f.States) == 0 {
		return l.lists[:]
	}
	var numbers []listNo
	for _, s := range f.States {
		numbers = append(numbers, listsOf(s)...)
	}
	slices.Sort(numbers)
	var lists []*tree
	for _, n := range slices.Compact(numbers) {
		lists = append(lists, l.lists[n])
	}
	return lists
}

// merge reads up to count records after from, in page order, from trees that
// share none.
func merge(trees []*tree, from *record, count int) []*record {
	cursors := make([]btree.IterG[*record], 0, len(trees))
	for _, t := range trees {
		if it := t.Iter(); startAfter(&it, from) {
			cursors = append(cursors, it)
		}
	}
	var read []*record
	for len(cursors) > 0 && len(read) < count {
		first := 0
		for i := range cursors {
			if byOpening(cursors[i].Item(), cursors[first].Item()) {
				first = i
			}
		}
		read = append(read, cursors[first].Item())
		if !cursors[first].Next() {
			cursors = slices.Delete(cursors, first, first+1)
		}
	}
	return read
}

func startAfter(it *btree.IterG[*record], from *record) bool {
	if from == nil {
		return it.First()
	}
	if !it.Seek(from) {
		return false
	}
	if byOpening(from, it.Item()) {
		return true
	}
	return it.Next()
}

// page keeps what the filter chooses of the first limit records read; one more
// than that says that there is a next page.
func page(read []*record, f queue.Filter, limit int) queue.Page {
	var p queue.Page
	if !f.OpenedBefore.IsZero() {
		end := order.Nanos(f.OpenedBefore)
		if i := slices.IndexFunc(read, func(r *record) bool { return r.opened >= end }); i >= 0 {
			read = read[:i]
		}
	}
	if len(read) > limit {
		read = read[:limit]
		p.Next = read[limit-1].key().Cursor()
	}
	for _, r := range read {
		if f.Queue != "" && r.lane.name != f.Queue {
			continue
		}
		if len(f.States) > 0 && !slices.Contains(f.States, r.state) {
			continue
		}
		if len(f.SLA) > 0 && !slices.Contains(f.SLA, r.sla) {
			continue
		}
		p.Entries = append(p.Entries, r.entry())
	}
	return p
}
