package history

import (
	"context"
	"sync"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// Follow keeps in memory what rules look back on, while any does, until ctx ends.
func (r *Reader) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		days, wanted := r.needed()
		if days == 0 {
			r.keep(nil)
			select {
			case <-wanted:
			case <-ctx.Done():
			}
			continue
		}
		err := r.follow(ctx, days)
		r.keep(nil)
		if ctx.Err() == nil && !r.outgrown(days) {
			r.deps.Log.Warn("the earlier answers are read again", zap.Error(err))
			_ = clock.Sleep(ctx, r.retry) // the loop's condition says why it ended
		}
	}
	return nil
}

func (r *Reader) needed() (int, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.days, r.wanted
}

// outgrown reports whether so many days are not what is needed any more: fewer are, unless
// it is none.
func (r *Reader) outgrown(days int) bool {
	now, _ := r.needed()
	return now == 0 || now > days
}

// keep puts another in the place of what is kept.
func (r *Reader) keep(k *kept) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = k
	r.tell()
}

// tell wakes those who wait; the caller holds the lock.
func (r *Reader) tell() {
	if r.waits > 0 {
		close(r.moved)
		r.moved = make(chan struct{})
	}
}

// follow reads SCORES from so many days ago on, and goes on as events come, until others
// are needed.
func (r *Reader) follow(ctx context.Context, days int) error {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() { r.watch(ctx, days, cancel) })
	k := &kept{store: NewStore(), from: r.deps.Clock.Now().Add(-Span(days))}
	r.keep(k)
	first, _, err := r.deps.Bus.Since(ctx, subject.Scores, k.from)
	if err != nil {
		return err
	}
	return r.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: subject.Scores, From: first}, func(d bus.Delivery) error {
		r.take(k, d)
		return nil
	}, func() error {
		r.deps.Log.Info("the earlier answers are read", zap.Int("days", days), zap.Int("events", k.store.Len()))
		r.mu.Lock()
		defer r.mu.Unlock()
		k.whole = true
		r.tell()
		return nil
	})
}

// take holds one event. One that cannot be read is a dead letter elsewhere.
func (r *Reader) take(k *kept, d bus.Delivery) {
	r.mu.Lock()
	if keep := d.Time.Add(-Span(r.days)); keep.After(k.from) {
		k.from = keep
	}
	keep := k.from
	r.mu.Unlock()
	var e eventsv1.ResponseScored
	if err := d.Decode(&e); err == nil {
		k.store.Add(&e, d.Sequence, d.Time, keep)
	} else {
		r.deps.Log.Debug("an event cannot be read and is left out", zap.Uint64(obs.Sequence, d.Sequence))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k.seen = d.Sequence
	r.tell()
}

// watch ends following once other days are needed than it is about.
func (r *Reader) watch(ctx context.Context, days int, end context.CancelFunc) {
	for {
		now, wanted := r.needed()
		if now == 0 || now > days {
			end()
			return
		}
		select {
		case <-wanted:
		case <-ctx.Done():
			return
		}
	}
}
