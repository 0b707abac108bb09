package alertstate

import (
	"container/heap"
	"context"
	"errors"
	"time"
)

// retry is after how long what could not be stored is tried again.
const retry = 5 * time.Second

// Step does what time has brought: acknowledgements and alerts whose time is over end, and
// alerts that were resolved long enough ago are forgotten. What cannot be stored now is tried
// again some seconds later; the errors are joined. It does nothing until the book has been
// read.
func (b *Book) Step(ctx context.Context) error {
	if b.Ready() != nil {
		return nil //nolint:nilerr // it comes again
	}
	now := b.o.Clock.Now()
	var errs []error
	for ctx.Err() == nil {
		id, ok := b.nextDue(now)
		if !ok {
			break
		}
		if err := b.elapse(ctx, id); err != nil {
			errs = append(errs, err)
			b.mu.Lock()
			b.due.add(id, now.Add(retry))
			b.mu.Unlock()
		}
	}
	return errors.Join(errs...)
}

// elapse does what time has brought to one alert.
func (b *Book) elapse(ctx context.Context, id string) error {
	a, ok := b.Get(id)
	switch {
	case !ok:
		return nil
	case !stands(a):
		b.table.Reconsider(id)
		return nil
	}
	_, err := b.update(ctx, id, func(now *alert) (*change, error) { return elapsed(now, b.o.Clock.Now()), nil })
	return err
}

// nextDue is an alert whose time has come; it is taken off the agenda.
func (b *Book) nextDue(now time.Time) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.due) > 0 && b.due[0].at <= now.UnixNano() {
		id := heap.Pop(&b.due).(entry).id
		a, ok := b.alerts[id]
		if next := b.nextOf(a); ok && !next.IsZero() && !next.After(now) {
			return id, true
		} // else it has become another since, which has an entry of its own
	}
	return "", false
}

// agenda is what is due when, the soonest first. An alert that changes gets another entry, and
// the older one is passed over when its time comes.
type agenda []entry

type entry struct {
	at int64 // nanoseconds since 1970
	id string
}

func (a *agenda) add(id string, at time.Time) {
	if !at.IsZero() {
		heap.Push(a, entry{at.UnixNano(), id})
	}
}

// Len, Less, Swap, Push and Pop are heap.Interface's.
func (a *agenda) Len() int           { return len(*a) }
func (a *agenda) Less(i, j int) bool { return (*a)[i].at < (*a)[j].at }
func (a *agenda) Swap(i, j int)      { (*a)[i], (*a)[j] = (*a)[j], (*a)[i] }

// Push adds an entry at the end.
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }

// Pop takes the last one.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = entry{}
	*a = (*a)[:last]
	return e
}
