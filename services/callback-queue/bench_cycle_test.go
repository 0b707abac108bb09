//go:build unix

package callbackqueue_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// agentsAtWork is how many work at the same time, over one connection.
const agentsAtWork = 128

// alone is a little longer than the projector waits to see that nobody else commits.
const alone = 6 * time.Second

// BenchmarkCycle measures a callback's way through an agent's hands, over gRPC on
// loopback: claimed, called, reached, completed. Each of the four is on disk before
// its answer. cpu-µs is the processor time of a cycle, client's and server's: where
// others use the machine it is the figure that stands.
func BenchmarkCycle(b *testing.B) {
	s := newSite(b, "memory", b.N)
	queue := callbackv1.NewCallbackServiceClient(serve(b, s))
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var working sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	for a := range agentsAtWork {
		working.Go(func() {
			agent := fmt.Sprintf("agent-%d", a)
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				start := time.Now()
				if err := cycle(b.Context(), queue, agent, i); err != nil {
					b.Errorf("cycle: %v", err)
					return
				}
				took[i] = time.Since(start)
			}
		})
	}
	working.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cycles/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs")
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
}

// serve starts the service on a site, and connects to it.
func serve(b *testing.B, s *site) *grpc.ClientConn {
	b.Helper()
	metrics := prometheus.NewRegistry()
	server := rpc.New(rpc.Options{Metrics: metrics})
	service, err := callbackqueue.New(callbackqueue.DefaultConfig(), callbackqueue.Deps{Bus: s.bus, RPC: server, Log: zap.NewNop(), Metrics: metrics})
	require.NoError(b, err)
	require.NoError(b, service.Start(b.Context()))
	server.Health().SetStarted()
	listeners, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(b, err)
	stop := server.Serve(listeners, func(err error) { b.Errorf("serve: %v", err) })
	b.Cleanup(func() {
		require.NoError(b, stop(context.Background()))
		require.NoError(b, service.Stop(context.Background()))
	})
	if !testing.Short() {
		<-time.After(alone) // as in life, the projector has stopped reading the stream
	}
	conn, err := grpc.NewClient(listeners.GRPC.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, conn.Close()) })
	queue := callbackv1.NewCallbackServiceClient(conn)
	require.Eventually(b, func() bool {
		stats, err := queue.GetQueueStats(b.Context(), &callbackv1.GetQueueStatsRequest{})
		return err == nil && len(stats.GetQueues()) == 1 && int(stats.GetQueues()[0].GetReady()) == s.opened
	}, time.Minute, 10*time.Millisecond)
	return conn
}

// cycle takes the best callback and sees it through.
func cycle(ctx context.Context, queue callbackv1.CallbackServiceClient, agent string, i int) error {
	claimed, err := queue.ClaimCallback(ctx, &callbackv1.ClaimCallbackRequest{AgentId: agent, RequestId: fmt.Sprint(i)})
	if err != nil {
		return err
	}
	id, token := claimed.GetCallback().GetId(), claimed.GetCallback().GetHolder().GetToken()
	if _, err = queue.StartAttempt(ctx, &callbackv1.StartAttemptRequest{Id: id, AgentId: agent, Token: token}); err != nil {
		return err
	}
	_, err = queue.EndAttempt(ctx, &callbackv1.EndAttemptRequest{Id: id, AgentId: agent, Token: token, Outcome: eventsv1.Attempt_REACHED})
	if err != nil {
		return err
	}
	_, err = queue.CompleteCallback(ctx, &callbackv1.CompleteCallbackRequest{
		Id: id, AgentId: agent, Token: token, Outcome: eventsv1.WrapUp_RESOLVED, RootCause: "late", Note: "Colis retrouvé, geste commercial.",
	})
	return err
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
