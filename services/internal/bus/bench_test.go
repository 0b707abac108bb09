package bus_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// benchClients publish at once; a round is what each way publishes before it is
// the other's turn, so that a machine's moods fall on all alike.
const benchClients, benchRound = 64, 64 * 40

// way is one way to store an event durably.
type way struct {
	name    string
	publish func(ctx context.Context, i int64) error
	spent   time.Duration
	count   int
}

// BenchmarkPublish compares ways to store the same bytes from 64 clients: the
// library alone, waiting for each answer or by futures, and the bus. Durable is
// with the same barrier for all; acknowledged is without one, which shows what
// the bus itself costs. "of_raw" is the bus's speed as a share of the faster raw
// way's.
func BenchmarkPublish(b *testing.B) {
	b.Run("durable", func(b *testing.B) { benchmarkPublish(b, func(s *embednats.Server) bus.Barrier { return s.Barrier() }) })
	b.Run("acknowledged", func(b *testing.B) {
		benchmarkPublish(b, func(*embednats.Server) bus.Barrier { return bus.Replicated{} })
	})
}

func benchmarkPublish(b *testing.B, barrierOf func(*embednats.Server) bus.Barrier) {
	s, err := embednats.Start(embednats.Config{Dir: b.TempDir()}, zap.NewNop())
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Shutdown(context.Background())) }()
	nc, err := s.Connect()
	require.NoError(b, err)
	defer nc.Close()
	barrier := barrierOf(s)
	under, err := bus.New(nc, bus.Options{Barrier: barrier})
	require.NoError(b, err)
	require.NoError(b, topology.Ensure(b.Context(), under.JetStream(), topology.Options{}))

	body := &eventsv1.ResponseReceived{
		EventId: "0123456789abcdef", CustomerKey: customer, Bucket: "001",
		Response: &eventsv1.Response{Survey: "s", Answers: []*eventsv1.Answer{{Verbatim: string(make([]byte, 400))}}},
	}
	data, err := proto.Marshal(body)
	require.NoError(b, err)
	js := under.JetStream()
	message := func(i int64) *nats.Msg {
		return &nats.Msg{Subject: subject.Response("s", fmt.Sprintf("%03x", i%4096)), Data: data, Header: nats.Header{
			nats.MsgIdHdr: {fmt.Sprintf("id%d", i)}, subject.HeaderType: {"rappel.events.v1.ResponseReceived"}, subject.HeaderSchema: {"1"},
		}}
	}
	ways := []*way{
		{name: "raw_sync", publish: func(ctx context.Context, i int64) error {
			if _, err := js.PublishMsg(ctx, message(i)); err != nil {
				return err
			}
			return barrier.Wait(ctx)
		}},
		{name: "raw_async", publish: func(ctx context.Context, i int64) error {
			f, err := js.PublishMsgAsync(message(i), jetstream.WithRetryAttempts(2))
			if err != nil {
				return err
			}
			select {
			case <-f.Ok():
			case err := <-f.Err():
				return err
			}
			return barrier.Wait(ctx)
		}},
		{name: "bus", publish: func(ctx context.Context, i int64) error {
			_, err := under.Publish(ctx, bus.Event{
				Subject: subject.Response("s", fmt.Sprintf("%03x", i%4096)),
				ID:      fmt.Sprintf("id%d", i), Body: body, Encoded: data,
			})
			return err
		}},
	}
	compare(b, ways)
}

// compare runs the ways in turns.
func compare(b *testing.B, ways []*way) {
	var n atomic.Int64
	for done := 0; done < b.N || ways[len(ways)-1].count == 0; done += benchRound {
		for _, w := range ways {
			var wg sync.WaitGroup
			start := time.Now()
			for range benchClients {
				wg.Go(func() {
					for range benchRound / benchClients {
						if err := w.publish(b.Context(), n.Add(1)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			w.spent += time.Since(start)
			w.count += benchRound
		}
	}
	best := 0.0
	for _, w := range ways {
		perSecond := float64(w.count) / w.spent.Seconds()
		b.ReportMetric(perSecond, w.name+"/s")
		if w.name != "bus" {
			best = max(best, perSecond)
		} else {
			b.ReportMetric(perSecond/best, "of_raw")
		}
	}
	b.ReportMetric(0, "ns/op")
}
