package bus

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/propagation"
	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Handler does the work of one delivery. Its effect must be idempotent and
// stored when it returns nil: the delivery is acknowledged then. The context
// ends when the consumer is stopped for good.
type Handler func(ctx context.Context, d Delivery) error

// ackTimeout bounds the acknowledgement and the dead letter of one delivery.
// They derive from no other lifetime: a stop must not lose a verdict.
const ackTimeout = 5 * time.Second

// Consumption is a running consumer.
type Consumption struct {
	bus    *Bus
	spec   topology.Consumer
	handle Handler
	pull   jetstream.ConsumeContext
	lanes  []chan jetstream.Msg
	seed   maphash.Seed

	fetching sync.WaitGroup // deliveries being handed to a lane
	working  sync.WaitGroup // lanes
	work     context.Context
	abort    context.CancelFunc
	failed   chan error
	stopOnce sync.Once
}

// Consume delivers a durable consumer's events to h, up to spec.Lanes at once.
// Events whose subjects end in the same token (the bucket) share a lane and are
// handled in order. The consumer must exist.
func (b *Bus) Consume(ctx context.Context, spec topology.Consumer, h Handler) (*Consumption, error) {
	cons, err := b.js.Consumer(ctx, spec.Stream, spec.Durable)
	if err != nil {
		return nil, fmt.Errorf("bus: consumer %s of %s: %w", spec.Durable, spec.Stream, err)
	}
	c := &Consumption{
		bus: b, spec: spec, handle: h, lanes: make([]chan jetstream.Msg, spec.Lanes),
		seed: maphash.MakeSeed(), failed: make(chan error, 1),
	}
	c.work, c.abort = context.WithCancel(context.WithoutCancel(ctx))
	for i := range c.lanes {
		c.lanes[i] = make(chan jetstream.Msg, 4)
		c.working.Add(1)
		go c.runLane(c.lanes[i])
	}
	c.pull, err = cons.Consume(c.dispatch,
		jetstream.PullMaxMessages(2*spec.Lanes),
		jetstream.ConsumeErrHandler(c.trouble))
	if err != nil {
		c.closeLanes()
		return nil, fmt.Errorf("bus: consume %s: %w", spec.Durable, err)
	}
	return c, nil
}

// Failed yields an error when the consumer can never go on, for instance
// because it was deleted.
func (c *Consumption) Failed() <-chan error { return c.failed }

// Stop ends fetching at once, lets the handlers at work end until ctx does, and
// then ends their context. What was fetched and not handled is delivered again.
func (c *Consumption) Stop(ctx context.Context) error {
	var err error
	c.stopOnce.Do(func() { err = c.stop(ctx) })
	return err
}

func (c *Consumption) stop(ctx context.Context) error {
	c.pull.Stop()
	done := make(chan struct{})
	go func() {
		<-c.pull.Closed()
		c.fetching.Wait()
		c.closeLanes()
		close(done)
	}()
	select {
	case <-done:
		c.abort()
		return nil
	case <-ctx.Done():
		c.abort()
		<-done
		return fmt.Errorf("consumer %s: handlers were cut short: %w", c.spec.Durable, ctx.Err())
	}
}

func (c *Consumption) closeLanes() {
	for _, lane := range c.lanes {
		close(lane)
	}
	c.working.Wait()
}

func (c *Consumption) dispatch(m jetstream.Msg) {
	c.fetching.Add(1)
	defer c.fetching.Done()
	subj := m.Subject()
	lane := maphash.String(c.seed, subj[strings.LastIndexByte(subj, '.')+1:]) % uint64(len(c.lanes))
	select {
	case c.lanes[lane] <- m:
	case <-c.work.Done():
	}
}

func (c *Consumption) trouble(_ jetstream.ConsumeContext, err error) {
	c.bus.log.Warn("consumer trouble", zap.String("consumer", c.spec.Durable), zap.Error(err))
	if errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		select {
		case c.failed <- fmt.Errorf("consumer %s: %w", c.spec.Durable, err):
		default:
		}
	}
}

