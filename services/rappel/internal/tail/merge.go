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

// item is the oldest event not yet handed on of one stream.
type item struct {
	stream  int
	d       bus.Delivery
	pending uint64 // events behind it
	arrived time.Time
	err     error
}

// merge holds at most one event a stream, so its memory is bounded and a slow
// reader slows the streams down.
type merge struct {
	in    chan item
	next  []chan struct{} // lets a stream's pump go on
	heads []*item
	live  []bool // the stream has nothing older to give
	moved time.Time
}

func newMerge(streams int) *merge {
	m := &merge{in: make(chan item), heads: make([]*item, streams), live: make([]bool, streams), moved: time.Now()}
	for range streams {
		m.next = append(m.next, make(chan struct{}, 1))
	}
	return m
}

// pump reads one stream, an event at a time.
func (m *merge) pump(ctx context.Context, stream int, cons jetstream.Consumer) {
	msgs, err := cons.Messages(jetstream.PullMaxMessages(512))
	if err != nil {
		m.give(ctx, item{stream: stream, err: err})
		return
	}
	defer msgs.Stop()
	stop := context.AfterFunc(ctx, msgs.Stop)
	defer stop()
	for {
		it := item{stream: stream}
		msg, err := msgs.Next()
		if err == nil {
			it.d, it.pending, err = delivery(msg)
		}
		it.err = err
		if !m.give(ctx, it) || err != nil {
			return
		}
		select {
		case <-m.next[stream]:
		case <-ctx.Done():
			return
		}
	}
}

func (m *merge) give(ctx context.Context, it item) bool {
	it.arrived = time.Now()
	select {
	case m.in <- it:
		return true
	case <-ctx.Done():
		return false
	}
}

func (m *merge) run(ctx context.Context, each func(bus.Delivery) error) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		oldest, wait := m.oldest()
		if oldest != nil && wait <= 0 {
			if err := each(oldest.d); err != nil {
				return err
			}
			m.heads[oldest.stream], m.live[oldest.stream] = nil, oldest.pending == 0
			m.moved = time.Now()
			m.next[oldest.stream] <- struct{}{}
			continue
		}
		timer.Reset(wait)
		select {
		case it := <-m.in:
			if it.err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return fmt.Errorf("a stream can no longer be read: %w", it.err)
			}
			m.heads[it.stream] = &it
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// oldest returns the event to hand on, and how long it has to wait for one that
// may be older.
func (m *merge) oldest() (*item, time.Duration) {
	var oldest *item
	empty, behind := false, false
	for i, h := range m.heads {
		switch {
		case h == nil:
			empty = true
			behind = behind || !m.live[i]
		case oldest == nil || h.d.Time.Before(oldest.d.Time):
			oldest = h
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
		return oldest, time.Until(oldest.arrived.Add(settle))
	}
}
