package delivery

import (
	"context"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

const (
	// storeTime bounds the storing of what came of a try: a fresh time, that no stop cuts.
	storeTime = margin - 5*time.Second
	// soon is when is looked again at what could not be looked at.
	soon = time.Second
)

// Step begins what is due, as many as may be under way at once, and returns how many it has
// begun.
func (d *Deliveries) Step(now time.Time) int {
	all := d.choose(now)
	for _, c := range all {
		go func() {
			defer d.over(c.receiver)
			if c.giveUp {
				d.giveUp(c.id, now)
				return
			}
			d.try(c.id, now)
		}()
	}
	return len(all)
}

// Wait returns once nothing is under way. It is for tests.
func (d *Deliveries) Wait() { d.tries.Wait() }

// try takes a delivery, sends it, and stores what came of it. Whoever dies in between leaves
// a lease that ends.
func (d *Deliveries) try(id string, now time.Time) {
	ctx, cancel := context.WithTimeout(d.work, longestTry)
	defer cancel()
	taken, mine, err := d.take(ctx, id, now)
	if err != nil {
		d.o.Log.Warn("a delivery cannot be taken now", zap.String("delivery", id), zap.Error(err))
		d.again(id, now.Add(soon))
		return
	}
	if !mine {
		return // somebody else has it, or it has ended
	}
	began := time.Now()
	o := d.send(ctx, taken, now)
	d.store(taken, now, time.Since(began), o)
}

// take makes a delivery one's own, if it is due.
func (d *Deliveries) take(ctx context.Context, id string, now time.Time) (taken *eventsv1.Delivery, mine bool, err error) {
	e, err := d.docs.Update(ctx, id, func(was *eventsv1.DeliveryChanged, exists bool) (*eventsv1.DeliveryChanged, error) {
		mine = false
		m := was.GetDelivery()
		lapsed := m.GetState() == eventsv1.Delivery_SENDING && !m.GetLeaseUntil().AsTime().After(now)
		if !exists || !lapsed && (m.GetState() != eventsv1.Delivery_PENDING || m.GetNextAt().AsTime().After(now)) {
			return nil, documents.ErrUnchanged
		}
		next := changed(was, now, func(m *eventsv1.Delivery) {
			if lapsed {
				addAttempt(m, sender.Outcome{Problem: sender.Because(eventsv1.DeliveryAttempt_OUTCOME_UNKNOWN)}.Attempt(was.GetAt().AsTime(), 0))
			}
			m.State, m.LeaseUntil, m.NextAt = eventsv1.Delivery_SENDING, timestamppb.New(now.Add(lease)), nil
			m.Tries++
		})
		mine = true
		return next, nil
	})
	return e.GetDelivery(), mine && err == nil, err
}

func (d *Deliveries) send(ctx context.Context, m *eventsv1.Delivery, now time.Time) sender.Outcome {
	d.mu.Lock()
	config, ok := d.configs[m.GetReceiver()]
	d.mu.Unlock()
	if !ok {
		return sender.Outcome{Problem: sender.Because(eventsv1.DeliveryAttempt_NO_SUCH_RECEIVER)}
	}
	j, o := d.job(ctx, m, config, now)
	if o != nil {
		return *o
	}
	return d.o.Sender.Send(ctx, j)
}

// store writes down what came of a try.
func (d *Deliveries) store(taken *eventsv1.Delivery, now time.Time, took time.Duration, o sender.Outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.work), storeTime)
	defer cancel()
	if o.Gone && !d.gone(ctx, taken.GetReceiver()) {
		o.Gone = false // it is tried again by the schedule, and not at once
	}
	if o.RetryAfter > 0 {
		d.hold(taken.GetReceiver(), now.Add(min(o.RetryAfter, mostHeld)))
	}
	after, err := d.docs.Update(ctx, taken.GetId(), func(was *eventsv1.DeliveryChanged, _ bool) (*eventsv1.DeliveryChanged, error) {
		mine := was.GetDelivery().GetState() == eventsv1.Delivery_SENDING && was.GetDelivery().GetChanges() == taken.GetChanges()
		if ended(was.GetDelivery()) || !mine && !o.Delivered {
			return nil, documents.ErrUnchanged // it is somebody else's by now
		}
		return changed(was, now, func(m *eventsv1.Delivery) { outcome(m, now, took, o) }), nil
	})
	d.said(taken, now, took, o)
	if err == nil && !o.Delivered && after.GetDelivery().GetState() == eventsv1.Delivery_FAILED {
		d.metrics.gaveUp(taken.GetReceiver())
		d.o.Log.Error("a delivery is given up; rappel notify replay orders it again", zap.String("delivery", taken.GetId()), zap.String("receiver", taken.GetReceiver()))
	}
	if err != nil {
		d.o.Log.Warn("what came of a try is not stored: it is made again when its lease is over",
			zap.String("delivery", taken.GetId()), zap.String("receiver", taken.GetReceiver()), zap.Bool("delivered", o.Delivered), zap.Error(err))
	}
}

