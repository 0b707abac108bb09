package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/scorer"
)

// The load of the latency measurement: answers a second, and for how long.
const (
	latencyRate = 200
	latencyTime = 30 * time.Second
)

// latencyCount is how many answers are sent; with -short, which only shows that it
// works, a few.
func latencyCount() int {
	if testing.Short() {
		return latencyRate / 10
	}
	return int(latencyRate * latencyTime.Seconds())
}

// BenchmarkAnswerToCallback sends detractors at a fixed rate over HTTP and has
// agents claim without pause: the time is from the 202 to the callback being
// in an agent's hand, its own commit included.
func BenchmarkAnswerToCallback(b *testing.B) {
	p := process(b,
		callbackqueue.Module(callbackqueue.DefaultConfig(), host.RedisConfig{}),
		alerting.Module(alerting.DefaultConfig()), scorer.Module(scorer.DefaultConfig()), collectorModule())
	series.Add(1)
	m := &latencies{accepted: map[string]time.Time{}, claimed: map[string]time.Time{}}
	ctx, cancel := context.WithCancel(b.Context())
	var agents sync.WaitGroup
	queue := callbackv1.NewCallbackServiceClient(dial(b, p.GRPCAddr))
	for range 4 {
		agents.Add(1)
		go func() { defer agents.Done(); m.agent(ctx, b, queue) }()
	}
	total := latencyCount()
	b.ResetTimer()
	m.send(b, "http://"+p.HTTPAddr+"/v1/responses", total)
	require.Eventually(b, func() bool { return m.count() == total }, 10*time.Second, time.Millisecond)
	b.StopTimer()
	cancel()
	agents.Wait()
	report(b, m.sorted())
}

