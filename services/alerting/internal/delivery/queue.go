package delivery

import (
	"container/heap"
	"maps"
	"slices"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

const (
	// mostToOne is how many tries to one receiver are under way at once, mostAtAll to all, in
	// a process.
	mostToOne = 4
	mostAtAll = 256
	// mostEnded is how many deliveries that have ended are listed.
	mostEnded = 100_000
)

// queue is what waits for one receiver.
type queue struct {
	due      dueHeap
	running  int
	disabled bool
	// held is until when it is left alone: it said that it is too busy.
	held time.Time

	// What was last known of it.
	delivered, failed time.Time
	failure           *eventsv1.DeliveryAttempt
}

// due is when a delivery is to be looked at. It is stale once the delivery has changed.
type due struct {
	at      time.Time
	id      string
	changes uint64
}

type dueHeap []due

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push and Pop are container/heap's.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(due)) }

// Pop is container/heap's.
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// queue of a receiver; d.mu is held.
func (d *Deliveries) queue(name string) *queue {
	q := d.queues[name]
	if q == nil {
		q = &queue{}
		d.queues[name] = q
		d.order = append(d.order, name)
	}
	return q
}

// row is what is known of a delivery without its document.
type row struct {
	id, receiver, group string
	state               eventsv1.Delivery_State
	created             time.Time
	since               time.Time // when it became as it is
	changes             uint64
	dueAt               time.Time
}

// rows are all deliveries that can be listed.
type rows struct {
	by    map[string]*row
	ended []*row // those that have ended, the longest ago first; some have gone on since
}

func newRows() rows { return rows{by: map[string]*row{}} }

// changed is told of each delivery that has become another.
func (d *Deliveries) changed(id string, e *eventsv1.DeliveryChanged, kept bool) {
	m := e.GetDelivery()
	at := m.GetNextAt().AsTime()
	if m.GetState() == eventsv1.Delivery_SENDING {
		at = m.GetLeaseUntil().AsTime()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queue(m.GetReceiver())
	d.rows.put(&row{
		id: id, receiver: m.GetReceiver(), group: m.GetNotification().GetGroup(), state: m.GetState(), created: m.GetCreatedAt().AsTime(),
		since: e.GetAt().AsTime(), changes: m.GetChanges(), dueAt: at,
	}, kept)
	q.note(m)
	if kept {
		heap.Push(&q.due, due{at, id, m.GetChanges()})
		d.wake()
	}
}

func (r *rows) put(one *row, live bool) {
	r.by[one.id] = one
	if live {
		return
	}
	r.ended = append(r.ended, one)
	for len(r.ended) > mostEnded {
		oldest := r.ended[0]
		r.ended = r.ended[1:]
		if r.by[oldest.id] == oldest {
			delete(r.by, oldest.id)
		}
	}
}

func endedState(s eventsv1.Delivery_State) bool {
	return s == eventsv1.Delivery_DELIVERED || s == eventsv1.Delivery_FAILED
}

// note remembers how it last went.
func (q *queue) note(m *eventsv1.Delivery) {
	for _, a := range m.GetAttempts() {
		at := a.GetAt().AsTime()
		if a.GetError() != "" && at.After(q.failed) {
			q.failed, q.failure = at, a
		}
	}
	if n := len(m.GetAttempts()); n > 0 && m.GetState() == eventsv1.Delivery_DELIVERED {
		if at := m.GetAttempts()[n-1].GetAt().AsTime(); at.After(q.delivered) {
			q.delivered = at
		}
	}
}

// chosen is what is to be done with a delivery.
type chosen struct {
	id, receiver string
	giveUp       bool
}

// choose takes from the queues what can be done now, one of each receiver in turn.
func (d *Deliveries) choose(now time.Time) []chosen {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.stopping:
		return nil
	default:
	}
	var all []chosen
	for more := true; more; {
		more = false
		for _, name := range slices.Clone(d.order) {
			if d.running >= mostAtAll {
				return all
			}
			c, ok := d.first(name, now)
			if !ok {
				continue
			}
			more = true
			all = append(all, c)
			q := d.queues[name]
			q.running++
			d.running++
			d.tries.Add(1)
			// Whoever had a turn is last for the next.
			d.order = append(slices.DeleteFunc(d.order, func(s string) bool { return s == name }), name)
		}
	}
	return all
}

// first takes what a queue has due, if it may be sent, or waits for too long.
func (d *Deliveries) first(name string, now time.Time) (chosen, bool) {
	q := d.queues[name]
	for len(q.due) > 0 {
		top := q.due[0]
		if r := d.rows.by[top.id]; r == nil || r.changes != top.changes {
			heap.Pop(&q.due) // it has changed since
			continue
		}
		_, configured := d.configs[name]
		open := configured && !q.disabled
		if !open && !top.at.Add(patience).After(now) {
			heap.Pop(&q.due)
			return chosen{top.id, name, true}, true
		}
		if !open || top.at.After(now) || q.held.After(now) || q.running >= mostToOne {
			return chosen{}, false
		}
		heap.Pop(&q.due)
		return chosen{id: top.id, receiver: name}, true
	}
	return chosen{}, false
}

// again puts a delivery that could not be looked at back into its queue, for later.
func (d *Deliveries) again(id string, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.rows.by[id]; r != nil && !endedState(r.state) {
		heap.Push(&d.queue(r.receiver).due, due{at, id, r.changes})
	}
}

// over says that what was chosen is done.
func (d *Deliveries) over(name string) {
	d.mu.Lock()
	d.queue(name).running--
	d.running--
	d.mu.Unlock()
	d.tries.Done()
	d.wake()
}

// hold leaves a receiver alone that said so.
func (d *Deliveries) hold(name string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queue(name)
	if until.After(q.held) {
		q.held = until
	}
}

// live counts what is on its way, by receiver, and since when the oldest is.
func (d *Deliveries) live() (pending map[string]int, oldest map[string]time.Time) {
	pending, oldest = map[string]int{}, map[string]time.Time{}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range maps.Keys(d.configs) {
		pending[name] = 0
	}
	for _, r := range d.rows.by {
		if endedState(r.state) {
			continue
		}
		pending[r.receiver]++
		if t, ok := oldest[r.receiver]; !ok || r.created.Before(t) {
			oldest[r.receiver] = r.created
		}
	}
	return pending, oldest
}
