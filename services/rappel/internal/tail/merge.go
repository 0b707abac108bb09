package tail

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Bounds of waiting for an older event.
const (
	// settle is how long a live event waits: streams reach a reader a few
	// milliseconds apart.
	settle = 30 * time.Millisecond
	// stall is how long events of the past wait for a stream that said it had
	// more: what it had may have been deleted meanwhile.
	stall = 2 * time.Second
)

// ahead is how many events of a stream are read before they are handed on: they
// wait together, not one after the other.
const ahead = 256

// item is one event not yet handed on, or what ended its stream.
type item struct {
	d       bus.Delivery
	pending uint64 // events behind it
	arrived time.Time
	err     error
}

// lane is one stream.
type lane struct {
	ready chan item
	head  *item
	live  bool // it has nothing older to give
}

// merge holds a bounded number of events a stream, so a slow reader slows the
// streams down.
type merge struct {
	lanes []lane
	news  chan struct{} // something is ready
	moved time.Time
}

func newMerge(streams int) *merge {
	m := &merge{lanes: make([]lane, streams), news: make(chan struct{}, 1), moved: time.Now()}
	for i := range m.lanes {
		m.lanes[i].ready = make(chan item, ahead)
	}
	return m
}

// pump reads one stream into its lane.
func (m *merge) pump(ctx context.Context, ready chan<- item, cons jetstream.Consumer) {
	msgs, err := cons.Messages(jetstream.PullMaxMessages(512))
	if err != nil {
		m.give(ctx, ready, item{err: err})
		return
	}
	defer msgs.Stop()
	stop := context.AfterFunc(ctx, msgs.Stop)
	defer stop()
	for {
		var it item
		msg, err := msgs.Next()
		if err == nil {
			it.d, it.pending, err = delivery(msg)
		}
		it.err = err
		if !m.give(ctx, ready, it) || err != nil {
			return
		}
	}
}

func (m *merge) give(ctx context.Context, ready chan<- item, it item) bool {
	it.arrived = time.Now()
	select {
	case ready <- it:
	case <-ctx.Done():
		return false
	}
	select {
	case m.news <- struct{}{}:
	default:
	}
	return true
}

// take fills the heads with what is ready.
func (m *merge) take() error {
	for i := range m.lanes {
		l := &m.lanes[i]
		if l.head != nil {
			continue
		}
		select {
		case it := <-l.ready:
			if it.err != nil {
				return fmt.Errorf("a stream can no longer be read: %w", it.err)
			}
			l.head = &it
		default:
		}
	}
	return nil
}

func (m *merge) run(ctx context.Context, each func(bus.Delivery) error) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if err := m.take(); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
		l, wait := m.oldest()
		if l != nil && wait <= 0 {
			if err := each(l.head.d); err != nil {
				return err
			}
			l.live, l.head = l.head.pending == 0, nil
			m.moved = time.Now()
			continue
		}
		timer.Reset(wait)
		select {
		case <-m.news:
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// oldest returns the lane whose event is to be handed on, and how long it has to
// wait for one that may be older.
func (m *merge) oldest() (*lane, time.Duration) {
	var oldest *lane
	empty, behind := false, false
	for i := range m.lanes {
		l := &m.lanes[i]
		switch {
		case l.head == nil:
			empty = true
			behind = behind || !l.live
		case oldest == nil || l.head.d.Time.Before(oldest.head.d.Time):
			oldest = l
		}
	}
	switch {
	case oldest == nil:
		return nil, time.Hour
	case !empty:
		return oldest, 0
	case behind:
		return oldest, time.Until(m.moved.Add(stall))
	default:
		return oldest, time.Until(oldest.head.arrived.Add(settle))
	}
}
