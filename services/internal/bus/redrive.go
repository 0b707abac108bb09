package bus

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// ErrNoLetter says that there is no dead letter at a sequence.
var ErrNoLetter = errors.New("no dead letter has this number")

// reasonGone is the reason of a letter whose event is neither in it nor in its
// stream any more.
const reasonGone = "event_gone"

// Letter returns the dead letter at a sequence of DEAD_LETTERS, or ErrNoLetter.
func (b *Bus) Letter(ctx context.Context, seq uint64) (*eventsv1.DeadLetter, error) {
	d, err := b.At(ctx, subject.DeadLetters, seq)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNoLetter
	}
	if err != nil {
		return nil, err
	}
	letter := &eventsv1.DeadLetter{}
	if d.Decode(letter) != nil {
		return nil, ErrNoLetter
	}
	return letter, nil
}

// Redrive orders that the event of a dead letter is handed once more to the
// consumer that gave it up, out of its turn: a handler must not mind. It returns
// once the order is stored, not carried out. ErrNoLetter when there is none.
func (b *Bus) Redrive(ctx context.Context, seq uint64) error {
	letter, err := b.Letter(ctx, seq)
	if err != nil {
		return err
	}
	if subject.CheckToken(letter.GetConsumer()) != nil {
		return ErrNoLetter
	}
	id := fmt.Sprintf("redrive-%d", seq)
	_, err = b.Publish(ctx, Event{
		Subject: subject.Redrive(letter.GetConsumer()), ID: id,
		Body: &eventsv1.Redrive{EventId: id, RequestedAt: timestamppb.Now(), Letter: seq},
	})
	return err
}

// redrives is the second way to a consumer's handler: what it gave up comes again
// when an operator orders it.
type redrives struct {
	bus      *Bus
	consumer string
	handle   Handler
}

// again hands the event that an order is about to the handler.
func (r redrives) again(ctx context.Context, order Delivery) error {
	_, d, err := r.find(ctx, order)
	if errors.Is(err, ErrNoLetter) {
		return nil // expired, or erased
	}
	if err != nil {
		return err
	}
	return r.handle(ctx, d)
}

// bury stores another letter: the order has been carried out, in vain.
func (r redrives) bury(ctx context.Context, order Delivery, reason string, cause error) error {
	letter, d, err := r.find(ctx, order)
	var unmendable *terminal
	switch {
	case errors.Is(err, ErrNoLetter):
		return nil
	case letter == nil && errors.As(err, &unmendable): // no order of ours
		return r.bus.bury(ctx, fmt.Sprintf("dead-order-%d", order.Sequence), r.consumer+"-redrive", order, reason, cause)
	case letter == nil: // the store is away: the order stays
		return err
	}
	d.Deliveries = letter.GetDeliveries() + order.Deliveries
	id := fmt.Sprintf("dead-%s-%s-%d-again-%d", d.Stream, r.consumer, d.Sequence, order.Sequence)
	return r.bus.bury(ctx, id, r.consumer, d, reason, cause)
}

// find returns the letter that an order is about, and its event as it was
// delivered first.
func (r redrives) find(ctx context.Context, order Delivery) (*eventsv1.DeadLetter, Delivery, error) {
	o := &eventsv1.Redrive{}
	if err := order.Decode(o); err != nil {
		return nil, Delivery{}, err
	}
	letter, err := r.bus.Letter(ctx, o.GetLetter())
	if err != nil {
		return nil, Delivery{}, err
	}
	d := r.delivery(letter)
	if len(d.Data) > 0 {
		return letter, d, nil
	}
	// It was too large to be kept in the letter.
	stored, err := r.bus.At(ctx, d.Stream, d.Sequence)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && stored.Subject != d.Subject:
		return letter, d, Terminate(reasonGone, errors.New("the event is neither in its letter nor in its stream"))
	case err != nil:
		return letter, d, err
	}
	return letter, stored, nil
}

// delivery is what the letter's event was when it was delivered.
func (r redrives) delivery(letter *eventsv1.DeadLetter) Delivery {
	return Delivery{
		Stream: letter.GetStream(), Subject: letter.GetSubject(), Sequence: letter.GetSequence(), Type: letter.GetType(),
		Deliveries: 1, Data: letter.GetBody(),
	}
}
