package rebuildbench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// workersAtOnce is how many agents work at the same time.
const workersAtOnce = 16

// cycles are whole pieces of work: claim, call, reach, complete. Each is followed by
// an alert that opens another callback, so that the backlog stays what it is.
type cycles struct {
	next   atomic.Int64 // the next new customer
	worked time.Duration

	mu                sync.Mutex
	claims, completes []time.Duration // sorted
}

func newCycles(opened int) *cycles {
	c := &cycles{}
	c.next.Store(int64(opened))
	return c
}

func (c *cycles) rate() float64 { return float64(len(c.completes)) / c.worked.Seconds() }

func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)*percent/100]
}

// work has the agents work for some time, and end what they have begun then.
func (p *program) work(b *testing.B, c *cycles, long time.Duration) {
	b.Helper()
	over := make(chan struct{})
	timer := time.AfterFunc(long, func() { close(over) })
	defer timer.Stop()
	began := time.Now()
	p.agents(b.Context(), b, c, over)()
	c.worked += time.Since(began)
	slices.Sort(c.claims)
	slices.Sort(c.completes)
	if b.Failed() {
		b.FailNow()
	}
}

// keepWorking returns once all agents are well into their work. They go on until
// the program is gone; end waits for them.
func (p *program) keepWorking(b *testing.B, opened int) (end func()) {
	b.Helper()
	over := make(chan struct{})
	c := newCycles(opened)
	ctx, cancel := context.WithCancel(b.Context())
	wait := p.agents(ctx, b, c, over)
	enough := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.completes) >= 20*workersAtOnce
	}
	require.Eventually(b, enough, time.Minute, time.Millisecond)
	close(over) // what the kill does to their calls is not theirs to report
	return func() { cancel(); wait() }
}

// agents work until it is over; wait waits for what they have begun.
func (p *program) agents(ctx context.Context, b *testing.B, c *cycles, over <-chan struct{}) (wait func()) {
	b.Helper()
	conn, err := nats.Connect(p.address.NATS, nats.MaxReconnects(0))
	require.NoError(b, err)
	events, err := bus.New(conn, bus.Options{Barrier: bus.Replicated{}})
	require.NoError(b, err)
	var working sync.WaitGroup
	for i := range workersAtOnce {
		working.Go(func() {
			for {
				err := p.cycle(ctx, events, c, fmt.Sprintf("agent-%d", i))
				select {
				case <-over:
					return
				default:
				}
				if err != nil {
					b.Errorf("work: %v", err)
					return
				}
			}
		})
	}
	return func() { working.Wait(); conn.Close() }
}

// cycle does one piece of work.
func (p *program) cycle(ctx context.Context, events *bus.Bus, c *cycles, agent string) error {
	callbacks := callbackv1.NewCallbackServiceClient(p.conn)
	began := time.Now()
	claimed, err := callbacks.ClaimCallback(ctx, &callbackv1.ClaimCallbackRequest{AgentId: agent, RequestId: unique("request")})
	if err != nil {
		return err
	}
	claim := time.Since(began)
	id, token := claimed.GetCallback().GetId(), claimed.GetCallback().GetHolder().GetToken()
	if _, err := callbacks.StartAttempt(ctx, &callbackv1.StartAttemptRequest{Id: id, AgentId: agent, Token: token}); err != nil {
		return err
	}
	_, err = callbacks.EndAttempt(ctx, &callbackv1.EndAttemptRequest{Id: id, AgentId: agent, Token: token, Outcome: eventsv1.Attempt_REACHED})
	if err != nil {
		return err
	}
	began = time.Now()
	_, err = callbacks.CompleteCallback(ctx, &callbackv1.CompleteCallbackRequest{
		Id: id, AgentId: agent, Token: token, Outcome: eventsv1.WrapUp_RESOLVED, RootCause: "delivery/late", Note: "Remboursé, et excusé.",
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.claims, c.completes = append(c.claims, claim), append(c.completes, time.Since(began))
	c.mu.Unlock()
	a := raised(int(c.next.Add(1)), time.Now())
	_, err = events.Append(ctx, bus.Event{
		Subject: subject.Alert(a.GetRule(), subject.BucketOf(a.GetScored().GetReceived().GetCustomerKey())), ID: a.GetEventId(), Body: a,
	})
	return err
}
