package alerting

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// Names of the events of ALERTS that are about an alert, as the type header spells them.
var (
	typeRaised   = string((*eventsv1.AlertRaised)(nil).ProtoReflect().Descriptor().FullName())
	typeResolved = string((*eventsv1.AlertResolved)(nil).ProtoReflect().Descriptor().FullName())
)

const (
	// heldFor is how long before a fallback's end what it held back may be, to be asked for.
	heldFor = 24 * time.Hour
	// mostHeld is how many are: the latest.
	mostHeld = 10_000
)

// afterwards asks for the callbacks that a fallback held back, once it has ended and if it
// says so. What it publishes has ids of its own making: when the process dies amid it, the
// next begins anew, and who reads ALERTS sees a revision that they know.
func (s *Service) afterwards(ctx context.Context, d bus.Delivery) error {
	ended := &eventsv1.FallbackChanged{}
	if err := d.Decode(ended); err != nil {
		return err
	}
	if ended.GetActive() || !slices.Contains(ended.GetMeasures(), rule.CallsAfterwards) {
		return nil
	}
	// What was in hand then was decided by what its replica had heard.
	if err := clock.Sleep(ctx, s.inHand-time.Since(d.Time)); err != nil {
		return err
	}
	if err := s.fallbacks.Wait(ctx); err != nil {
		return err
	}
	held, err := s.heldBack(ctx, ended)
	if err != nil {
		return err
	}
	asked := 0
	for _, sequence := range held {
		stored, err := s.raiseAgain(ctx, ended, sequence)
		if err != nil {
			return err
		}
		if stored {
			asked++
		}
	}
	s.metrics.after.WithLabelValues(ended.GetName()).Add(float64(asked))
	s.deps.Log.Info("callbacks are asked for that a fallback had held back", zap.String("fallback", ended.GetName()), zap.Int("callbacks", asked))
	return s.deps.Bus.Durable(ctx)
}

// heldBack are the places in ALERTS, in their order, of what the fallback held back and
// nothing has been said of since.
func (s *Service) heldBack(ctx context.Context, ended *eventsv1.FallbackChanged) ([]uint64, error) {
	first, last, err := s.deps.Bus.Since(ctx, subject.Alerts, ended.GetAt().AsTime().Add(-heldFor))
	if err != nil || first > last {
		return nil, err
	}
	held := map[string]uint64{}
	each := func(d bus.Delivery) error {
		if d.Sequence > last {
			return errRead
		}
		switch id, back := heldBackBy(d, ended.GetName()); {
		case id == "":
		case back:
			held[id] = d.Sequence
		default:
			delete(held, id)
		}
		return nil
	}
	if err := s.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: subject.Alerts, From: first}, each, func() error { return errRead }); !errors.Is(err, errRead) {
		return nil, err
	}
	places := make([]uint64, 0, len(held))
	for _, sequence := range held {
		places = append(places, sequence)
	}
	slices.SortFunc(places, cmp.Compare)
	if more := len(places) - mostHeld; more > 0 {
		s.deps.Log.Warn("more was held back than is asked for now: the oldest are not", zap.String("fallback", ended.GetName()), zap.Int("left_out", more))
		places = places[more:]
	}
	return places, nil
}

// heldBackBy is the alert that an event of ALERTS is about, and whether it says that the
// fallback holds it back; without an id it is about none.
func heldBackBy(d bus.Delivery, name string) (alertID string, back bool) {
	switch d.Type {
	case typeRaised:
		m := &eventsv1.AlertRaised{}
		if d.Decode(m) != nil {
			return "", false
		}
		return m.GetAlertId(), m.GetCallback() == nil && m.GetFallback() == name
	case typeResolved:
		m := &eventsv1.AlertResolved{}
		if d.Decode(m) != nil {
			return "", false
		}
		return m.GetAlertId(), false
	}
	return "", false
}

// raiseAgain raises an alert once more; stored is false when there was nothing to ask for, or
// it had been before.
func (s *Service) raiseAgain(ctx context.Context, ended *eventsv1.FallbackChanged, sequence uint64) (stored bool, err error) {
	d, err := s.deps.Bus.At(ctx, subject.Alerts, sequence)
	if errors.Is(err, bus.ErrNotFound) { // erased meanwhile
		return false, nil
	}
	if err != nil {
		return false, err
	}
	held := &eventsv1.AlertRaised{}
	if err := d.Decode(held); err != nil {
		return false, err
	}
	e, ok := alert.Afterwards(s.book.Current().Set, held, ended, s.fallbacks.Applies)
	if !ok {
		return false, nil
	}
	receipt, err := s.deps.Bus.Append(ctx, bus.Event{Subject: d.Subject, ID: e.ID, Body: e.Body})
	return err == nil && !receipt.Duplicate, err
}
