package bus

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// lane is the line of events of some buckets: one is at work, the others wait
// their turn. Its length is bounded by the consumer's limit of unacknowledged
// deliveries; a bounded channel here would let one slow bucket stop the reader,
// and with it all others.
type lane struct {
	wake chan struct{}

	mu     sync.Mutex
	closed bool
	line   []*job          // not begun, oldest first
	jobs   map[uint64]*job // by sequence: in line, or at work
	began  time.Time       // when the try at work began; zero between tries
}

// job is one event, whatever number of times it was delivered to this process.
type job struct {
	d        Delivery
	received time.Time
	m        jetstream.Msg // the latest delivery, the one to answer
}

func newLane() *lane { return &lane{wake: make(chan struct{}, 1), jobs: map[uint64]*job{}} }

// put lines a delivery up and reports whether the lane is still open. A delivery
// of an event that is here already only replaces the older one: it is not
// handled twice.
func (l *lane) put(d Delivery, m jetstream.Msg) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if j, ok := l.jobs[d.Sequence]; ok {
		j.m, j.received = m, time.Now()
		return true
	}
	j := &job{d: d, received: time.Now(), m: m}
	l.jobs[d.Sequence] = j
	l.line = append(l.line, j)
	l.signal()
	return true
}

func (l *lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// next waits for the next job; nil means that the lane is closed and empty.
func (l *lane) next() *job {
	for {
		l.mu.Lock()
		if len(l.line) > 0 {
			j := l.line[0]
			l.line[0] = nil
			l.line = l.line[1:]
			l.mu.Unlock()
			return j
		}
		closed := l.closed
		l.mu.Unlock()
		if closed {
			return nil
		}
		<-l.wake
	}
}

// try marks the beginning of a try, or with the zero time its end.
func (l *lane) try(began time.Time) {
	l.mu.Lock()
	l.began = began
	l.mu.Unlock()
}

// done forgets a job and returns the delivery to answer.
func (l *lane) done(j *job) jetstream.Msg {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, j.d.Sequence)
	return j.m
}

// close lets next end once the line is empty; nothing more can be put.
func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.signal()
}

// waiting returns the deliveries received before a moment, and how long the try
// at work has lasted.
func (l *lane) waiting(before, now time.Time) (msgs []jetstream.Msg, atWork time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.jobs {
		if j.received.Before(before) {
			msgs = append(msgs, j.m)
		}
	}
	if !l.began.IsZero() {
		atWork = now.Sub(l.began)
	}
	return msgs, atWork
}
