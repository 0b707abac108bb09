// Package deadletter shows what was given up, and has it tried again. It reads
// and orders; the consumer that gave a message up tries it.
package deadletter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// State says how a letter stands.
type State string

// The states.
const (
	// Dead: nobody has ordered that it be tried again.
	Dead State = "dead"
	// Ordered: it waits for its consumer.
	Ordered State = "ordered"
	// Handled: it was tried again, and no newer letter is about its message.
	Handled State = "handled"
)

// Letter is a message that was given up, without its content.
type Letter struct {
	// Number names it: its sequence in DEAD_LETTERS.
	Number uint64    `json:"number"`
	DeadAt time.Time `json:"deadAt"`
	State  State     `json:"state"`
	// Consumer gave the message up, for this Reason, after so many deliveries.
	Consumer   string `json:"consumer"`
	Reason     string `json:"reason"`
	Detail     string `json:"detail,omitempty"`
	Deliveries uint64 `json:"deliveries"`
	// Stream and Sequence say where the message is; Type is the event's.
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	Type     string `json:"type"`
}

// Filter chooses letters. Empty fields choose all.
type Filter struct {
	Consumer, Reason string
	// Handled includes those that have been handled since.
	Handled bool
}

func (f Filter) chooses(l *Letter) bool {
	return (f.Consumer == "" || f.Consumer == l.Consumer) && (f.Reason == "" || f.Reason == l.Reason) &&
		(f.Handled || l.State != Handled)
}

// List returns the letters a filter chooses, oldest first. Of a message that was
// given up several times, only the last letter counts. It reads the whole stream:
// some seconds where there are very many.
func List(ctx context.Context, b *bus.Bus, f Filter) ([]Letter, error) {
	// Asked before the letters are read: a consumer stores the next letter before it
	// is done with an order, so what was given up again by then is among them.
	floors, err := floors(ctx, b)
	if err != nil {
		return nil, fmt.Errorf("read the dead letters: %w", err)
	}
	r := reading{latest: map[message]int{}, ordered: map[uint64]uint64{}}
	err = b.Follow(ctx, bus.FollowOptions{Stream: subject.DeadLetters}, r.take, func() error { return errRead })
	if !errors.Is(err, errRead) {
		return nil, fmt.Errorf("read the dead letters: %w", err)
	}
	chosen := []Letter{}
	for i := range r.letters {
		l := &r.letters[i]
		if r.latest[l.message()] != i {
			continue
		}
		if order, is := r.ordered[l.Number]; is {
			l.State = Ordered
			if order <= floors[l.Consumer] {
				l.State = Handled
			}
		}
		if f.chooses(l) {
			chosen = append(chosen, *l)
		}
	}
	return chosen, nil
}

var errRead = errors.New("all is read")

// message is what a letter is about: one consumer's message.
type message struct {
	consumer, stream string
	sequence         uint64
}

func (l *Letter) message() message { return message{l.Consumer, l.Stream, l.Sequence} }

// About reports whether two letters are about the same message.
func (l Letter) About(other Letter) bool { return l.message() == other.message() }

// reading is one pass over DEAD_LETTERS.
type reading struct {
	letters []Letter
	latest  map[message]int   // of letters
	ordered map[uint64]uint64 // a letter's number to its last order's sequence
}

// take notes a letter or an order; what can be neither is passed over.
func (r *reading) take(d bus.Delivery) error {
	switch letter, order := (&eventsv1.DeadLetter{}), (&eventsv1.Redrive{}); {
	case d.Decode(letter) == nil:
		l := Letter{
			Number: d.Sequence, DeadAt: letter.GetDeadAt().AsTime(), State: Dead, Consumer: letter.GetConsumer(),
			Reason: letter.GetReason(), Detail: letter.GetDetail(), Deliveries: letter.GetDeliveries(),
			Stream: letter.GetStream(), Sequence: letter.GetSequence(), Type: letter.GetType(),
		}
		r.latest[l.message()] = len(r.letters)
		r.letters = append(r.letters, l)
	case d.Decode(order) == nil:
		r.ordered[order.GetLetter()] = d.Sequence
	}
	return nil
}

// floors are the sequences up to which each consumer has carried its orders out:
// it carries them out one after the other.
func floors(ctx context.Context, b *bus.Bus) (map[string]uint64, error) {
	all := map[string]uint64{}
	for _, spec := range topology.Consumers() {
		c, err := b.JetStream().Consumer(ctx, subject.DeadLetters, spec.Redrives().Durable)
		switch {
		case errors.Is(err, jetstream.ErrConsumerNotFound): // not deployed yet: nothing is carried out
		case err != nil:
			return nil, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
		default:
			all[spec.Durable] = c.CachedInfo().AckFloor.Stream
		}
	}
	return all, nil
}
