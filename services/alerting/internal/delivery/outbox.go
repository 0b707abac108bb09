package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

// Outbox is for who tells people something outside of routes. Both calls return once the
// deliveries are on disk, and make none that is there: by the notification's id, the receiver,
// and the customer.
type Outbox interface {
	// Tell tells receivers, by their names.
	Tell(ctx context.Context, n *eventsv1.Notification, receivers []string) error
	// TellCustomer writes to the customer of an alert, by where it is in ALERTS, through a
	// receiver that may. ErrNoAddress, ErrUnwanted, ErrForgotten and ErrNotForCustomers say
	// that it will not.
	TellCustomer(ctx context.Context, receiver string, n *eventsv1.Notification, alertSequence uint64) error
}

var _ Outbox = (*Deliveries)(nil)

// tooOld is how old a notification is that nobody is told of any more: what was delivered of
// it may be forgotten soon.
const tooOld = 25 * 24 * time.Hour

// TakeNotification makes the deliveries of a notification; it handles topology.Notifications.
func (d *Deliveries) TakeNotification(ctx context.Context, e bus.Delivery) error {
	g := &eventsv1.GroupNotified{}
	if err := e.Decode(g); err != nil {
		return err
	}
	n := g.GetNotification()
	if n == nil || len(g.GetReceivers()) == 0 {
		return nil
	}
	if d.o.Clock.Now().Sub(n.GetAt().AsTime()) > tooOld {
		d.o.Log.Warn("a notification is too old to be told", zap.String("notification", n.GetId()), zap.Time("at", n.GetAt().AsTime()))
		return nil
	}
	err := d.Tell(ctx, n, g.GetReceivers())
	if errors.Is(err, errInvalid) {
		return bus.Terminate("invalid_event", err)
	}
	return err
}

var errInvalid = errors.New("a notification must have an id, and receivers' names")

// Tell tells receivers, by their names. One that is not configured is told when it is.
func (d *Deliveries) Tell(ctx context.Context, n *eventsv1.Notification, receivers []string) error {
	if n.GetId() == "" {
		return errInvalid
	}
	for _, r := range receivers {
		if err := subject.CheckToken(r); err != nil {
			return fmt.Errorf("%w: %w", errInvalid, err)
		}
	}
	for _, r := range receivers {
		if err := d.create(ctx, n, r, 0); err != nil {
			return err
		}
	}
	return nil
}

// TellCustomer writes to the customer of an alert.
func (d *Deliveries) TellCustomer(ctx context.Context, receiver string, n *eventsv1.Notification, alertSequence uint64) error {
	if n.GetId() == "" || subject.CheckToken(receiver) != nil {
		return errInvalid
	}
	if c, ok := d.config(receiver); !ok || c.Email == nil || !c.Email.Customers {
		return ErrNotForCustomers
	}
	if _, err := d.person(ctx, alertSequence); err != nil {
		return err
	}
	return d.create(ctx, n, receiver, alertSequence)
}

// create makes a delivery, unless it is there.
func (d *Deliveries) create(ctx context.Context, n *eventsv1.Notification, receiver string, customer uint64) error {
	id := ID(n.GetId(), receiver, customer)
	kind := ""
	if c, ok := d.config(receiver); ok {
		kind = c.Kind
	}
	now := timestamppb.New(d.o.Clock.Now())
	_, err := d.docs.Update(ctx, id, func(_ *eventsv1.DeliveryChanged, exists bool) (*eventsv1.DeliveryChanged, error) {
		if exists {
			return nil, documents.ErrUnchanged
		}
		return &eventsv1.DeliveryChanged{EventId: id + "-1", At: now, Delivery: &eventsv1.Delivery{
			Id: id, Changes: 1, Receiver: receiver, Kind: kind, State: eventsv1.Delivery_PENDING, Notification: proto.CloneOf(n),
			CreatedAt: now, NextAt: now, CustomerSequence: customer,
		}}, nil
	})
	return err
}
