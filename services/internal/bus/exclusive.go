package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// An exclusive consumer's pulls are renewed often enough that the server hears of a process
// that lives well within topology.Handover.
const exclusiveExpiry = topology.Handover / 3

// headerPin names, in each delivery of an exclusive consumer, the process that has it.
const headerPin = "Nats-Pin-Id"

// settleSlack is how much later than the ack wait the server may notice that one is over.
const settleSlack = 500 * time.Millisecond

// pulls are the options of a consumer's pulls.
func (c *Consumption) pulls() []jetstream.PullConsumeOpt {
	opts := []jetstream.PullConsumeOpt{
		jetstream.PullMaxMessages(2 * len(c.lanes)), jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullHeartbeat),
		jetstream.ConsumeErrHandler(c.trouble),
	}
	if c.spec.Exclusive {
		opts[1] = jetstream.PullExpiry(exclusiveExpiry)
		opts = append(opts, jetstream.PullPriorityGroup(topology.Group))
	}
	return opts
}

// Settled returns once an exclusive consumer hands out first what somebody who is gone had in
// hand: at once when nothing is, else after the ack wait, which is when the server knows. Who
// consumes only then gets everything in the stream's order, after a crash too.
func (b *Bus) Settled(ctx context.Context, spec topology.Consumer) error {
	cons, err := b.js.Consumer(ctx, spec.Stream, spec.Durable)
	if err != nil {
		return fmt.Errorf("bus: consumer %s of %s: %w", spec.Durable, spec.Stream, err)
	}
	if cons.CachedInfo().NumAckPending == 0 {
		return nil
	}
	return clock.Sleep(ctx, spec.AckWait+settleSlack)
}

// drained waits for what an exclusive consumer was sent and has not been lined up yet.
func (c *Consumption) drained() {
	if !c.spec.Exclusive {
		return
	}
	select {
	case <-c.ended:
	case <-time.After(drainWait):
	}
}

// handOver lets another process have an exclusive consumer at once, when this one has it and
// has handled all that it was sent. Else the server finds out by itself, and by then knows
// what was not handled.
func (c *Consumption) handOver(ctx context.Context) {
	pin, _ := c.pin.Load().(string)
	if pin == "" || c.gaveBack.Load() {
		return
	}
	s, err := c.bus.stream(ctx, c.spec.Stream)
	if err != nil {
		return
	}
	cons, err := s.Consumer(ctx, c.spec.Durable)
	if err != nil {
		return
	}
	for _, g := range cons.CachedInfo().PriorityGroups {
		if g.PinnedClientID != pin {
			continue
		}
		if err := s.UnpinConsumer(ctx, c.spec.Durable, topology.Group); err != nil {
			c.bus.log.Info("another process has to wait for its turn", zap.String("consumer", c.spec.Durable), zap.Error(err))
		}
	}
}
