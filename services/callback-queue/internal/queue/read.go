package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Get returns one callback as the stream has it.
func (q *Queue) Get(ctx context.Context, id string) (*callback.Callback, error) {
	key, n, ok := callback.ParseID(id)
	if !ok {
		return nil, callback.ErrNoCallback
	}
	a, sure, err := q.store.Read(ctx, key)
	if err == nil && !sure && (a.Callback == nil || a.Callback.Number < n) {
		a, err = q.store.Load(ctx, key) // "there is none" is said on the truth only
	}
	switch {
	case err != nil:
		return nil, err
	case a.Callback == nil || a.Callback.Number < n:
		return nil, callback.ErrNoCallback
	case a.Callback.ID == id:
		return a.Callback, nil
	default:
		return q.store.Earlier(ctx, key, id)
	}
}

// List returns one page of callbacks, and where the next begins. What the index
// has wrong is left out; an index that is not whole is an error, because a list
// with gaps looks like a complete one.
func (q *Queue) List(ctx context.Context, f Filter, after string, limit int) ([]*callback.Callback, string, error) {
	page, err := q.index.Page(ctx, f, after, limit)
	if err == nil {
		_, err = q.index.Checkpoint(ctx)
	}
	if err != nil {
		return nil, "", q.indexError(err)
	}
	out := make([]*callback.Callback, 0, len(page.Entries))
	for _, e := range page.Entries {
		cb, err := q.Get(ctx, e.ID)
		switch {
		case errors.Is(err, callback.ErrNoCallback), errors.Is(err, ErrUnreadable):
		case err != nil:
			return nil, "", fmt.Errorf("read %s: %w", e.ID, err)
		case f.chooses(cb):
			out = append(out, cb)
		}
	}
	return out, page.Next, nil
}

// chooses reports whether the filter chooses the callback.
func (f Filter) chooses(cb *callback.Callback) bool {
	agent := ""
	if cb.Holder != nil {
		agent = cb.Holder.AgentID
	}
	return (len(f.States) == 0 || slices.Contains(f.States, cb.State)) &&
		(f.Queue == "" || f.Queue == cb.Queue) && (f.Agent == "" || f.Agent == agent) &&
		!cb.OpenedAt.Before(f.OpenedFrom) && (f.OpenedBefore.IsZero() || cb.OpenedAt.Before(f.OpenedBefore))
}
