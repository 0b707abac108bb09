// Package store keeps callbacks in JetStream: each event of a customer's subject
// carries the whole aggregate after it, so the last one is the state and the
// ones before are the audit trail.
//
// Authority. The compare-and-set on the subject's last sequence is the only
// thing that decides. What Recall and Read return may be stale; a commit on it
// then fails. A refusal has no commit to check it, so it is built on Load, which
// asks the stream's leader, and makes sure that it still is.
//
// Integrity. Events are numbered and chained by hash. Following from the
// beginning checks every link; a break is reported, and the callback goes on
// from its last event, since that one is whole.
package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Store is a queue.Store on JetStream. Safe for concurrent use.
type Store struct {
	bus     *bus.Bus
	log     *zap.Logger
	metrics *Metrics
	cache   *cache
	// keep is how long histories are kept; 0 is for ever.
	keep time.Duration
	// alone says that the stream was last seen with one replica, who knows best.
	alone atomic.Bool
}

var _ queue.Store = (*Store)(nil)

// New returns a store on the CALLBACKS stream, whose histories are trimmed once they
// are so old; 0 never.
func New(b *bus.Bus, log *zap.Logger, m *Metrics, keep time.Duration) *Store {
	return &Store{bus: b, log: log.Named("store"), metrics: m, cache: newCache(cacheBytes), keep: keep}
}

func subjectOf(customerKey string) string {
	return subject.Callback(subject.BucketOf(customerKey), customerKey)
}

// isKey reports whether a customer can have this key; none other has events.
func isKey(customerKey string) bool { return subject.CheckCustomerKey(customerKey) == nil }

// Recall remembers the customer's last event.
func (s *Store) Recall(customerKey string) (callback.Aggregate, bool) {
	k, known := s.cache.get(customerKey)
	if !known {
		return callback.Aggregate{}, false
	}
	if k.decoded != nil {
		return *k.decoded, true
	}
	a, err := k.decode()
	if err == nil {
		s.cache.heat(customerKey, &a)
	}
	return a, err == nil
}

// Read reads the customer's last event from any replica.
func (s *Store) Read(ctx context.Context, customerKey string) (callback.Aggregate, bool, error) {
	if !isKey(customerKey) {
		return callback.NewAggregate(customerKey), true, nil
	}
	alone := s.alone.Load()
	d, err := s.bus.Last(ctx, subjectOf(customerKey))
	a, err := s.seen(customerKey, d, err, alone)
	return a, alone, err
}

// Load reads the customer's last event from the stream's leader: whatever was
// committed before the call, through whatever node, is in it. Where no leader with
// a majority behind it answers, it is bus.ErrUnavailable.
func (s *Store) Load(ctx context.Context, customerKey string) (callback.Aggregate, error) {
	if s.alone.Load() {
		a, _, err := s.Read(ctx, customerKey)
		return a, err
	}
	if !isKey(customerKey) {
		return callback.NewAggregate(customerKey), nil
	}
	d, err := s.bus.Latest(ctx, subjectOf(customerKey))
	return s.seen(customerKey, d, err, true)
}

// seen makes an aggregate of what was read, and remembers it. What is sure
// replaces even something newer, which the stream has lost.
func (s *Store) seen(customerKey string, d bus.Delivery, err error, sure bool) (callback.Aggregate, error) {
	a := callback.NewAggregate(customerKey)
	switch {
	case errors.Is(err, bus.ErrNotFound):
	case err != nil:
		return a, err
	default:
		if a, err = s.decode(d); err != nil {
			return a, err
		}
	}
	var newest kept
	if a.Seq > 0 {
		newest = s.cache.put(kept{key: customerKey, seq: a.Seq, body: d.Data})
		s.cache.heat(customerKey, &a)
	} else if old, known := s.cache.get(customerKey); known {
		newest = old
	}
	switch {
	case newest.seq <= a.Seq:
		return a, nil
	case sure:
		s.cache.drop(customerKey)
		return a, nil
	default:
		return newest.decode()
	}
}