// gone disables a receiver that says that it is, and reports whether it is disabled now. Of
// several tries that it answers so, one disables it.
func (d *Deliveries) gone(ctx context.Context, receiver string) bool {
	const reason = "it answered 410 Gone"
	changed, err := d.set(ctx, receiver, &eventsv1.ReceiverChanged{Disabled: true, Reason: reason, Problem: eventsv1.DeliveryAttempt_GONE})
	switch {
	case err != nil:
		d.o.Log.Warn("a receiver that is gone cannot be disabled now", zap.String("receiver", receiver), zap.Error(err))
	case changed:
		d.metrics.disabled(receiver)
		d.o.Log.Error("a receiver is gone: it is disabled, and told of nothing until somebody enables it",
			zap.String("receiver", receiver), zap.String("reason", reason))
	}
	return err == nil
}

// outcome is a delivery after a try.
func outcome(m *eventsv1.Delivery, now time.Time, took time.Duration, o sender.Outcome) {
	addAttempt(m, o.Attempt(now, took))
	m.LeaseUntil, m.NextAt = nil, nil
	at, more := next(m.GetId(), m.GetTries()-m.GetTriesBefore(), now, o.RetryAfter)
	switch {
	case o.Delivered:
		m.State = eventsv1.Delivery_DELIVERED
	case o.Final, !more:
		m.State = eventsv1.Delivery_FAILED
	case o.Gone: // it waits for somebody to enable the receiver
		m.State, m.NextAt = eventsv1.Delivery_PENDING, timestamppb.New(now)
	default:
		m.State, m.NextAt = eventsv1.Delivery_PENDING, timestamppb.New(at)
	}
}

// said logs and counts what came of a try.
func (d *Deliveries) said(m *eventsv1.Delivery, now time.Time, took time.Duration, o sender.Outcome) {
	d.metrics.tried(m, now.Add(took), o)
	fields := []zap.Field{
		zap.String("delivery", m.GetId()), zap.String("receiver", m.GetReceiver()), zap.Uint32("try", m.GetTries()),
		zap.Int("status", o.Status), zap.Duration("took", took),
	}
	if o.Delivered && o.Problem == (sender.Problem{}) {
		d.o.Log.Debug("a receiver was told", fields...)
		return
	}
	d.o.Log.Warn("a receiver could not be told", append(fields, zap.Bool("delivered", o.Delivered), zap.Bool("final", o.Final), zap.Stringer("problem", o.Problem))...)
}

// giveUp ends a delivery whose receiver was told nothing for too long.
func (d *Deliveries) giveUp(id string, now time.Time) {
	ctx, cancel := context.WithTimeout(d.work, storeTime)
	defer cancel()
	gave := false
	e, err := d.docs.Update(ctx, id, func(was *eventsv1.DeliveryChanged, exists bool) (*eventsv1.DeliveryChanged, error) {
		gave = false
		m := was.GetDelivery()
		since := m.GetNextAt() // or another replica is at it, to which the receiver is open
		if m.GetState() == eventsv1.Delivery_SENDING {
			since = m.GetLeaseUntil()
		}
		if !exists || ended(m) || since.AsTime().Add(patience).After(now) {
			return nil, documents.ErrUnchanged
		}
		gave = true
		return changed(was, now, func(m *eventsv1.Delivery) {
			m.State, m.NextAt, m.LeaseUntil = eventsv1.Delivery_FAILED, nil, nil
			addAttempt(m, sender.Outcome{Problem: sender.Because(eventsv1.DeliveryAttempt_WAITED_TOO_LONG)}.Attempt(now, 0))
		}), nil
	})
	switch {
	case err != nil:
		d.again(id, now.Add(soon))
	case gave:
		d.metrics.gaveUp(e.GetDelivery().GetReceiver())
		d.o.Log.Warn("a delivery is given up: its receiver is disabled, or not configured", zap.String("delivery", id), zap.String("receiver", e.GetDelivery().GetReceiver()))
	}
}

// configured are the receivers, by name.
func (d *Deliveries) config(name string) (receiver.Config, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.configs[name]
	return c, ok
}
