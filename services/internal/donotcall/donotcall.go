// Package donotcall keeps the list of those who are not to be called: pseudonyms of ids,
// phone numbers and e-mail addresses, made as customer keys are. Whoever reads the list
// learns of nobody that they are on it.
//
// Authority. The last event of a pseudonym's subject in DO_NOT_CALL says whether it is
// listed. Changes are compare-and-set on it, and on disk before they are answered. The
// collector makes them, which knows whose pseudonym is whose, and the callback queue, for
// a customer who asks an agent.
//
// Following. Who has to heed the list follows it into memory, some 40 bytes a pseudonym. It
// is behind by as much as an event takes, but never behind a change made through it. While
// the stream is away, what is known holds.
package donotcall

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/pseudonym"
)

const (
	// atOnce is how many pseudonyms are changed at the same time: they share a sync.
	atOnce = 16
	// maxTries is how often a change that lost its compare-and-set is made again.
	maxTries = 8
)

// ErrContended says that others changed the same pseudonym all the while.
var ErrContended = errors.New("the list is changing too fast; ask again")

// Change is what is said of somebody.
type Change struct {
	// Keys are their pseudonyms; each is changed.
	Keys []string
	// Listed is whether they are not to be called.
	Listed bool
	// By is who says so; CallbackID is where the customer did, if it was in one.
	By, CallbackID string
	// At is when.
	At time.Time
}

// List is the list. Safe for concurrent use.
type List struct {
	bus          *bus.Bus
	log          *zap.Logger
	retry, check time.Duration

	mu   sync.RWMutex
	keys map[pseudonym.ID]struct{}
	own  map[pseudonym.ID]bool // what was changed here since following began
	read chan struct{}         // closed once the list is read
	news chan struct{}
}

// New returns a list; who heeds it runs Follow beside it.
func New(b *bus.Bus, log *zap.Logger) *List {
	return &List{
		bus: b, log: log.Named("do-not-call"), retry: time.Second, check: 2 * time.Second,
		keys: map[pseudonym.ID]struct{}{}, own: map[pseudonym.ID]bool{}, read: make(chan struct{}), news: make(chan struct{}, 1),
	}
}

// Apply makes a change and returns how many pseudonyms it changed; the others were so
// before. It returns ErrContended, or an error of the bus: then some may have changed, and
// the same again changes the others.
func (l *List) Apply(ctx context.Context, c Change) (int, error) {
	keys := slices.Compact(slices.Sorted(slices.Values(c.Keys)))
	changed := make([]bool, len(keys))
	work, wctx := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for i, key := range keys {
		work.Go(func() (err error) {
			changed[i], err = l.apply(wctx, key, c)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return 0, err
	}
	if err := l.bus.Durable(ctx); err != nil {
		return 0, err
	}
	n := 0
	for i, key := range keys {
		l.changed(key, c.Listed)
		if changed[i] {
			n++
		}
	}
	return n, nil
}

func (l *List) apply(ctx context.Context, key string, c Change) (bool, error) {
	for range maxTries {
		was, seq, err := l.last(ctx, key)
		if err != nil || was.GetListed() == c.Listed {
			return false, err
		}
		_, err = l.bus.AppendAt(ctx, bus.Event{
			Subject: subject.DoNotCallKey(key), ID: fmt.Sprintf("dnc-%s-%d", key, seq),
			Body: &eventsv1.DoNotCallChanged{Listed: c.Listed, At: timestamppb.New(c.At), By: c.By, CallbackId: c.CallbackID},
		}, seq)
		if !errors.Is(err, bus.ErrConflict) {
			return err == nil, err
		}
	}
	return false, ErrContended
}

// last is what was said of a pseudonym last, and its sequence; nil and 0 when nothing was.
func (l *List) last(ctx context.Context, key string) (*eventsv1.DoNotCallChanged, uint64, error) {
	d, err := l.bus.Latest(ctx, subject.DoNotCallKey(key))
	if errors.Is(err, bus.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	m := &eventsv1.DoNotCallChanged{}
	return m, d.Sequence, d.Decode(m)
}

// Check returns why one of the pseudonyms is listed, the first that is; nil when none is.
func (l *List) Check(ctx context.Context, keys []string) (*eventsv1.DoNotCallChanged, error) {
	for _, key := range keys {
		m, _, err := l.last(ctx, key)
		if err != nil || m.GetListed() {
			return m, err
		}
	}
	return nil, nil //nolint:nilnil // nothing is said of them
}
