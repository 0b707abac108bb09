package transport

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// GetQueueStats counts what waits.
func (s *Server) GetQueueStats(ctx context.Context, _ *callbackv1.GetQueueStatsRequest) (*callbackv1.GetQueueStatsResponse, error) {
	stats, err := s.queueStats(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	return &callbackv1.GetQueueStatsResponse{Queues: stats}, nil
}

func (s *Server) queueStats(ctx context.Context) ([]*callbackv1.QueueStats, error) {
	states, err := s.queue.States(ctx)
	if err != nil {
		return nil, err
	}
	stats := make([]*callbackv1.QueueStats, len(states))
	for i, q := range states {
		stats[i] = &callbackv1.QueueStats{
			Queue: q.Queue, Ready: int64(q.Ready), Delayed: int64(q.Delayed), Held: int64(q.Held), Unattended: int64(q.Unattended),
			OldestReady: wire.Stamp(q.OldestReady), Agents: int64(q.Agents), AgentsFree: int64(q.Free),
			AtRisk: int64(q.AtRisk), Breached: int64(q.Breached),
		}
		if q.WaitKnown {
			stats[i].PredictedWait = durationpb.New(q.Wait.Round(time.Second))
		}
	}
	return stats, nil
}

// watchEvery is how often the queues are counted for each who watches.
const watchEvery = time.Second

// WatchQueues counts what waits whenever that changes.
func (s *Server) WatchQueues(_ *callbackv1.WatchQueuesRequest, stream grpc.ServerStreamingServer[callbackv1.WatchQueuesResponse]) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var last []*callbackv1.QueueStats
	for sent := false; ; {
		stats, err := s.queueStats(stream.Context())
		switch {
		case err == nil && (!sent || !slices.EqualFunc(stats, last, func(a, b *callbackv1.QueueStats) bool { return proto.Equal(a, b) })):
			if err := stream.Send(&callbackv1.WatchQueuesResponse{Queues: stats}); err != nil {
				return err
			}
			last, sent = stats, true
		case err != nil && !errors.Is(err, queue.ErrIndexIncomplete) && !errors.Is(err, queue.ErrIndexUnavailable):
			return ended(err)
		}
		select {
		case <-tick.C:
		case <-s.stopping:
			return rpc.Refused(codes.Unavailable, "GOING_AWAY", "this server is about to stop; watch another")
		case <-stream.Context().Done():
			return ended(stream.Context().Err())
		}
	}
}
