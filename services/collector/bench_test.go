package collector_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// durableBus is a bus whose acknowledgements are on disk, as in the product.
func durableBus(b *testing.B) *bus.Bus {
	b.Helper()
	s := testkit.Server(b)
	bu, err := bus.New(testkit.Connect(b, s), bus.Options{Barrier: s.Barrier()})
	require.NoError(b, err)
	require.NoError(b, topology.Ensure(b.Context(), bu.JetStream(), topology.Options{}))
	return bu
}

func benchResponse(i int) *eventsv1.Response {
	r := piece(fmt.Sprintf("r-%d", i), fmt.Sprintf("C-%d", i), nps(2), says("Livré en retard, et personne au téléphone."))
	r.Customer.Phone, r.Customer.Email = "06 39 98 20 11", "Zoe@Example.org"
	r.Customer.Language, r.Customer.TimeZone = "fr", "Europe/Paris"
	r.Attributes = map[string]string{"segment": "pro", "region": "IDF"}
	return r
}

// BenchmarkRawPublishes is the ceiling: durable publishes of an event of the same
// size from 64 goroutines.
func BenchmarkRawPublishes(b *testing.B) {
	bu := durableBus(b)
	share(b, 64, func(i int) error {
		e := &eventsv1.ResponseReceived{EventId: fmt.Sprint("e-", i), Response: benchResponse(i), CustomerKey: "shrxpbt3pzivmgzr3cdqtvzvvj", Bucket: "abc", Revision: 1}
		_, err := bu.Publish(b.Context(), bus.Event{Subject: subject.Response("s", fmt.Sprintf("%03x", i%4096)), ID: e.GetEventId(), Body: e})
		return err
	})
}

// share divides b.N calls among workers and reports the rate.
func share(b *testing.B, workers int, do func(i int) error) {
	b.Helper()
	b.ResetTimer()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < b.N; i += workers {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "responses/s")
}

func benchClient(b *testing.B) collectorv1.CollectorServiceClient {
	b.Helper()
	server := rpc.New(rpc.Options{Log: zap.NewNop(), Metrics: prometheus.NewRegistry()})
	s, err := collector.New(config(), collector.Deps{Bus: durableBus(b), RPC: server})
	require.NoError(b, err)
	require.NoError(b, s.Start(b.Context()))
	l, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(b, err)
	stop := server.Serve(l, func(err error) { b.Error(err) })
	conn, err := grpc.NewClient(l.GRPC.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
	b.Cleanup(func() {
		require.NoError(b, conn.Close())
		require.NoError(b, stop(context.Background()))
		require.NoError(b, s.Stop(context.Background()))
	})
	server.Health().SetStarted()
	require.Eventually(b, func() bool { return len(server.Health().Ready()) == 0 }, 15*time.Second, time.Millisecond)
	return collectorv1.NewCollectorServiceClient(conn)
}

func BenchmarkOneStream(b *testing.B) {
	c := benchClient(b)
	s, err := c.StreamResponses(b.Context())
	require.NoError(b, err)
	b.ResetTimer()
	go func() {
		for i := range b.N {
			if s.Send(&collectorv1.StreamResponsesRequest{RequestNo: uint64(i), Response: benchResponse(i)}) != nil {
				return
			}
		}
		_ = s.CloseSend()
	}()
	n := 0
	for ; ; n++ {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	require.Equal(b, b.N, n)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "responses/s")
}

func BenchmarkSixtyFourSources(b *testing.B) {
	c := benchClient(b)
	share(b, 64, func(i int) error {
		_, err := c.SubmitResponse(b.Context(), request(benchResponse(i)))
		return err
	})
}
