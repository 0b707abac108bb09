package memory

import (
	"context"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// Apply implements queue.Index.
func (x *Index) Apply(_ context.Context, entries ...queue.Entry) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range entries {
		x.apply(&entries[i])
	}
	return nil
}

func (x *Index) apply(e *queue.Entry) {
	if old, known := x.byID[e.ID]; known {
		if e.Seq <= old.seq {
			return
		}
		x.remove(old)
	}
	r := newRecord(*e, x.lane(e.Queue), x.desk(e.Agent))
	x.byID[r.id] = r
	x.insert(r)
}

// insert puts a record in every set it belongs to. There is no clock here, so
// only what was ready when it was opened is certainly ready: the rest waits in
// delayed, and the next Reserve or Stats knows the time.
func (x *Index) insert(r *record) {
	switch {
	case r.state != callback.Pending:
		r.enlist(listOf(r.state))
	case r.ready <= r.opened:
		x.makeReady(r)
	default:
		x.delay(r)
	}
	if r.desk != nil {
		r.desk.tree(r.state).Set(r)
	}
	if x.hasDeadline(r) {
		x.due.Set(r)
	}
	if a, ok := order.AlarmOf(r.state, r.sla); ok {
		r.lane.alarms[a].Set(r)
	}
	if r.passes() {
		x.gone.Set(r)
	}
}

// remove takes a record out of every set, and ends its hold.
func (x *Index) remove(r *record) {
	if r.state == callback.Pending {
		x.unplace(r)
	}
	r.lane.lists[r.list].Delete(r)
	x.leave(r)
	if x.hasDeadline(r) {
		x.due.Delete(r)
	}
	if a, ok := order.AlarmOf(r.state, r.sla); ok {
		r.lane.alarms[a].Delete(r)
	}
	if r.passes() {
		x.gone.Delete(r)
	}
	delete(x.byID, r.id)
}
