package memory

import (
	"cmp"
	"strings"
	"unique"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// record is one entry, with instants as numbers: a million of them are kept.
type record struct {
	id, customerKey string
	line            unique.Handle[string] // the same few for all
	lane            *lane
	desk            *desk // nil when no agent is named
	hold            *hold // nil when not reserved here
	seq             uint64
	rank, firstDue  int64
	opened, ready   int64
	forget          int64
	due, look       int64 // the deadline, and when it may be given: later, once taken
	state           callback.State
	list            listNo
	sla             callback.SLAState
	overdue         bool
}

// hold is a reservation that no commit has confirmed yet.
type hold struct {
	until int64
	ask   ask // zero when the reservation had no request id
}

// ask is a question that gets the same answer while the hold lasts.
type ask struct{ agent, request string }

func newRecord(e queue.Entry, l *lane, d *desk) *record {
	return &record{
		id: e.ID, customerKey: sharePrefix(e.ID, e.CustomerKey), lane: l, desk: d,
		line: unique.Make(e.Line), seq: e.Seq, rank: e.Rank, firstDue: order.Nanos(e.FirstDue), state: e.State,
		opened: order.Nanos(e.OpenedAt), ready: order.Nanos(e.ReadyAt), due: order.Nanos(e.DueAt), look: order.Nanos(e.DueAt),
		list: listNone, sla: e.SLA, overdue: e.Overdue, forget: order.Nanos(e.ForgetAt),
	}
}

// sharePrefix returns the customer key as a part of the id, which it normally
// is: that spares its bytes.
func sharePrefix(id, customerKey string) string {
	if strings.HasPrefix(id, customerKey) {
		return id[:len(customerKey)]
	}
	return customerKey
}

func (r *record) entry() queue.Entry {
	e := queue.Entry{
		ID: r.id, CustomerKey: r.customerKey, Seq: r.seq, State: r.state, Queue: r.lane.name, Line: r.line.Value(),
		Rank: r.rank, FirstDue: order.Time(r.firstDue), OpenedAt: order.Time(r.opened), ReadyAt: order.Time(r.ready), DueAt: order.Time(r.due),
		SLA: r.sla, Overdue: r.overdue, ForgetAt: order.Time(r.forget),
	}
	if r.desk != nil {
		e.Agent = r.desk.agent
	}
	return e
}

func (r *record) key() order.Key { return order.Key{Opened: r.opened, ID: r.id} }

func byOpening(a, b *record) bool    { return before(a.opened, b.opened, a, b) }
func byReadyAt(a, b *record) bool    { return before(a.ready, b.ready, a, b) }
func byLook(a, b *record) bool       { return before(a.look, b.look, a, b) }
func byForgetting(a, b *record) bool { return before(a.forget, b.forget, a, b) }
func byHoldEnd(a, b *record) bool    { return before(a.hold.until, b.hold.until, a, b) }

// byPlace is the order in which ready entries are given away.
func byPlace(a, b *record) bool { return goesBefore(a, 0, b, 0) }

// goesBefore is byPlace of two entries that are that much behind their rank. The
// ids, which are elsewhere in memory, are looked at last.
func goesBefore(a *record, behindA int64, b *record, behindB int64) bool {
	rankA, rankB := a.rank+behindA, b.rank+behindB
	switch {
	case rankA != rankB:
		return rankA < rankB
	case a.firstDue != b.firstDue:
		return a.firstDue < b.firstDue
	default:
		return before(a.opened, b.opened, a, b)
	}
}

// before orders by a number, and by id where the numbers are equal.
func before(x, y int64, a, b *record) bool {
	if x != y {
		return x < y
	}
	return cmp.Less(a.id, b.id)
}
