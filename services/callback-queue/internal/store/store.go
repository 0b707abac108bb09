// Package store keeps callbacks in JetStream: each event of a customer's subject
// carries the whole aggregate after it, so the last one is the state and the
// ones before are the audit trail.
//
// Authority. The compare-and-set on the subject's last sequence is the only
// thing that decides. What Load returns may be stale; a commit on it then fails.
//
// Integrity. Events are numbered and chained by hash. Following from the
// beginning checks every link; a break is reported, and the callback goes on
// from its last event, since that one is whole.
package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/oklog/ulid/v2"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// Store is a queue.Store on JetStream. Safe for concurrent use.
type Store struct {
	bus   *bus.Bus
	log   *zap.Logger
	cache *cache
}

var _ queue.Store = (*Store)(nil)

// New returns a store on the CALLBACKS stream.
func New(b *bus.Bus, log *zap.Logger) *Store {
	return &Store{bus: b, log: log.Named("store"), cache: newCache(cacheSize)}
}

func subjectOf(customerKey string) string {
	return subject.Callback(subject.BucketOf(customerKey), customerKey)
}

// Load reads the customer's last event, or remembers it.
func (s *Store) Load(ctx context.Context, customerKey string) (callback.Aggregate, error) {
	if a, ok := s.cache.get(customerKey); ok {
		return a, nil
	}
	return s.Reload(ctx, customerKey)
}

// Reload reads the customer's last event.
func (s *Store) Reload(ctx context.Context, customerKey string) (callback.Aggregate, error) {
	d, err := s.bus.Last(ctx, subjectOf(customerKey))
	if errors.Is(err, bus.ErrNotFound) {
		return callback.NewAggregate(customerKey), nil
	}
	if err != nil {
		return callback.Aggregate{}, err
	}
	a, _, err := decode(d)
	if err != nil {
		return callback.Aggregate{}, err
	}
	s.cache.put(a)
	return a, nil
}

// Commit stores a decision durably.
func (s *Store) Commit(ctx context.Context, e callback.Event) (callback.Aggregate, error) {
	id := ulid.Make().String()
	msg := wire.Event(e, id)
	body, err := proto.Marshal(msg)
	if err != nil {
		return callback.Aggregate{}, fmt.Errorf("encode callback event: %w", err)
	}
	key := e.Next.CustomerKey
	r, err := s.bus.PublishAt(ctx, bus.Event{Subject: subjectOf(key), ID: id, Body: msg, Encoded: body}, e.Next.Seq)
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
	s.cache.put(next)
	return next, nil
}

// Earlier reads the customer's subject for a callback that came before.
func (s *Store) Earlier(ctx context.Context, customerKey, id string) (*callback.Callback, error) {
	var found *callback.Callback
	err := s.bus.History(ctx, subjectOf(customerKey), func(d bus.Delivery) error {
		a, _, err := decode(d)
		if err != nil {
			return err
		}
		if a.Callback != nil && a.Callback.ID == id {
			found = a.Callback
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, callback.ErrNoCallback
	}
	return found, nil
}

// Follow reads the stream from a sequence on; from the beginning, it checks the
// chain of every customer.
func (s *Store) Follow(ctx context.Context, from uint64, each func(callback.Aggregate) error, caughtUp func() error) error {
	var links *chain
	if from <= 1 {
		links = newChain(s.log)
	}
	return s.bus.Follow(ctx, bus.FollowOptions{Stream: subject.Callbacks, From: from}, func(d bus.Delivery) error {
		if links == nil {
			if a, ok := s.own(d); ok {
				return each(a)
			}
		}
		a, previous, err := decode(d)
		if err != nil {
			s.log.Error("an event cannot be read and is left out", zap.Uint64(obs.Sequence, d.Sequence), zap.Error(err))
			return nil
		}
		if links != nil {
			links.check(a, previous)
		}
		s.cache.refresh(a)
		return each(a)
	}, func() error {
		if links != nil {
			links.report()
			links = nil // from here on the compare-and-set keeps the chain
		}
		return caughtUp()
	})
}

// own returns the aggregate of an event that this process committed and still
// remembers: it need not be decoded again.
func (s *Store) own(d bus.Delivery) (callback.Aggregate, bool) {
	a, ok := s.cache.get(d.Subject[strings.LastIndexByte(d.Subject, '.')+1:])
	return a, ok && a.Seq == d.Sequence
}

// Position asks the server where the stream stands.
func (s *Store) Position(ctx context.Context) (queue.Checkpoint, error) {
	stream, err := s.bus.JetStream().Stream(ctx, subject.Callbacks)
	if err != nil {
		return queue.Checkpoint{}, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
	}
	info := stream.CachedInfo()
	return queue.Checkpoint{
		Incarnation: strconv.FormatInt(info.Created.UnixNano(), 36), Seq: info.State.LastSeq,
	}, nil
}

func decode(d bus.Delivery) (a callback.Aggregate, previous []byte, err error) {
	var e eventsv1.CallbackEvent
	if err := d.Decode(&e); err != nil {
		return a, nil, err
	}
	return wire.Aggregate(&e, d.Data, d.Sequence), e.GetPreviousHash(), nil
}
