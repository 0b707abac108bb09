package queue

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// DoNotCall is the list of who is not to be called: donotcall.List.
type DoNotCall interface {
	// Has reports whether any of the pseudonyms is listed.
	Has(keys ...string) bool
	// Ready is nil once the list is read.
	Ready() error
	// Wait returns nil once the list is read, or an error when ctx ends before.
	Wait(ctx context.Context) error
	// News yields after pseudonyms were added.
	News() <-chan struct{}
	// Apply makes a change, durably.
	Apply(ctx context.Context, c donotcall.Change) (int, error)
}

// ErrListLoading says that the list of who is not to be called is not read yet.
var ErrListLoading = errors.New("the list of who is not to be called is being read")

// listPatience is how long a command waits for the list to be read.
const listPatience = time.Second

// listRead returns nil once the list is read, for a command that heeds it; else
// ErrListLoading.
func (q *Queue) listRead(ctx context.Context, cmd callback.Command) error {
	if q.barred == nil || q.barred.Ready() == nil {
		return nil
	}
	switch cmd.(type) {
	case callback.TakeAlert, callback.TakeFollowUp, callback.Offer, callback.Accept, callback.Claim, callback.StartAttempt, callback.Reopen:
	default:
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, listPatience)
	defer cancel()
	if q.barred.Wait(ctx) != nil {
		return ErrListLoading
	}
	return nil
}

// heed cancels the callback of somebody who is not to be called, and returns what became
// of it. What cannot be canceled now is found again: by whoever wants to call, and by Heed.
func (q *Queue) heed(ctx context.Context, a callback.Aggregate) callback.Aggregate {
	next, err := q.settleOn(ctx, a.CustomerKey, onOnly(a.Callback.ID, callback.Forbid{}))
	if err == nil {
		return next
	}
	if !errors.Is(err, callback.ErrNoChange) {
		q.log.Warn("a callback that is forbidden could not be canceled yet", zap.String(obs.CallbackID, a.Callback.ID), zap.Error(err))
	}
	return a
}

// Forbid puts the callback's customer on the list of who is not to be called, under every
// pseudonym known, and cancels the callback unless they are being called. by is who heard
// it. The customer is listed before anything else: doing it again ends what was left.
func (q *Queue) Forbid(ctx context.Context, id, by string) (*callback.Callback, error) {
	cmd := callback.Forbid{By: by}
	if err := callback.Check(cmd); err != nil {
		return nil, err
	}
	cb, err := q.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	_, err = q.barred.Apply(ctx, donotcall.Change{
		Keys: append([]string{cb.CustomerKey}, cb.Aliases...), Listed: true, By: by, CallbackID: id, At: q.clock.Now(),
	})
	if err != nil {
		return nil, err
	}
	a, err := q.settleOn(ctx, cb.CustomerKey, onAny(cmd))
	if err != nil && !errors.Is(err, callback.ErrNoChange) {
		return nil, err
	}
	if a.Callback != nil && a.Callback.ID == id {
		return a.Callback, nil
	}
	return q.Get(ctx, id)
}

// Heed cancels the open callbacks of those who were put on the list, until ctx ends. Any
// number of processes may do it. Between the change and this, the list is heeded by
// whoever would call.
func (q *Queue) Heed(ctx context.Context) error {
	if q.barred == nil {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-q.barred.News():
		}
		if err := q.heedAll(ctx); err != nil {
			return nil //nolint:nilerr // ctx has ended
		}
	}
}

// restShare keeps going through the callbacks to a fifth of the time.
const restShare = 4

// heedAll goes through what is open, again until it came to the end. The error is ctx's.
func (q *Queue) heedAll(ctx context.Context) error {
	rest := q.pace.heed // what is added together is looked for once
	for {
		if err := clock.Sleep(ctx, rest); err != nil {
			return err
		}
		began := time.Now()
		err := q.heedOpen(ctx)
		if err == nil || ctx.Err() != nil {
			return clock.Sleep(ctx, restShare*time.Since(began))
		}
		q.log.Warn("not all that is open could be compared with the list of who is not to be called; once more", zap.Error(err))
		rest = max(q.pace.heed, q.pace.retry, restShare*time.Since(began))
	}
}

// heedPage is how many callbacks are looked at together.
const heedPage = 200

func (q *Queue) heedOpen(ctx context.Context) error {
	waiting := Filter{States: []callback.State{callback.Pending, callback.Reserved, callback.Assigned}}
	for after := ""; ; {
		page, next, err := q.List(ctx, waiting, after, heedPage)
		if err != nil {
			return err
		}
		for _, cb := range page {
			if a := (callback.Aggregate{CustomerKey: cb.CustomerKey, Callback: cb}); q.policy.Forbids(a) {
				q.heed(ctx, a)
			}
		}
		if after = next; after == "" {
			return ctx.Err()
		}
	}
}
