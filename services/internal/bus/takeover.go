package bus

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// gatherQuiet is how long nothing must come before what was gathered is all there is.
const gatherQuiet = 500 * time.Millisecond

// takeover puts in order what an exclusive consumer hands out first to whoever gets it next.
// The server hands out again what the process before had in hand, before anything new, but
// not in its order: while nobody may have it, each look at the line puts its first at its
// end (nats-server 2.15, consumer.go, loopAndGatherMsgs). So what comes again is gathered,
// until something new comes or nothing has come for a while, and sorted.
type takeover struct {
	lineUp func(Delivery, jetstream.Msg)
	most   time.Duration // how long it may last at most: nothing gathered may be overdue

	mu        sync.Mutex
	pin       string // under which this process has the consumer
	gathering bool
	until     time.Time
	timer     *time.Timer
	again     []gathered
}

type gathered struct {
	d Delivery
	m jetstream.Msg
}

// gathers takes a delivery that has to be put in order, and reports whether it did.
func (t *takeover) gathers(pin string, d Delivery, m jetstream.Msg) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if pin != t.pin {
		t.pin, t.gathering, t.until = pin, true, now.Add(t.most)
	}
	if !t.gathering {
		return false
	}
	if d.Deliveries <= 1 {
		t.release()
		return false
	}
	t.again = append(t.again, gathered{d, m})
	if t.timer != nil {
		t.timer.Stop()
	}
	t.timer = time.AfterFunc(min(gatherQuiet, max(0, t.until.Sub(now))), t.end)
	return true
}

// end lines up what was gathered: there is no more of it.
func (t *takeover) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.release()
}

// release needs the lock: what comes meanwhile must not overtake it.
func (t *takeover) release() {
	t.gathering = false
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	slices.SortFunc(t.again, func(a, b gathered) int { return cmp.Compare(a.d.Sequence, b.d.Sequence) })
	for _, g := range t.again {
		t.lineUp(g.d, g.m)
	}
	t.again = nil
}
