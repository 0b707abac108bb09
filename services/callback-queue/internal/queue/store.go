package queue

import (
	"context"
	"errors"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Sentinels of the store.
var (
	// ErrConflict says that the customer's subject has moved on since the
	// aggregate was loaded: load it again and decide again.
	ErrConflict = errors.New("the callback has moved on")
	// ErrUnreadable says that the customer's last event is there and cannot be
	// read. No retry will mend it, and it must stop nobody else.
	ErrUnreadable = errors.New("the customer's last event cannot be read")
)

// Store is the truth about callbacks. A customer to whom nothing has happened
// has an aggregate without events.
type Store interface {
	// Recall returns the customer's aggregate as this process saw it last, or
	// false. It may be stale: good for a decision that a commit will check, never
	// for a refusal.
	Recall(customerKey string) (callback.Aggregate, bool)
	// Read asks the nearest replica, and never returns less than Recall. sure is
	// false when somebody may know better.
	Read(ctx context.Context, customerKey string) (a callback.Aggregate, sure bool, err error)
	// Load asks who decides: nothing newer was stored when it was called.
	Load(ctx context.Context, customerKey string) (callback.Aggregate, error)
	// Commit stores a decision, unless anything was stored for the customer since the
	// aggregate it was taken on: ErrConflict. It returns the aggregate as committed,
	// which nobody may be told of before Durable returns. once, when not empty, names
	// what is done: for two minutes at least, another commit of that name, for whatever
	// customer, stores nothing and returns a *DoneError. Any other error leaves open
	// whether the decision is stored.
	Commit(ctx context.Context, e callback.Event, once string) (callback.Aggregate, error)
	// Durable returns once everything that was committed or read before the call is on
	// disk: what another try has stored may be seen before it is.
	Durable(ctx context.Context) error
	// Earlier returns a callback that is no longer the customer's current one, as
	// it stood last; callback.ErrNoCallback when there never was one.
	Earlier(ctx context.Context, customerKey, id string) (*callback.Callback, error)
	// Follow hands over every customer's every change from a sequence on, in
	// order, and goes on until ctx ends or each fails. caughtUp is called once,
	// when all that was stored at the start has been handed over.
	Follow(ctx context.Context, from uint64, each func(Change) error, caughtUp func() error) error
	// Trim removes what is older of histories than they are kept, and returns of how many
	// customers. The last event of each stays.
	Trim(ctx context.Context) (customers int, err error)
	// Position names the stream's life and its last sequence.
	Position(ctx context.Context) (Checkpoint, error)
}

// DoneError says that what a commit was to do once has been done.
type DoneError struct {
	// CustomerKey is whose event did it.
	CustomerKey string
}

// Error names the customer by their pseudonym.
func (e *DoneError) Error() string { return "done before, for customer " + e.CustomerKey }

// Change is one event of the stream.
type Change struct {
	// Seq is its sequence, CustomerKey whose it is.
	Seq         uint64
	CustomerKey string
	// Read returns of the aggregate after it what an index needs. It may be called
	// much later, or never: reading costs something. The error is ErrUnreadable.
	Read func() (callback.Aggregate, error)
}
