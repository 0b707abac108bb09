package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// buryTimeout bounds the storing of one dead letter. It derives from no other
// lifetime: a stop must not lose a verdict.
const buryTimeout = 5 * time.Second

func (c *Consumption) runLane(l *lane) {
	for j := l.next(); j != nil; j = l.next() {
		// An exclusive consumer's are handled to the last: given back, they might come to the
		// next process after those behind them.
		if c.stopped() && (!c.spec.Exclusive || c.work.Err() != nil) {
			c.giveBack(l.done(j))
			continue
		}
		c.run(l, j)
	}
}

// run tries one event until there is a verdict on it. Waiting for the store is
// done here, in line: it keeps the order, and counts no delivery.
func (c *Consumption) run(l *lane, j *job) {
	d := j.d
	for tries := 0; ; tries++ {
		v, cause := c.once(l, d, tries)
		if cause != nil && c.work.Err() != nil {
			c.giveBack(l.done(j)) // cut short
			return
		}
		if v.reason != "" {
			if err := c.giveUp(d, v, cause); err != nil {
				v, cause = verdict{wait: true, after: doubled(firstRetry, tries, lastWait)}, err
			}
		}
		if !v.wait {
			c.answer(l.done(j), d, v, cause)
			return
		}
		if tries == 0 && !v.quiet {
			c.log(d, v).Warn("waiting for the event store", zap.Error(cause))
		}
		if !c.pause(v.after) {
			c.giveBack(l.done(j))
			return
		}
	}
}

// once is one try.
func (c *Consumption) once(l *lane, d Delivery, tries int) (verdict, error) {
	start := time.Now()
	l.try(start)
	err := c.handleSafely(tracer.Extract(c.work, carrier(d.Headers)), d)
	l.try(time.Time{})
	v := judge(err, d.Deliveries, c.spec.MaxDeliveries, tries)
	c.observe[v.kind()].Observe(time.Since(start).Seconds())
	return v, err
}

// handleSafely turns a panic into a dead letter: it would come back for ever.
// What was panicked with may quote a customer and is not logged.
func (c *Consumption) handleSafely(ctx context.Context, d Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.bus.log.Error("handler panicked", zap.String("consumer", c.spec.Durable),
				zap.Uint64("sequence", d.Sequence), zap.Stack("stack"))
			err = Terminate(reasonPanic, errors.New("the handler panicked; see the log"))
		}
	}()
	return c.handle(ctx, d)
}

// pause waits and reports whether to go on.
func (c *Consumption) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.stopping:
		return false
	}
}

// answer tells the server the verdict. When it cannot be told, the message is
// delivered again, and handled again: its effect is idempotent.
func (c *Consumption) answer(m jetstream.Msg, d Delivery, v verdict, cause error) {
	var err error
	switch {
	case v.ack:
		err = m.Ack()
	case v.reason != "":
		err = m.TermWithReason(v.reason)
	default:
		c.log(d, v).Warn("will retry", zap.Error(cause))
		err = m.NakWithDelay(v.after)
	}
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		c.log(d, v).Warn("verdict not sent; the message will be delivered again", zap.Error(err))
	}
}

// giveUp stores a dead letter.
func (c *Consumption) giveUp(d Delivery, v verdict, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), buryTimeout) //nolint:forbidigo // a verdict outlives every other lifetime
	defer cancel()
	if err := c.bury(ctx, d, v.reason, cause); err != nil {
		return fmt.Errorf("dead letter not stored: %w", err)
	}
	c.log(d, v).Error("gave a message up", zap.Error(cause))
	return nil
}

func (c *Consumption) log(d Delivery, v verdict) *zap.Logger {
	return c.bus.log.With(zap.String("consumer", c.spec.Durable), zap.Uint64("sequence", d.Sequence),
		zap.Uint64("deliveries", d.Deliveries), zap.Stringer("verdict", v))
}

// bury stores a dead letter durably. A body that does not fit beside its
// circumstances is left out: it is still in its stream, at its sequence.
func (b *Bus) bury(ctx context.Context, id, consumer string, d Delivery, reason string, cause error) error {
	letter := &eventsv1.DeadLetter{
		EventId: id, DeadAt: timestamppb.Now(), Stream: d.Stream, Sequence: d.Sequence, Subject: d.Subject,
		Consumer: consumer, Reason: reason, Detail: detail(cause), Deliveries: d.Deliveries, Type: d.Type, Body: d.Data,
	}
	e := Event{Subject: subject.DeadLetter(d.Stream, reason), ID: id, Body: letter}
	_, err := b.Publish(ctx, e)
	if errors.Is(err, ErrTooLarge) {
		letter.Body, letter.Detail = nil, detail(fmt.Errorf("the body is too large and left out; read it from the stream: %w", cause))
		_, err = b.Publish(ctx, e)
	}
	if err == nil {
		b.metrics.buried(d.Stream, reason)
	}
	return err
}

// detail is the text of an error, cut to what a dead letter holds.
func detail(err error) string {
	const most = 1000
	s := strings.ToValidUTF8(err.Error(), "?")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}