func (c *Consumption) runLane(lane <-chan jetstream.Msg) {
	defer c.working.Done()
	for m := range lane {
		if c.work.Err() != nil {
			continue // stopped: what is left is delivered again
		}
		c.deliver(m)
	}
}

func (c *Consumption) deliver(m jetstream.Msg) {
	d, err := fromMsg(m)
	if err != nil {
		c.bus.log.Error("delivery without metadata", zap.String("consumer", c.spec.Durable), zap.Error(err))
		return
	}
	start := time.Now()
	ctx := tracer.Extract(c.work, propagation.HeaderCarrier(d.Headers))
	err = c.handleSafely(ctx, d)
	if err != nil && c.work.Err() != nil {
		return // cut short by a stop: delivered again after the ack wait
	}
	v := judge(err, d.Deliveries, c.spec.MaxDeliveries)
	c.bus.metrics.handled(c.spec.Durable, v, start)
	c.settle(m, d, v, err)
}

// handleSafely turns a panic into a dead letter: it would come back for ever.
func (c *Consumption) handleSafely(ctx context.Context, d Delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.bus.log.Error("handler panicked", zap.String("consumer", c.spec.Durable),
				zap.Uint64("sequence", d.Sequence), zap.Stack("stack"))
			err = Terminate("panic", errors.New("the handler panicked; see the log"))
		}
	}()
	return c.handle(ctx, d)
}

func (c *Consumption) settle(m jetstream.Msg, d Delivery, v verdict, cause error) {
	ctx, cancel := context.WithTimeout(context.Background(), ackTimeout) //nolint:forbidigo // a verdict outlives every other lifetime
	defer cancel()
	log := c.bus.log.With(zap.String("consumer", c.spec.Durable), zap.Uint64("sequence", d.Sequence), zap.Stringer("verdict", v))
	if v.reason != "" {
		if err := c.bus.bury(ctx, c.spec.Durable, d, v.reason, cause); err != nil {
			log.Error("dead letter not stored, will retry", zap.Error(err))
			v = verdict{after: backoff(d.Deliveries)}
		} else {
			log.Error("gave a message up", zap.String("reason", v.reason), zap.Error(cause))
		}
	}
	var err error
	switch {
	case v.ack:
		err = m.Ack()
	case v.reason != "":
		err = m.TermWithReason(v.reason)
	default:
		log.Warn("will retry", zap.Duration("after", v.after), zap.Error(cause))
		err = m.NakWithDelay(v.after)
	}
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		log.Warn("verdict not sent; the message will be delivered again", zap.Error(err))
	}
}

// bury stores a dead letter durably.
func (b *Bus) bury(ctx context.Context, consumer string, d Delivery, reason string, cause error) error {
	id := fmt.Sprintf("dead-%s-%s-%d", d.Stream, consumer, d.Sequence)
	_, err := b.Publish(ctx, Event{
		Subject: subject.DeadLetter(d.Stream, reason), ID: id,
		Body: &eventsv1.DeadLetter{
			EventId: id, DeadAt: timestamppb.Now(), Stream: d.Stream, Sequence: d.Sequence, Subject: d.Subject,
			Consumer: consumer, Reason: reason, Detail: detail(cause), Deliveries: d.Deliveries, Type: d.Type, Body: d.Data,
		},
	})
	b.metrics.buried(d.Stream, reason)
	return err
}

func detail(err error) string {
	const most = 1000
	s := strings.ToValidUTF8(err.Error(), "?")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

func fromMsg(m jetstream.Msg) (Delivery, error) {
	meta, err := m.Metadata()
	if err != nil {
		return Delivery{}, err
	}
	h := m.Headers()
	return Delivery{
		Stream: meta.Stream, Subject: m.Subject(), Sequence: meta.Sequence.Stream, Time: meta.Timestamp,
		ID: h.Get(nats.MsgIdHdr), Type: h.Get(subject.HeaderType),
		Deliveries: meta.NumDelivered, Headers: h, Data: m.Data(),
	}, nil
}
