//go:build linux

package embednats

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/rappel-loop/rappel/services/internal/bus"
)

// canSyncFS says that one call can sync a whole file system and report its
// errors (Linux 5.8 and later).
const canSyncFS = true

var errClosed = errors.New("the event store is closed")

// syncBarrier is a group commit: everybody who waits while one sync runs shares
// the next one.
type syncBarrier struct {
	kick chan struct{}
	done chan struct{}

	mu    sync.Mutex
	next  *round // those who wait for a sync that has not started
	fatal error  // once a sync has failed nothing can be promised any more
}

// round is one sync and those who wait for it.
type round struct {
	over    chan struct{}
	waiters int // guarded by the barrier's lock until the round begins
	err     error
}

var _ bus.Barrier = (*syncBarrier)(nil)

func newSyncBarrier(dir string, failed chan<- error) (*syncBarrier, func(), error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("data directory: %w", err)
	}
	b, stop := newBarrier(func() error { return unix.Syncfs(int(f.Fd())) }, failed)
	return b, func() { stop(); _ = f.Close() }, nil
}

// newBarrier runs a barrier on a sync until the function it returns is called.
func newBarrier(syncAll func() error, failed chan<- error) (*syncBarrier, func()) {
	b := &syncBarrier{kick: make(chan struct{}, 1), done: make(chan struct{}), next: newRound()}
	stopped := make(chan struct{})
	go b.run(syncAll, failed, stopped)
	var once sync.Once
	return b, func() { once.Do(func() { close(b.done); <-stopped }) }
}

func newRound() *round { return &round{over: make(chan struct{})} }

// Wait returns after a sync that started after the call.
func (b *syncBarrier) Wait(ctx context.Context) error {
	b.mu.Lock()
	r, fatal := b.next, b.fatal
	r.waiters++
	b.mu.Unlock()
	if fatal != nil {
		return fatal
	}
	select {
	case b.kick <- struct{}{}:
	default: // a kick is pending: it will take this round
	}
	select {
	case <-r.over:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *syncBarrier) run(sync func() error, failed chan<- error, stopped chan<- struct{}) {
	defer close(stopped)
	for {
		select {
		case <-b.kick:
			b.commit(sync, failed)
		case <-b.done:
			b.commit(sync, failed) // whoever waits now gets an honest answer
			b.close()
			return
		}
	}
}

// close answers whoever comes too late.
func (b *syncBarrier) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fatal == nil {
		b.fatal = errClosed
	}
	b.next.err = b.fatal
	close(b.next.over)
}

func (b *syncBarrier) commit(sync func() error, failed chan<- error) {
	b.mu.Lock()
	r := b.next
	b.next = newRound()
	fatal := b.fatal
	b.mu.Unlock()
	if fatal == nil && r.waiters > 0 { // a kick may come just after its round was taken
		if err := sync(); err != nil {
			// Never again: after a failed sync the kernel may have dropped the
			// pages and report success the next time.
			fatal = fmt.Errorf("the disk refused to sync, nothing more can be accepted: %w", err)
			b.mu.Lock()
			b.fatal = fatal
			b.mu.Unlock()
			failed <- fatal
		}
	}
	r.err = fatal
	close(r.over)
}
