package queue

import (
	"context"
	"errors"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// ErrConflict says that the customer's subject has moved on since the aggregate
// was loaded: load it again and decide again.
var ErrConflict = errors.New("the callback has moved on")

// Store is the truth about callbacks.
type Store interface {
	// Load returns the customer's aggregate; one without events when there is
	// none. It may be remembered and stale: the commit decides.
	Load(ctx context.Context, customerKey string) (callback.Aggregate, error)
	// Reload is Load that asks the stream.
	Reload(ctx context.Context, customerKey string) (callback.Aggregate, error)
	// Commit stores a decision durably, unless anything was stored for the
	// customer since the aggregate it was taken on was loaded: ErrConflict. It
	// returns the aggregate as committed. Any other error leaves open whether the
	// decision is stored.
	Commit(ctx context.Context, e callback.Event) (callback.Aggregate, error)
	// Earlier returns a callback that is no longer the customer's current one, as
	// it stood last; callback.ErrNoCallback when there never was one.
	Earlier(ctx context.Context, customerKey, id string) (*callback.Callback, error)
	// Follow hands over every customer's every change from a sequence on, in
	// order, and goes on until ctx ends or each fails. caughtUp is called once,
	// when all that was stored at the start has been handed over.
	Follow(ctx context.Context, from uint64, each func(callback.Aggregate) error, caughtUp func() error) error
	// Position names the stream's life and its last sequence.
	Position(ctx context.Context) (Checkpoint, error)
}