// decode reads an event that was read before.
func (k kept) decode() (callback.Aggregate, error) {
	var e eventsv1.CallbackEvent
	if err := proto.Unmarshal(k.body, &e); err != nil {
		return callback.Aggregate{}, fmt.Errorf("%w: %w", queue.ErrUnreadable, err)
	}
	return wire.Aggregate(&e, k.body, k.seq), nil
}

// Commit stores a decision. A name that is to be used once becomes the message id,
// which JetStream takes once within the stream's duplicate window.
func (s *Store) Commit(ctx context.Context, e callback.Event, once string) (callback.Aggregate, error) {
	msg := wire.Event(e, ulid.Make().String())
	body, err := proto.Marshal(msg)
	if err != nil {
		return callback.Aggregate{}, fmt.Errorf("encode callback event: %w", err)
	}
	key, id := e.Next.CustomerKey, msg.GetEventId()
	if once != "" {
		id = messageID(once)
	}
	r, err := s.bus.AppendAt(ctx, bus.Event{Subject: subjectOf(key), ID: id, Body: msg, Encoded: body}, e.Next.Seq)
	if err == nil && r.Duplicate && once != "" {
		err = s.doneAt(ctx, r.Sequence)
	}
	if err != nil {
		s.cache.drop(key)
		if errors.Is(err, bus.ErrConflict) {
			return callback.Aggregate{}, queue.ErrConflict
		}
		return callback.Aggregate{}, err
	}
	next := e.Next
	next.LastHash = sha256.Sum256(body)
	next.Loaded(r.Sequence)
	s.cache.put(kept{key: key, seq: r.Sequence, body: body})
	s.cache.heat(key, &next)
	return next, nil
}

// messageID is a name as a message id: fit for a header, whatever it holds.
func messageID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "once-" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

// doneAt says whose event it was that did what was to be done once; perhaps it
// was this very commit, whose acknowledgement was lost.
func (s *Store) doneAt(ctx context.Context, seq uint64) error {
	d, err := s.bus.At(ctx, subject.Callbacks, seq)
	if errors.Is(err, bus.ErrNotFound) { // a replica that is behind
		err = fmt.Errorf("%w: sequence %d is not there yet", bus.ErrUnavailable, seq)
	}
	if err != nil {
		return err
	}
	return &queue.DoneError{CustomerKey: keyOf(d.Subject)}
}

// Durable waits for the barrier.
func (s *Store) Durable(ctx context.Context) error { return s.bus.Durable(ctx) }

// Earlier reads the customer's subject for a callback that came before.
func (s *Store) Earlier(ctx context.Context, customerKey, id string) (*callback.Callback, error) {
	if !isKey(customerKey) {
		return nil, callback.ErrNoCallback
	}
	// The history is read from any replica: it is whole when it reaches what the
	// leader has.
	latest, err := s.Load(ctx, customerKey)
	if err != nil && !errors.Is(err, queue.ErrUnreadable) {
		return nil, err
	}
	var found *callback.Callback
	var last uint64
	err = s.bus.History(ctx, subjectOf(customerKey), func(d bus.Delivery) error {
		last = d.Sequence
		if a, err := s.decode(d); err == nil && a.Callback != nil && a.Callback.ID == id {
			found = a.Callback
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case last < latest.Seq:
		return nil, fmt.Errorf("%w: a replica lags behind", bus.ErrUnavailable)
	case found == nil:
		return nil, callback.ErrNoCallback
	default:
		return found, nil
	}
}

// Position asks the server where the stream stands.
func (s *Store) Position(ctx context.Context) (queue.Checkpoint, error) {
	stream, err := s.bus.JetStream().Stream(ctx, subject.Callbacks)
	if err != nil {
		return queue.Checkpoint{}, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
	}
	info := stream.CachedInfo()
	s.alone.Store(info.Config.Replicas <= 1)
	return queue.Checkpoint{
		Incarnation: strconv.FormatInt(info.Created.UnixNano(), 36), Seq: info.State.LastSeq,
	}, nil
}
