package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/text/language"
	"golang.org/x/text/search"

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
		return q.earlier(ctx, a, id)
	}
}

// earlier returns a callback that the customer's next has followed, with what they have
// answered about it since.
func (q *Queue) earlier(ctx context.Context, a callback.Aggregate, id string) (*callback.Callback, error) {
	cb, err := q.store.Earlier(ctx, a.CustomerKey, id)
	if err != nil {
		return nil, err
	}
	for i := range a.Past {
		if p := &a.Past[i]; p.ID == id && p.Recovery != nil {
			shown := *cb
			shown.Recovery = p.Recovery
			return &shown, nil
		}
	}
	return cb, nil
}

// maxLooked is how many entries one List looks at, once it has to look at more
// than it returns.
const maxLooked = 2000

// leastLooked is what a look counts as at least: small pages are no cheaper.
const leastLooked = 20

// List returns one page of callbacks, and where the next begins. What the index
// has wrong is left out; an index that is not whole is an error, because a list
// with gaps looks like a complete one. A page may be short before the end: the
// work of one call is bounded.
func (q *Queue) List(ctx context.Context, f Filter, after string, limit int) ([]*callback.Callback, string, error) {
	chooses := f.chooser()
	var out []*callback.Callback
	for looked := 0; ; {
		most := limit - len(out)
		page, err := q.index.Page(ctx, f, after, most)
		if err == nil {
			_, err = q.index.Checkpoint(ctx)
		}
		if err != nil {
			return nil, "", q.indexError(err)
		}
		for _, e := range page.Entries {
			cb, err := q.Get(ctx, e.ID)
			switch {
			case errors.Is(err, callback.ErrNoCallback), errors.Is(err, ErrUnreadable):
			case err != nil:
				return nil, "", fmt.Errorf("read %s: %w", e.ID, err)
			case chooses(cb):
				out = append(out, cb)
			}
		}
		looked += max(most, leastLooked)
		if after = page.Next; after == "" || len(out) == limit || looked >= maxLooked {
			return out, after, nil
		}
	}
}

// chooser says of callbacks whether the filter chooses them.
func (f Filter) chooser() func(*callback.Callback) bool {
	if f.Text == "" {
		return f.chooses
	}
	pattern := search.New(language.French, search.Loose).CompileString(f.Text)
	has := func(text string) bool {
		at, _ := pattern.IndexString(text)
		return at >= 0
	}
	return func(cb *callback.Callback) bool {
		return f.chooses(cb) && slices.ContainsFunc(cb.Reasons, func(r callback.Reason) bool {
			return has(r.Verbatim) || has(r.Rule) || has(r.Survey)
		})
	}
}

// chooses reports whether the filter chooses the callback, but for its text.
func (f Filter) chooses(cb *callback.Callback) bool {
	agent := ""
	if cb.Holder != nil {
		agent = cb.Holder.AgentID
	}
	return (len(f.States) == 0 || slices.Contains(f.States, cb.State)) &&
		(f.Queue == "" || f.Queue == cb.Queue) && (f.Agent == "" || f.Agent == agent) &&
		(len(f.SLA) == 0 || slices.Contains(f.SLA, cb.SLAState())) &&
		!cb.OpenedAt.Before(f.OpenedFrom) && (f.OpenedBefore.IsZero() || cb.OpenedAt.Before(f.OpenedBefore))
}
