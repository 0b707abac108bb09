package queue_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// slowDisk is a store on a disk that syncs when it is let, with what then comes of
// it.
type slowDisk struct {
	queue.Store
	synced chan struct{}
	failed error
}

func (d *slowDisk) Durable(ctx context.Context) error {
	select {
	case <-d.synced:
		return d.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// onSlowDisk is a replica on one, and how many events have been told of.
func onSlowDisk(w *world, result error) (r *replica, sync func(), told *atomic.Int64) {
	d := &slowDisk{synced: make(chan struct{}), failed: result}
	told = new(atomic.Int64)
	r = w.replica(func(deps *queue.Deps) {
		d.Store, deps.Store = deps.Store, d
		deps.Committed = func(callback.Event, callback.Aggregate) { told.Add(1) }
	})
	r.ready()
	return r, func() { close(d.synced) }, told
}

func (w *world) untilItIs(r *replica, id string, s callback.State) {
	w.until(s.String(), func() bool {
		e, found, err := r.index.Get(w.Context(), id)
		return err == nil && found && e.State == s
	})
}

// What follows from an event does not wait until that is on disk; who is told does.
func TestOneSyncForAnEventAndWhatFollowsFromIt(t *testing.T) {
	everywhere(t, func(w *world) {
		r, sync, told := onSlowDisk(w, nil)
		answers := make(chan error, 2)
		go func() { answers <- r.TakeAlert(w.Context(), alert(1, "a-1")) }()
		w.untilItIs(r, id(1), callback.Pending)
		go func() { _, err := r.claim("amina", "q-1"); answers <- err }()
		w.untilItIs(r, id(1), callback.Assigned)
		require.Empty(w, answers)
		require.Zero(w, told.Load())
		sync()
		require.NoError(w, <-answers)
		require.NoError(w, <-answers)
		require.EqualValues(w, 2, told.Load())
	})
}

func TestWhatMayNotBeOnDiskIsToldToNobody(t *testing.T) {
	everywhere(t, func(w *world) {
		r, sync, told := onSlowDisk(w, bus.ErrUnavailable)
		sync()
		require.ErrorIs(w, r.TakeAlert(w.Context(), alert(1, "a-1")), bus.ErrUnavailable)
		_, err := r.claim("amina", "q-1")
		require.ErrorIs(w, err, bus.ErrUnavailable)
		_, err = r.claim("amina", "q-1")
		require.ErrorIs(w, err, bus.ErrUnavailable, "a second try finds it, and may not say so either")
		require.Zero(w, told.Load())
	})
}