func report(b *testing.B, all []time.Duration) {
	b.Helper()
	b.ReportMetric(ms(all[len(all)/2]), "p50-ms")
	b.ReportMetric(ms(all[len(all)*99/100]), "p99-ms")
	b.ReportMetric(ms(all[len(all)-1]), "max-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAnswerToOffer sends the same detractors while agents are at work with
// room for more: the time is to the offer's arrival at an agent's client, once from
// the 202, once from the moment the event store took the callback's first event.
func BenchmarkAnswerToOffer(b *testing.B) {
	p := process(b,
		callbackqueue.Module(callbackqueue.DefaultConfig(), host.RedisConfig{}),
		alerting.Module(alerting.DefaultConfig()), scorer.Module(scorer.DefaultConfig()), collectorModule())
	series.Add(1)
	m := &latencies{accepted: map[string]time.Time{}, claimed: map[string]time.Time{}}
	ctx, cancel := context.WithCancel(b.Context())
	var agents sync.WaitGroup
	offered := map[string]time.Time{} // callback -> when it was on an agent's stream
	queue := callbackv1.NewCallbackServiceClient(dial(b, p.GRPCAddr))
	for i := range 8 {
		agents.Go(func() {
			m.work(ctx, b, queue, fmt.Sprintf("agent-%d", i), offered)
		})
	}
	total := latencyCount()
	m.send(b, "http://"+p.HTTPAddr+"/v1/responses", total)
	require.Eventually(b, func() bool { return m.count() == total }, 10*time.Second, time.Millisecond)
	cancel()
	agents.Wait()
	fromOpen := sinceOpened(b, p.Bus, offered)
	b.Run("answer", func(b *testing.B) { report(b, m.sorted()) })
	b.Run("callback", func(b *testing.B) { report(b, fromOpen) })
}

// sinceOpened reads when the store took each callback's first event.
func sinceOpened(b *testing.B, events *bus.Bus, offered map[string]time.Time) []time.Duration {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var all []time.Duration
	err := events.Follow(ctx, bus.FollowOptions{Stream: subject.Callbacks}, func(d bus.Delivery) error {
		var e eventsv1.CallbackEvent
		if err := d.Decode(&e); err != nil {
			return err
		}
		if at, there := offered[e.GetCallback().GetId()]; there && e.GetType() == eventsv1.CallbackEvent_OPENED {
			all = append(all, at.Sub(d.Time))
		}
		return nil
	}, func() error { cancel(); return nil })
	require.ErrorIs(b, err, context.Canceled)
	require.Len(b, all, len(offered))
	slices.Sort(all)
	return all
}

// work is an agent at work: each offer is accepted and soon canceled, so that there
// is always room. offered is when each callback came.
func (m *latencies) work(ctx context.Context, b *testing.B, c callbackv1.CallbackServiceClient, name string, offered map[string]time.Time) {
	b.Helper()
	stream, err := c.WorkCallbacks(ctx)
	if err == nil {
		err = stream.Send(&callbackv1.WorkCallbacksRequest{Message: &callbackv1.WorkCallbacksRequest_Hello_{
			Hello: &callbackv1.WorkCallbacksRequest_Hello{AgentId: name, Capacity: 50},
		}})
	}
	var rest sync.WaitGroup
	defer rest.Wait()
	for err == nil {
		var said *callbackv1.WorkCallbacksResponse
		if said, err = stream.Recv(); err != nil || said.GetOffer() == nil {
			continue
		}
		now, cb := time.Now(), said.GetOffer().GetCallback()
		m.mu.Lock()
		m.claimed[cb.GetReasons()[0].GetResponseId()] = now
		offered[cb.GetId()] = now
		m.mu.Unlock()
		rest.Go(func() { // the load that real agents are: out of the way soon
			_, err := c.AcceptCallback(ctx, &callbackv1.AcceptCallbackRequest{Id: cb.GetId(), AgentId: name, Token: cb.GetHolder().GetToken()})
			if err == nil {
				_, err = c.CancelCallback(ctx, &callbackv1.CancelCallbackRequest{Id: cb.GetId(), Reason: "measured", By: name})
			}
			if err != nil && ctx.Err() == nil {
				b.Error(err)
			}
		})
	}
	if ctx.Err() == nil {
		b.Error(err)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

type latencies struct {
	mu       sync.Mutex
	accepted map[string]time.Time // response id -> when the 202 came
	claimed  map[string]time.Time // response id -> when an agent had it
}

// send sends a detractor each 1/latencyRate of a second.
func (m *latencies) send(b *testing.B, url string, total int) {
	b.Helper()
	tick := time.NewTicker(time.Second / latencyRate)
	defer tick.Stop()
	var wg sync.WaitGroup
	for i := range total {
		<-tick.C
		wg.Add(1)
		go func() {
			defer wg.Done()
			body := responseJSON(i * 11) // a multiple of 11: the score is 0
			if err := postJSON(url, body, http.StatusAccepted); err != nil {
				b.Error(err)
			}
			m.mu.Lock()
			m.accepted[response(i*11).GetId()] = time.Now()
			m.mu.Unlock()
		}()
	}
	wg.Wait()
}

// agent claims whatever there is.
func (m *latencies) agent(ctx context.Context, b *testing.B, c callbackv1.CallbackServiceClient) {
	for ctx.Err() == nil {
		resp, err := c.ClaimCallback(ctx, &callbackv1.ClaimCallbackRequest{AgentId: "agent"})
		switch {
		case err == nil:
			m.mu.Lock()
			m.claimed[resp.GetCallback().GetReasons()[0].GetResponseId()] = time.Now()
			m.mu.Unlock()
		case status.Code(err) == codes.NotFound:
			<-time.After(time.Millisecond) // how often an agent's client asks
		case ctx.Err() == nil:
			b.Error(err)
			return
		}
	}
}

func (m *latencies) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.claimed)
}

func (m *latencies) sorted() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []time.Duration
	for id, at := range m.claimed {
		out = append(out, max(0, at.Sub(m.accepted[id])))
	}
	slices.Sort(out)
	return out
}
