package embednats

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const soon = 20 * time.Second

func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	t.Cleanup(cancel)
	return ctx
}

// device is a sync that tests hold up and break.
type device struct {
	begun   chan struct{} // gets one for each sync that begins
	proceed chan error    // what each sync returns
}

func newDevice() device { return device{begun: make(chan struct{}), proceed: make(chan error)} }

func (d device) sync() error {
	d.begun <- struct{}{}
	return <-d.proceed
}

// waiting starts a Wait and returns once it has joined a round.
func waiting(t *testing.T, b *syncBarrier) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	b.mu.Lock()
	r, before := b.next, b.next.waiters
	b.mu.Unlock()
	go func() { done <- b.Wait(patience(t)) }()
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return r.waiters > before || b.next != r
	}, soon, time.Millisecond)
	return done
}

func TestAWaitIsAnsweredByASyncThatBeganAfterIt(t *testing.T) {
	t.Parallel()
	d := newDevice()
	b, stop := newBarrier(d.sync, make(chan error, 1))
	defer stop()
	first := waiting(t, b)
	<-d.begun
	// These come while a sync runs that began before them: it is not theirs.
	second, third := waiting(t, b), waiting(t, b)
	d.proceed <- nil
	require.NoError(t, <-first)
	<-d.begun
	require.Empty(t, second)
	require.Empty(t, third)
	d.proceed <- nil
	require.NoError(t, <-second)
	require.NoError(t, <-third, "they share one sync")
}

// TestNoWaitIsAnsweredTooEarly checks the promise under load: what was written
// before a Wait began is covered by a sync that began afterwards.
func TestNoWaitIsAnsweredTooEarly(t *testing.T) {
	t.Parallel()
	var written, synced atomic.Int64
	var syncs atomic.Int64
	b, stop := newBarrier(func() error {
		covered := written.Load() // a sync covers what was written when it began
		syncs.Add(1)
		for range 200 { // a disk takes its time
			runtime.Gosched()
		}
		synced.Store(covered)
		return nil
	}, make(chan error, 1))
	defer stop()
	const writers, rounds = 32, 200
	var wg sync.WaitGroup
	var early atomic.Int64
	for range writers {
		wg.Go(func() {
			for range rounds {
				mine := written.Add(1)
				if err := b.Wait(t.Context()); err != nil || synced.Load() < mine {
					early.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.Zero(t, early.Load())
	require.Less(t, syncs.Load(), int64(writers*rounds/2), "many share one sync")
}

func TestAFailedSyncIsForEver(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("input/output error")
	d, failed := newDevice(), make(chan error, 1)
	b, stop := newBarrier(d.sync, failed)
	first := waiting(t, b)
	<-d.begun
	second := waiting(t, b)
	d.proceed <- errDisk
	require.ErrorIs(t, <-first, errDisk)
	require.ErrorIs(t, <-second, errDisk, "who waits for the next round gets no sync")
	require.ErrorIs(t, b.Wait(patience(t)), errDisk)
	require.ErrorIs(t, <-failed, errDisk)
	stop()
	require.ErrorIs(t, b.Wait(patience(t)), errDisk)
	require.Empty(t, failed, "it is told once")
}

func TestClosingAnswersWhoWaits(t *testing.T) {
	t.Parallel()
	d := newDevice()
	b, stop := newBarrier(d.sync, make(chan error, 1))
	first := waiting(t, b)
	<-d.begun
	second := waiting(t, b)
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	d.proceed <- nil
	require.NoError(t, <-first)
	<-d.begun // a last sync, for those who came before the end
	d.proceed <- nil
	require.NoError(t, <-second)
	<-stopped
	require.ErrorIs(t, b.Wait(patience(t)), errClosed)
	stop()
}

func TestClosingUnderLoadLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	for range 50 {
		b, stop := newBarrier(func() error { return nil }, make(chan error, 1))
		var wg sync.WaitGroup
		ctx := patience(t)
		for range 16 {
			wg.Go(func() {
				for {
					if err := b.Wait(ctx); err != nil {
						if !errors.Is(err, errClosed) {
							t.Errorf("got %v", err)
						}
						return
					}
				}
			})
		}
		stop()
		wg.Wait()
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := newDevice()
	b, stop := newBarrier(d.sync, make(chan error, 1))
	first := waiting(t, b)
	<-d.begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Wait(ctx), context.Canceled)
	d.proceed <- nil
	require.NoError(t, <-first)
	<-d.begun // the round of the one who left
	d.proceed <- nil
	stop()
}

func TestTheBarrierSyncsARealFileSystem(t *testing.T) {
	t.Parallel()
	b, stop, err := newSyncBarrier(t.TempDir(), make(chan error, 1))
	require.NoError(t, err)
	require.NoError(t, b.Wait(patience(t)))
	stop()
	_, _, err = newSyncBarrier(t.TempDir()+"/none", nil)
	require.ErrorContains(t, err, "data directory")
}
