package ledger

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// errReading says that the ledger has not caught up yet.
var errReading = errors.New("reading what was received before")

// progress says how far the stream has been followed, and wakes who waits for it.
type progress struct {
	applied atomic.Uint64
	waiting atomic.Int64
	ready   atomic.Bool

	mu      sync.Mutex
	waiters map[chan struct{}]uint64
}

// Ready is nil once everything stored before the start is known.
func (p *progress) Ready() error {
	if !p.ready.Load() {
		return errReading
	}
	return nil
}

// Applied is the sequence up to which the stream is known.
func (p *progress) Applied() uint64 { return p.applied.Load() }

// Await returns once everything up to sequence is known.
func (p *progress) Await(ctx context.Context, sequence uint64) error {
	if p.applied.Load() >= sequence {
		return nil
	}
	p.mu.Lock()
	done := make(chan struct{})
	if p.waiters == nil {
		p.waiters = map[chan struct{}]uint64{}
	}
	p.waiters[done] = sequence
	p.waiting.Add(1)
	p.wakeLocked() // it may have come meanwhile
	p.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		if _, still := p.waiters[done]; still {
			delete(p.waiters, done)
			p.waiting.Add(-1)
		}
		return ctx.Err()
	}
}

// advance says that everything up to sequence is known.
func (p *progress) advance(sequence uint64) {
	p.applied.Store(sequence)
	if p.waiting.Load() > 0 {
		p.mu.Lock()
		p.wakeLocked()
		p.mu.Unlock()
	}
}

func (p *progress) wakeLocked() {
	for done, sequence := range p.waiters {
		if sequence <= p.applied.Load() {
			delete(p.waiters, done)
			p.waiting.Add(-1)
			close(done)
		}
	}
}
