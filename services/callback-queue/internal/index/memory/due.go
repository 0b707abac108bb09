package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// TakeDue implements queue.Index.
func (x *Index) TakeDue(_ context.Context, now time.Time, hold time.Duration, limit int) ([]queue.Entry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var due []*record
	moment := order.Nanos(now)
	x.due.Scan(func(r *record) bool {
		if len(due) >= limit || r.look > moment {
			return false
		}
		due = append(due, r)
		return true
	})
	slices.SortFunc(due, func(a, b *record) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id)) })
	entries := make([]queue.Entry, len(due))
	for i, r := range due {
		entries[i] = r.entry()
		if hold > 0 {
			x.putOff(r, order.Nanos(now.Add(hold)))
		}
	}
	return entries, nil
}

// PutOff implements queue.Index.
func (x *Index) PutOff(_ context.Context, until time.Time, entries ...queue.Entry) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range entries {
		r, known := x.byID[entries[i].ID]
		if known && r.seq == entries[i].Seq && x.hasDeadline(r) {
			x.putOff(r, order.Nanos(until))
		}
	}
	return nil
}

func (x *Index) putOff(r *record, until int64) {
	x.due.Delete(r)
	r.look = until
	x.due.Set(r)
}
