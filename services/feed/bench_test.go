package feed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "github.com/rappel-loop/rappel/proto/gen/go/api/feed/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/feed"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// BenchmarkFeed is the way of an event from CALLBACKS into FEED, and from there to a
// subscriber by gRPC: server, network and all, on the cores there are. Nothing is synced.
func BenchmarkFeed(b *testing.B) {
	events := testkit.Bus(b)
	server := rpc.New(rpc.Options{})
	l, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(b, err)
	for i := range b.N {
		e := filled(i)
		_, err := events.JetStream().PublishMsgAsync(message(b, subject.Callback(subject.BucketOf(e.GetCustomerKey()), e.GetCustomerKey()), e))
		require.NoError(b, err)
	}
	<-events.JetStream().PublishAsyncComplete()
	s, err := feed.New(feed.DefaultConfig(), feed.Deps{Bus: events, RPC: server})
	require.NoError(b, err)
	b.ResetTimer()
	require.NoError(b, s.Start(b.Context()))
	toldOf(b, events, uint64(b.N))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "projected/s")

	stop := server.Serve(l, func(err error) { b.Errorf("serve: %v", err) })
	defer func() {
		require.NoError(b, stop(b.Context()))
		require.NoError(b, s.Stop(b.Context()))
	}()
	began := b.Elapsed()
	stream, err := dial(b, l.GRPC.Addr().String()).Subscribe(b.Context(), &feedv1.SubscribeRequest{From: "beginning"})
	require.NoError(b, err)
	for n := 0; n < b.N; {
		m, err := stream.Recv()
		require.NoError(b, err)
		if m.GetEvent() != "" {
			n++
		}
	}
	b.ReportMetric(float64(b.N)/(b.Elapsed()-began).Seconds(), "delivered/s")
}

// toldOf waits until FEED holds so many.
func toldOf(b *testing.B, events *bus.Bus, n uint64) {
	b.Helper()
	for {
		s, err := events.JetStream().Stream(b.Context(), subject.Feed)
		require.NoError(b, err)
		if s.CachedInfo().State.Msgs >= n {
			return
		}
	}
}

// filled is a callback with what most have.
func filled(i int) *eventsv1.CallbackEvent {
	customer := letters(i)
	return &eventsv1.CallbackEvent{
		EventId: fmt.Sprint("c-", i), EventNo: 1, Type: eventsv1.CallbackEvent_OPENED, OccurredAt: timestamppb.New(now), CustomerKey: customer, Actor: "alerting",
		Callback: &eventsv1.Callback{
			Id: customer + "-1", CustomerKey: customer, State: eventsv1.Callback_PENDING, Queue: "care", OpenedAt: timestamppb.New(now), FirstAttemptDue: timestamppb.New(now),
			Customer: &eventsv1.Customer{Id: "C-1042", Name: "Invented Name", Phone: "+33199001010"},
			Reasons: []*eventsv1.Reason{{
				AlertId: "a", Rule: "detractor", Survey: "apres-livraison", ResponseId: "r-1001", Revision: 1, Metric: eventsv1.Metric_NPS,
				Value: proto.Float64(2), Class: eventsv1.Class_DETRACTOR, Satisfaction: proto.Float64(20), Channel: "email",
				Verbatim: strings.Repeat("Livré en retard. ", 9), SubmittedAt: timestamppb.New(now),
			}},
		},
	}
}

func message(tb testing.TB, subj string, e *eventsv1.CallbackEvent) *nats.Msg {
	tb.Helper()
	data, err := proto.Marshal(e)
	require.NoError(tb, err)
	return &nats.Msg{Subject: subj, Data: data, Header: nats.Header{
		nats.MsgIdHdr: {e.GetEventId()}, subject.HeaderType: {string(e.ProtoReflect().Descriptor().FullName())},
	}}
}

func dial(tb testing.TB, addr string) feedv1.FeedServiceClient {
	tb.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	return feedv1.NewFeedServiceClient(conn)
}
