package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Follow reads the stream from a sequence on; from the beginning, it checks the
// chain of every customer.
func (s *Store) Follow(ctx context.Context, from uint64, each func(queue.Change) error, caughtUp func() error) error {
	var links *chain
	if from <= 1 {
		links = newChain(s.log, s.metrics, s.trimmed())
	}
	take := func(d bus.Delivery) error {
		c := queue.Change{Seq: d.Sequence, CustomerKey: keyOf(d.Subject)}
		// What is remembered of the customer is older, unless it is this process's
		// own commit, which is about to be remembered.
		s.cache.outdate(c.CustomerKey, c.Seq)
		c.Read = func() (callback.Aggregate, error) {
			a, _, err := s.outline(d)
			return a, err
		}
		if links != nil {
			a, previous, err := s.outline(d)
			if err == nil {
				links.check(a, previous, d.Data, d.Time)
			}
			if err == nil && a.Callback != nil && a.Callback.State.Open() {
				s.cache.fill(kept{key: a.CustomerKey, seq: d.Sequence, body: d.Data})
			}
			c.Read = func() (callback.Aggregate, error) { return a, err }
		}
		return each(c)
	}
	return s.bus.Follow(ctx, bus.FollowOptions{Stream: subject.Callbacks, From: from}, take, func() error {
		if links != nil {
			links.report()
			links = nil // from here on the compare-and-set keeps the chain
		}
		return caughtUp()
	})
}

func keyOf(subj string) string { return subj[strings.LastIndexByte(subj, '.')+1:] }

// decode reads a stored event: the aggregate it carries. The error is
// queue.ErrUnreadable: a customer's event that cannot be read is not the fault of
// whatever asked for it.
func (s *Store) decode(d bus.Delivery) (callback.Aggregate, error) {
	var e eventsv1.CallbackEvent
	if err := d.Decode(&e); err != nil {
		return callback.Aggregate{}, s.unreadable(d, err)
	}
	if e.GetCustomerKey() != keyOf(d.Subject) {
		return callback.Aggregate{}, s.unreadable(d, errForeign)
	}
	return wire.Aggregate(&e, d.Data, d.Sequence), nil
}

// outline is decode of what an index needs, with the hash of the event before.
func (s *Store) outline(d bus.Delivery) (callback.Aggregate, []byte, error) {
	if d.Type != eventType {
		return callback.Aggregate{}, nil, s.unreadable(d, errType)
	}
	a, previous, err := wire.Outline(d.Data, d.Sequence)
	if err == nil && a.CustomerKey != keyOf(d.Subject) {
		err = errForeign
	}
	if err != nil {
		return callback.Aggregate{}, nil, s.unreadable(d, err)
	}
	return a, previous, nil
}

var (
	eventType  = string((*eventsv1.CallbackEvent)(nil).ProtoReflect().Descriptor().FullName())
	errType    = errors.New("it is no callback event")
	errForeign = errors.New("it is another customer's")
)

func (s *Store) unreadable(d bus.Delivery, err error) error {
	s.metrics.unreadable.Inc()
	return fmt.Errorf("%w: sequence %d: %s", queue.ErrUnreadable, d.Sequence, err.Error())
}
