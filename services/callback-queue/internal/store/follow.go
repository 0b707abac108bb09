package store

import (
	"context"
	"fmt"
	"strings"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// Follow reads the stream from a sequence on; from the beginning, it checks the
// chain of every customer.
func (s *Store) Follow(ctx context.Context, from uint64, each func(callback.Aggregate) error, caughtUp func() error) error {
	r := &reader{store: s, each: each}
	if from <= 1 {
		r.links = newChain(s.log, s.metrics)
	}
	return s.bus.Follow(ctx, bus.FollowOptions{Stream: subject.Callbacks, From: from}, r.take, func() error {
		if r.links != nil {
			r.links.report()
			r.links = nil // from here on the compare-and-set keeps the chain
		}
		return caughtUp()
	})
}

// reader is one run of Follow.
type reader struct {
	store *Store
	each  func(callback.Aggregate) error
	links *chain // nil when the chain is not checked
}

func (r *reader) take(d bus.Delivery) error {
	if r.links == nil {
		if a, ok := r.store.own(d); ok {
			return r.each(a)
		}
	}
	a, previous, err := r.store.decode(d)
	if err != nil {
		r.store.log.Error("an event cannot be read and is left out", zap.Uint64(obs.Sequence, d.Sequence), zap.Error(err))
		return nil
	}
	if r.links != nil {
		r.links.check(a, previous)
	}
	r.store.cache.refresh(a, len(d.Data))
	return r.each(a)
}

// own returns the aggregate of an event that this process committed and still
// remembers: it need not be decoded again.
func (s *Store) own(d bus.Delivery) (callback.Aggregate, bool) {
	a, ok := s.cache.peek(keyOf(d.Subject))
	return a, ok && a.Seq == d.Sequence
}

func keyOf(subj string) string { return subj[strings.LastIndexByte(subj, '.')+1:] }

// decode reads a stored event: the aggregate it carries, and the hash of the
// event before. The error is queue.ErrUnreadable: a customer's event that cannot
// be read is not the fault of whatever asked for it.
func (s *Store) decode(d bus.Delivery) (a callback.Aggregate, previous []byte, err error) {
	var e eventsv1.CallbackEvent
	if err := d.Decode(&e); err != nil {
		s.metrics.unreadable.Inc()
		return a, nil, fmt.Errorf("%w: sequence %d: %s", queue.ErrUnreadable, d.Sequence, err.Error())
	}
	if e.GetCustomerKey() != keyOf(d.Subject) {
		s.metrics.unreadable.Inc()
		return a, nil, fmt.Errorf("%w: sequence %d is another customer's", queue.ErrUnreadable, d.Sequence)
	}
	return wire.Aggregate(&e, d.Data, d.Sequence), e.GetPreviousHash(), nil
}
