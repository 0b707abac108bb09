package bus

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Handler does the work of one delivery. Its effect must be idempotent and
// stored when it returns nil: the delivery is acknowledged then. The context
// ends when the consumer is stopped for good.
type Handler func(ctx context.Context, d Delivery) error

// handBack is the delay of what a stop gives back: at once, but never without
// one. drainWait bounds how long a stop waits for deliveries on their way.
const (
	handBack  = 10 * time.Millisecond
	drainWait = time.Second
)

// A pull is renewed after pullExpiry; a server that is silent for twice
// pullHeartbeat is asked whether the consumer is still there.
const (
	pullExpiry    = 30 * time.Second
	pullHeartbeat = 2 * time.Second
)

// patience is how many ack waits one try may last before the event is no longer
// kept from other workers.
const patience = 6

// Consumption is a running consumer.
type Consumption struct {
	bus     *Bus
	spec    topology.Consumer
	handle  Handler
	bury    func(ctx context.Context, d Delivery, reason string, cause error) error
	again   *Consumption // of redrives; nil in that one itself
	pull    jetstream.ConsumeContext
	lanes   []*lane
	seed    maphash.Seed
	observe *[len(verdictNames)]prometheus.Observer

	running  sync.WaitGroup     // lanes
	keeping  sync.WaitGroup     // keepAlive
	work     context.Context    //nolint:containedctx // the handlers' lifetime, ended by Stop
	abort    context.CancelFunc // ends it
	stopping chan struct{}      // closed when Stop begins
	ended    chan struct{}      // closed when nothing more is delivered
	failed   chan error
	gaveBack atomic.Bool   // something, to somebody else
	pin      atomic.Value  // of an exclusive consumer: the server's name for who has it, when it was heard
	takeover *takeover     // of what it hands out first
	suspect  chan struct{} // asks keepAlive whether the consumer is still there
	stopOnce sync.Once
}

// Consume delivers a durable consumer's events to h, up to spec.Lanes at once.
// Events whose subjects end in the same token share a lane and are handled in
// order. What was given up and is redriven comes to h as well, whenever that is
// ordered. The consumer, and that of its redrives, must exist.
func (b *Bus) Consume(ctx context.Context, spec topology.Consumer, h Handler) (*Consumption, error) {
	c, err := b.consume(ctx, spec, h, func(ctx context.Context, d Delivery, reason string, cause error) error {
		return b.bury(ctx, fmt.Sprintf("dead-%s-%s-%d", d.Stream, spec.Durable, d.Sequence), spec.Durable, d, reason, cause)
	})
	if err != nil {
		return nil, err
	}
	r := redrives{bus: b, consumer: spec.Durable, handle: h}
	if c.again, err = b.consume(ctx, spec.Redrives(), r.again, r.bury); err != nil {
		return nil, errors.Join(err, c.Stop(ctx))
	}
	c.keeping.Go(c.watchRedrives)
	return c, nil
}

func (b *Bus) consume(ctx context.Context, spec topology.Consumer, h Handler,
	bury func(ctx context.Context, d Delivery, reason string, cause error) error,
) (*Consumption, error) {
	cons, err := b.js.Consumer(ctx, spec.Stream, spec.Durable)
	if err != nil {
		return nil, fmt.Errorf("bus: consumer %s of %s: %w", spec.Durable, spec.Stream, err)
	}
	c := &Consumption{
		bus: b, spec: spec, handle: h, bury: bury, lanes: make([]*lane, max(spec.Lanes, 1)),
		seed: maphash.MakeSeed(), observe: b.metrics.handler(spec.Durable),
		stopping: make(chan struct{}), ended: make(chan struct{}), failed: make(chan error, 1),
		suspect: make(chan struct{}, 1),
	}
	c.takeover = &takeover{lineUp: c.lineUp, most: spec.AckWait / 2}
	c.work, c.abort = context.WithCancel(context.WithoutCancel(ctx))
	for i := range c.lanes {
		l := newLane()
		c.lanes[i] = l
		c.running.Go(func() { c.runLane(l) })
	}
	c.keeping.Go(c.keepAlive)
	c.pull, err = cons.Consume(c.dispatch, c.pulls()...)
	if err != nil {
		c.closeLanes()
		return nil, fmt.Errorf("bus: consume %s: %w", spec.Durable, err)
	}
	go c.watch(c.pull.Closed())
	return c, nil
}

// Failed yields an error when the consumer can never go on, for instance
// because it was deleted.
func (c *Consumption) Failed() <-chan error { return c.failed }

