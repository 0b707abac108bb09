package transport

import (
	"go.uber.org/zap"
	"google.golang.org/grpc"

	feedv1 "github.com/rappel-loop/rappel/proto/gen/go/api/feed/v1"
	"github.com/rappel-loop/rappel/services/feed/internal/subscription"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// Options are what both ways in need.
type Options struct {
	// Feed is what is followed.
	Feed *subscription.Feed
	// Clock says what "ten minutes ago" is.
	Clock clock.Clock
	// Log gets what is wrong on our side.
	Log *zap.Logger
	// Delivered counts events that were sent; by is grpc or http.
	Delivered func(by string)
}

// GRPC is FeedService.
type GRPC struct {
	feedv1.UnimplementedFeedServiceServer
	o Options
}

// NewGRPC returns FeedService.
func NewGRPC(o Options) *GRPC { return &GRPC{o: o} }

// Subscribe streams events until the caller hangs up.
func (g *GRPC) Subscribe(r *feedv1.SubscribeRequest, stream grpc.ServerStreamingServer[feedv1.SubscribeResponse]) error {
	q, err := subscription.Parse(subscription.Request{
		Types: r.GetTypes(), Surveys: r.GetSurveys(), Queues: r.GetQueues(), From: r.GetFrom(), Cursor: r.GetCursor(),
	}, g.o.Clock.Now())
	if err == nil {
		err = g.o.Feed.Follow(stream.Context(), q, messages{stream: stream, delivered: g.o.Delivered})
	}
	return toStatus(g.o.Log, err)
}

// messages are a subscriber's.
type messages struct {
	stream    grpc.ServerStreamingServer[feedv1.SubscribeResponse]
	delivered func(by string)
}

// Begin is a heartbeat.
func (m messages) Begin(at subscription.Cursor) error { return m.Beat(at) }

// Beat sends a heartbeat.
func (m messages) Beat(at subscription.Cursor) error {
	return m.stream.Send(&feedv1.SubscribeResponse{
		Cursor: at.String(), Message: &feedv1.SubscribeResponse_Heartbeat_{Heartbeat: &feedv1.SubscribeResponse_Heartbeat{}},
	})
}

// Event sends an event.
func (m messages) Event(at subscription.Cursor, event []byte, _ bool) error {
	m.delivered("grpc")
	return m.stream.Send(&feedv1.SubscribeResponse{Cursor: at.String(), Message: &feedv1.SubscribeResponse_Event{Event: string(event)}})
}
