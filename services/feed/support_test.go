package feed_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rappel-loop/rappel/proto/feedevent"
	feedv1 "github.com/rappel-loop/rappel/proto/gen/go/api/feed/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/feed"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eventually bounds what takes milliseconds, and 15 s where a process was killed.
const eventually = 40 * time.Second

var now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// loop is what the other services store, and what the feed makes of it.
type loop struct {
	*testing.T
	bus *bus.Bus
}

// replica is one process's worth of the feed.
type replica struct {
	loop
	service *feed.Service
	metrics *prometheus.Registry
	url     string
	api     feedv1.FeedServiceClient
	stop    func()
}

func setup(t *testing.T, change ...func(*feed.Config)) replica {
	t.Helper()
	return start(t, testkit.Bus(t), change...)
}

// start runs a replica until the test ends, or it is stopped.
func start(t *testing.T, b *bus.Bus, change ...func(*feed.Config)) replica {
	t.Helper()
	cfg := feed.DefaultConfig()
	for _, c := range change {
		c(&cfg)
	}
	r := replica{loop: loop{t, b}, metrics: prometheus.NewRegistry()}
	server := rpc.New(rpc.Options{})
	var err error
	r.service, err = feed.New(cfg, feed.Deps{Bus: b, RPC: server, Clock: clock.NewManual(now), Metrics: r.metrics})
	require.NoError(t, err)
	require.NoError(t, r.service.Start(t.Context()))
	server.Health().SetStarted()
	l, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	r.url = "http://" + l.HTTP.Addr().String()
	stopServing := server.Serve(l, func(err error) { t.Errorf("serve: %v", err) })
	conn, err := grpc.NewClient(l.GRPC.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	r.api = feedv1.NewFeedServiceClient(conn)
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		ctx, cancel := context.WithTimeout(context.Background(), eventually)
		defer cancel()
		require.NoError(t, stopServing(ctx))
		require.NoError(t, r.service.Stop(ctx))
		_ = conn.Close()
		http.DefaultClient.CloseIdleConnections()
	}
	t.Cleanup(r.stop)
	return r
}

// key is a customer's pseudonym.
func key(i int) string { return letters(i) }

// letters is 26 letters that tell numbers apart.
func letters(i int) string {
	b := []byte("aaaaaaaaaaaaaaaaaaaaaaaaaa")
	for at := len(b) - 1; i > 0; at, i = at-1, i/26 {
		b[at] = byte('a' + i%26)
	}
	return string(b)
}

// put stores an event of the loop under a message id.
func (l loop) put(subj, id string, m proto.Message) {
	l.Helper()
	_, err := l.bus.Publish(l.Context(), bus.Event{Subject: subj, ID: id, Body: m})
	require.NoError(l, err)
}

// answered stores an answer of a customer.
func (l loop) answered(customer int, id string, nps float64) *eventsv1.ResponseReceived {
	l.Helper()
	r := &eventsv1.ResponseReceived{
		EventId: "e-" + id, ReceivedAt: timestamppb.New(now), Revision: 1, CustomerKey: key(customer), Bucket: subject.BucketOf(key(customer)),
		Response: &eventsv1.Response{
			Id: id, Survey: "apres-livraison", Channel: "email", Customer: &eventsv1.Customer{Name: "Invented Name"},
			Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &nps}, {Verbatim: "Trop tard."}},
		},
	}
	l.put(subject.Response("apres-livraison", r.GetBucket()), r.GetEventId(), r)
	return r
}

// happened stores an event of a customer's callback.
func (l loop) happened(customer int, no uint64, what eventsv1.CallbackEvent_Type, queue string) {
	l.Helper()
	e := &eventsv1.CallbackEvent{
		EventId: fmt.Sprintf("c-%d-%d", customer, no), EventNo: no, Type: what, OccurredAt: timestamppb.New(now.Add(time.Duration(no) * time.Second)),
		CustomerKey: key(customer), Actor: "amina", Callback: &eventsv1.Callback{
			Id: key(customer) + "-1", CustomerKey: key(customer), State: eventsv1.Callback_PENDING, Queue: queue,
			Reasons: []*eventsv1.Reason{{Survey: "apres-livraison", ResponseId: "r-1", Verbatim: "Trop tard."}},
		},
	}
	l.put(subject.Callback(subject.BucketOf(key(customer)), key(customer)), e.GetEventId(), e)
}

// settled waits until the feed has told of all there is.
func (l loop) settled() {
	l.Helper()
	for _, spec := range []topology.Consumer{topology.FeedResponses, topology.FeedScores, topology.FeedAlerts, topology.FeedAlertStates, topology.FeedFallbacks, topology.FeedCallbacks} {
		testkit.Handled(l, l.bus, spec)
	}
}

// told is all that FEED holds.
func (l loop) told() []feedevent.Event {
	l.Helper()
	var all []feedevent.Event
	for _, d := range l.stored(subject.Feed) {
		e, err := feedevent.Decode(d.Data)
		require.NoError(l, err)
		require.Equal(l, d.ID, e.ID)
		all = append(all, e)
	}
	return all
}

// stored is all that a stream holds.
func (l loop) stored(stream string) []bus.Delivery {
	l.Helper()
	s, err := l.bus.JetStream().Stream(l.Context(), stream)
	require.NoError(l, err)
	var all []bus.Delivery
	for seq := s.CachedInfo().State.FirstSeq; seq <= s.CachedInfo().State.LastSeq && seq > 0; seq++ {
		d, err := l.bus.At(l.Context(), stream, seq)
		require.NoError(l, err)
		all = append(all, d)
	}
	return all
}
