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
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// Names of the events of ALERTS that are about an alert, as the type header spells them.
var (
	typeRaised   = string((*eventsv1.AlertRaised)(nil).ProtoReflect().Descriptor().FullName())
	typeResolved = string((*eventsv1.AlertResolved)(nil).ProtoReflect().Descriptor().FullName())
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
		stored, err := s.raiseAgain(ctx, ended, d.Time, sequence)
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

// heldBack are the places in ALERTS, in their order, of what the fallback held back, each
// alert at its last revision, unless that was resolved or asked for a call. It reads twice:
// replicas may have stored two revisions of a response in either order, and only what was
// held back is kept in mind.
func (s *Service) heldBack(ctx context.Context, ended *eventsv1.FallbackChanged) ([]uint64, error) {
	first, last, err := s.deps.Bus.Since(ctx, subject.Alerts, ended.GetAt().AsTime().Add(-alert.HeldFor))
	if err != nil || first > last {
		return nil, err
	}
	held := map[string]said{}
	err = s.eachAlert(ctx, first, last, func(id string, e said, name string) {
		if e.asks || name != ended.GetName() {
			return
		}
		if before, ok := held[id]; !ok || e.order(before) >= 0 {
			held[id] = e
		}
	})
	if err != nil {
		return nil, err
	}
	err = s.eachAlert(ctx, first, last, func(id string, e said, name string) {
		if before, ok := held[id]; ok && e.overtakes(before, name, ended.GetName()) {
			delete(held, id)
		}
	})
	if err != nil {
		return nil, err
	}
	places := make([]uint64, 0, len(held))
	for _, e := range held {
		places = append(places, e.sequence)
	}
	slices.SortFunc(places, cmp.Compare)
	if more := len(places) - alert.MostHeld; more > 0 {
		s.deps.Log.Warn("more was held back than is asked for now: the oldest are not", zap.String("fallback", ended.GetName()), zap.Int("left_out", more))
		places = places[more:]
	}
	return places, nil
}

// said is what an event of ALERTS says of its alert.
type said struct {
	sequence             uint64
	revision, correction uint32
	// asks says that it asks for a callback.
	asks bool
}

// order is which of two is about a later state of the response.
func (e said) order(o said) int {
	return cmp.Or(cmp.Compare(e.revision, o.revision), cmp.Compare(e.correction, o.correction))
}

// overtakes reports whether an event, which names a fallback, says that the one that ended
// does not hold the alert back any more as it had before. Of two that held back the same
// revision, one after the other, the later one does.
func (e said) overtakes(held said, fallback, ended string) bool {
	order := e.order(held)
	if !e.asks && fallback == ended || order < 0 {
		return false
	}
	return order > 0 || e.asks || fallback == "" || e.sequence > held.sequence
}

// eachAlert reads what was said of alerts: fallback is the one that changed it, if any.
func (s *Service) eachAlert(ctx context.Context, first, last uint64, each func(id string, e said, fallback string)) error {
	read := func(d bus.Delivery) error {
		if d.Sequence > last {
			return errRead
		}
		m, ok := aboutAlert(d)
		if !ok {
			return nil
		}
		each(m.GetAlertId(), said{
			sequence: d.Sequence, revision: m.GetScored().GetReceived().GetRevision(), correction: m.GetScored().GetCorrection(),
			asks: m.GetCallback() != nil,
		}, m.GetFallback())
		return nil
	}
	err := s.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: subject.Alerts, From: first}, read, func() error { return errRead })
	if errors.Is(err, errRead) {
		return nil
	}
	return err
}

// aboutAlert is an event of ALERTS; of one that resolves an alert, which asks for nothing, what
// both have. What cannot be read is left out: the consumers of ALERTS say so.
func aboutAlert(d bus.Delivery) (m *eventsv1.AlertRaised, ok bool) {
	switch d.Type {
	case typeRaised:
		m = &eventsv1.AlertRaised{}
		return m, d.Decode(m) == nil
	case typeResolved:
		r := &eventsv1.AlertResolved{}
		ok = d.Decode(r) == nil
		return &eventsv1.AlertRaised{AlertId: r.GetAlertId(), Scored: r.GetScored()}, ok
	}
	return nil, false
}

// raiseAgain raises an alert once more that was held back until a fallback ended, at a time of
// the event store's; stored is false when there was nothing to ask for, or it had been before.
func (s *Service) raiseAgain(ctx context.Context, ended *eventsv1.FallbackChanged, at time.Time, sequence uint64) (stored bool, err error) {
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
	set := s.book.Current().Set
	e, ok := alert.Afterwards(set, held, ended, s.fallbacks.Applies)
	if !ok {
		return false, nil
	}
	if done, err := s.dealtWith(ctx, held.GetAlertId()); done || err != nil {
		return false, err
	}
	lately, err := alert.CalledLately(set, held, at, func(as *eventsv1.ResponseScored) rule.Past { return s.history.Of(ctx, d, as) })
	if lately || err != nil {
		return false, err
	}
	receipt, err := s.deps.Bus.Append(ctx, bus.Event{Subject: d.Subject, ID: e.ID, Body: e.Body})
	return err == nil && !receipt.Duplicate, err
}

// dealtWith reports whether an alert was resolved by somebody, by the close of a callback that
// it was in, or because its time was over.
func (s *Service) dealtWith(ctx context.Context, alertID string) (bool, error) {
	a, err := s.alerts.Load(ctx, alertID)
	switch {
	case errors.Is(err, alertstate.ErrUnknown), bus.IsTerminal(err): // rather a call too many
		return false, nil
	case err != nil:
		return false, err
	}
	switch a.GetResolution() {
	case eventsv1.AlertState_BY_HAND, eventsv1.AlertState_CALLBACK_CLOSED, eventsv1.AlertState_EXPIRED:
		return true, nil
	default:
		return false, nil
	}
}