// Stop ends fetching at once, lets the handlers at work end until ctx does, and
// then ends their context. What was fetched and not handled is given back for
// others to handle. Stop returns when every handler has.
func (c *Consumption) Stop(ctx context.Context) error {
	var err error
	c.stopOnce.Do(func() {
		var both sync.WaitGroup
		defer both.Wait()
		if c.again != nil {
			both.Go(func() { _ = c.again.Stop(ctx) }) // cut short, an order is carried out at the next start
		}
		err = c.stop(ctx)
	})
	return err
}

func (c *Consumption) stop(ctx context.Context) error {
	close(c.stopping)
	c.pull.Drain()
	done := make(chan struct{})
	go func() { c.drained(); c.takeover.end(); c.closeLanes(); close(done) }()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		c.abort()
		<-done
		err = fmt.Errorf("consumer %s: handlers were cut short: %w", c.spec.Durable, ctx.Err())
	}
	select {
	case <-c.ended:
	case <-time.After(drainWait): // the server is away; it delivers them again
	}
	c.handOver(ctx)
	return err
}

// closeLanes waits for the handlers, and ends what keeps their events alive.
func (c *Consumption) closeLanes() {
	for _, l := range c.lanes {
		l.close()
	}
	c.running.Wait()
	c.abort()
	c.keeping.Wait()
}

func (c *Consumption) stopped() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// dispatch lines a delivery up. It never blocks: the library calls it for one
// delivery after the other.
func (c *Consumption) dispatch(m jetstream.Msg) {
	d, err := fromMsg(m)
	if err != nil {
		c.bus.log.Error("delivery without metadata", zap.String("consumer", c.spec.Durable), zap.Error(err))
		return
	}
	if pin := d.Headers.Get(headerPin); pin != "" {
		c.pin.Store(pin)
		if c.takeover.gathers(pin, d, m) {
			return
		}
	}
	c.lineUp(d, m)
}

// lineUp puts a delivery into its lane.
func (c *Consumption) lineUp(d Delivery, m jetstream.Msg) {
	i := maphash.String(c.seed, d.Subject[strings.LastIndexByte(d.Subject, '.')+1:]) % uint64(len(c.lanes))
	if !c.lanes[i].put(d, m) {
		c.giveBack(m)
	}
}

// giveBack lets somebody else have a delivery. If it cannot be said, the server
// finds out after the ack wait.
func (c *Consumption) giveBack(m jetstream.Msg) {
	c.gaveBack.Store(true)
	_ = m.NakWithDelay(handBack)
}

func (c *Consumption) trouble(_ jetstream.ConsumeContext, err error) {
	if c.stopped() {
		return
	}
	c.bus.log.Warn("consumer trouble", zap.String("consumer", c.spec.Durable), zap.Error(err))
	if errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		c.fail(err)
		return
	}
	// A consumer that was deleted while nobody was connected, or just before the
	// first pull, only looks like a server that does not answer.
	select {
	case c.suspect <- struct{}{}:
	default:
	}
}

// verify looks whether the consumer is still there. No answer is no answer: the
// trouble will come again.
func (c *Consumption) verify(patience time.Duration) {
	ctx, cancel := context.WithTimeout(c.work, patience)
	defer cancel()
	_, err := c.bus.js.Consumer(ctx, c.spec.Stream, c.spec.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		c.fail(err)
	}
}

// watchRedrives passes on that the redrives have failed: they never end by
// themselves before a stop.
func (c *Consumption) watchRedrives() {
	select {
	case err := <-c.again.failed:
		c.fail(err)
	case <-c.stopping:
	}
}

// watch notices when the library gives up without being told to.
func (c *Consumption) watch(closed <-chan struct{}) {
	<-closed
	if !c.stopped() {
		c.fail(errors.New("deliveries have ended"))
	}
	close(c.ended)
}

func (c *Consumption) fail(err error) {
	select {
	case c.failed <- fmt.Errorf("consumer %s: %w", c.spec.Durable, err):
	default: // the first is enough
	}
}

// keepAlive tells the server that what waits or is at work here is in hand.
func (c *Consumption) keepAlive() {
	every := max(c.spec.AckWait/3, time.Millisecond)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for i, l := range c.lanes {
				c.keepLane(i, l, now, every)
			}
		case <-c.suspect:
			c.verify(max(every, time.Second))
		case <-c.work.Done():
			return
		}
	}
}

func (c *Consumption) keepLane(i int, l *lane, now time.Time, every time.Duration) {
	msgs, atWork := l.waiting(now.Add(-every/2), now)
	if atWork > patience*c.spec.AckWait {
		c.bus.log.Error("a handler hangs; its events are offered to others",
			zap.String("consumer", c.spec.Durable), zap.Int("lane", i), zap.Duration("for", atWork))
		return
	}
	for _, m := range msgs {
		_ = m.InProgress() // lost with the connection: then it is delivered again
	}
}
