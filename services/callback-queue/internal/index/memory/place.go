package memory

import (
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
)

// A pending record is in one of three places: ready, delayed or held. The
// functions here are the only ones that move it, and keep its page list right.

func (x *Index) makeReady(r *record) {
	r.lane.queueUp(r)
	r.enlist(listReady)
}

func (x *Index) delay(r *record) {
	x.delayed.Set(r)
	r.enlist(listWaiting)
}

func (x *Index) holdFor(r *record, h *hold) {
	x.unplace(r)
	r.hold = h
	r.lane.holds++
	x.holds.Set(r)
	if h.ask.request != "" {
		x.asks[h.ask] = r
	}
	r.enlist(listWaiting)
}

// unplace takes a pending record from where it is; the page list stays for the
// next place to change.
func (x *Index) unplace(r *record) {
	switch {
	case r.hold != nil:
		x.holds.Delete(r)
		r.lane.holds--
		delete(x.asks, r.hold.ask)
		r.hold = nil
	case r.list == listReady:
		r.lane.stepOut(r)
	default:
		x.delayed.Delete(r)
	}
}

// enlist moves a record to a page list of its queue.
func (r *record) enlist(to listNo) {
	if r.list != to && r.list != listNone {
		r.lane.lists[r.list].Delete(r)
	}
	r.list = to
	r.lane.lists[to].Set(r)
}

// settle moves what time alone moves: holds that ended and delays that passed.
// A hold lasts while now is before its end.
func (x *Index) settle(now int64) {
	for r, held := x.holds.Min(); held && r.hold.until <= now; r, held = x.holds.Min() {
		x.release(r, now)
	}
	for r, waits := x.delayed.Min(); waits && r.ready <= now; r, waits = x.delayed.Min() {
		x.unplace(r)
		x.makeReady(r)
	}
}

// release gives back a record that is held.
func (x *Index) release(r *record, now int64) {
	x.unplace(r)
	if r.ready <= now {
		x.makeReady(r)
	} else {
		x.delay(r)
	}
}

// head is the line's first entry that is ready at now. An entry that another
// caller's faster clock made ready goes back to wait.
func (x *Index) head(line *tree, now int64) *record {
	for r, found := line.Min(); found; r, found = line.Min() {
		if r.ready <= now {
			return r
		}
		x.unplace(r)
		x.delay(r)
	}
	return nil
}

func (x *Index) hasDeadline(r *record) bool { return r.due != order.Never }
