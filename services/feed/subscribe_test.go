package feed_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rappel-loop/rappel/proto/feedevent"
	feedv1 "github.com/rappel-loop/rappel/proto/gen/go/api/feed/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/feed"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// listener is a subscriber by gRPC.
type listener struct {
	t      *testing.T
	stream feedv1.FeedService_SubscribeClient
	cursor string
	hangUp func()
}

// subscribe begins, and has heard the first sign of life.
func (r replica) subscribe(req *feedv1.SubscribeRequest) *listener {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), eventually)
	r.Cleanup(cancel)
	stream, err := r.api.Subscribe(ctx, req)
	require.NoError(r, err)
	l := &listener{t: r.T, stream: stream, hangUp: cancel}
	first, err := stream.Recv()
	require.NoError(r, err)
	require.NotNil(r, first.GetHeartbeat())
	l.cursor = first.GetCursor()
	return l
}

// refused is the error of a subscription that does not begin.
func (r replica) refused(req *feedv1.SubscribeRequest) error {
	r.Helper()
	stream, err := r.api.Subscribe(r.Context(), req)
	require.NoError(r, err)
	_, err = stream.Recv()
	require.Error(r, err)
	return err
}

// next is the next event.
func (l *listener) next() feedevent.Event {
	l.t.Helper()
	for {
		m, err := l.stream.Recv()
		require.NoError(l.t, err)
		l.cursor = m.GetCursor()
		if m.GetHeartbeat() != nil {
			continue
		}
		e, err := feedevent.Decode([]byte(m.GetEvent()))
		require.NoError(l.t, err)
		return e
	}
}

// beat is the next sign of life, before any event.
func (l *listener) beat() {
	l.t.Helper()
	m, err := l.stream.Recv()
	require.NoError(l.t, err)
	require.NotNil(l.t, m.GetHeartbeat(), "%s", m.GetEvent())
	l.cursor = m.GetCursor()
}

func TestSubscribersHearWhatTheyAskFor(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.answered(1, "r-1", 2)
	r.settled()
	all := r.subscribe(&feedv1.SubscribeRequest{From: "beginning"})
	fromNow := r.subscribe(&feedv1.SubscribeRequest{})
	since := r.subscribe(&feedv1.SubscribeRequest{From: "2020-01-01T00:00:00Z"})
	opened := r.subscribe(&feedv1.SubscribeRequest{Types: []string{"callback_opened"}})
	care := r.subscribe(&feedv1.SubscribeRequest{Queues: []string{"care"}})
	survey := r.subscribe(&feedv1.SubscribeRequest{Surveys: []string{"apres-livraison"}, Queues: []string{"sales"}})
	require.Equal(t, feedevent.ResponseReceived, all.next().Type)
	require.Equal(t, feedevent.ResponseReceived, since.next().Type)
	r.happened(1, 1, eventsv1.CallbackEvent_OPENED, "care")
	r.happened(1, 2, eventsv1.CallbackEvent_TRANSFERRED, "sales")
	for _, l := range []*listener{all, fromNow, since, opened, care} {
		require.Equal(t, feedevent.CallbackOpened, l.next().Type)
	}
	for _, l := range []*listener{all, fromNow, since, survey} {
		require.Equal(t, feedevent.CallbackTransferred, l.next().Type)
	}
	// Each goes on where it was, and a cursor is good again and again.
	for range 2 {
		again := r.subscribe(&feedv1.SubscribeRequest{Cursor: opened.cursor})
		require.Equal(t, feedevent.CallbackTransferred, again.next().Type)
		require.Equal(t, all.cursor, again.cursor)
	}
}

func TestWhatIsWrongIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	r := setup(t)
	err := r.refused(&feedv1.SubscribeRequest{
		Types: []string{"callback_opened", "gloom"}, Surveys: []string{"not a name"}, Queues: []string{"a.b"}, From: "soon",
	})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	require.Equal(t, []string{"types", "surveys", "queues", "from"}, fields(err))
	err = r.refused(&feedv1.SubscribeRequest{Cursor: "12"})
	require.Equal(t, []string{"cursor"}, fields(err))
	err = r.refused(&feedv1.SubscribeRequest{Cursor: "00000000-1", From: "now"})
	require.Equal(t, []string{"from"}, fields(err))
}

func fields(err error) []string {
	var names []string
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				names = append(names, v.GetField())
			}
		}
	}
	return names
}

func TestAnExpiredCursorIsToldSo(t *testing.T) {
	t.Parallel()
	r := setup(t)
	at := r.subscribe(&feedv1.SubscribeRequest{})
	for i := range 3 {
		r.answered(i, fmt.Sprint("r-", i), 2)
	}
	at.next()
	old := at.cursor
	at.next()
	kept := at.cursor
	r.settled()
	third := r.told()[2].PartitionKey // customers are told of beside each other
	s, err := r.bus.JetStream().Stream(t.Context(), subject.Feed)
	require.NoError(t, err)
	require.NoError(t, s.Purge(t.Context(), jetstream.WithPurgeSequence(3))) // what age does
	for _, cursor := range []string{old, "00000000-2", kept[:9] + "99"} {
		err := r.refused(&feedv1.SubscribeRequest{Cursor: cursor})
		require.Equal(t, codes.OutOfRange, status.Code(err), cursor)
		require.Equal(t, "CURSOR_EXPIRED", rpc.Reason(err))
		require.ErrorContains(t, err, "from=beginning")
	}
	again := r.subscribe(&feedv1.SubscribeRequest{Cursor: kept})
	require.Equal(t, third, again.next().PartitionKey)
	// All of it may go: who has heard everything has missed nothing.
	require.NoError(t, s.Purge(t.Context()))
	r.subscribe(&feedv1.SubscribeRequest{Cursor: again.cursor})
}

// Who filters for what is rare has a cursor that moves on all the same.
func TestACursorMovesOnWhenItIsQuiet(t *testing.T) {
	t.Parallel()
	r := setup(t, func(c *feed.Config) { c.Heartbeat = 100 * time.Millisecond })
	rare := r.subscribe(&feedv1.SubscribeRequest{Types: []string{"sla_breached"}})
	before := rare.cursor
	for i := range 3 {
		r.answered(i, fmt.Sprint("r-", i), 2)
	}
	r.settled()
	end := r.subscribe(&feedv1.SubscribeRequest{}).cursor
	require.NotEqual(t, before, end)
	require.Eventually(t, func() bool { rare.beat(); return rare.cursor == end }, eventually, time.Millisecond)
	r.happened(1, 1, eventsv1.CallbackEvent_SLA_BREACHED, "care")
	require.Equal(t, feedevent.SLABreached, rare.next().Type)
}

func TestSubscribersAreBounded(t *testing.T) {
	t.Parallel()
	r := setup(t, func(c *feed.Config) { c.MaxSubscribers = 1 })
	one := r.subscribe(&feedv1.SubscribeRequest{})
	err := r.refused(&feedv1.SubscribeRequest{})
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	require.Equal(t, "TOO_MANY_SUBSCRIBERS", rpc.Reason(err))
	one.hangUp()
	require.Eventually(t, func() bool {
		stream, err := r.api.Subscribe(t.Context(), &feedv1.SubscribeRequest{})
		require.NoError(t, err)
		_, err = stream.Recv()
		return err == nil
	}, eventually, 10*time.Millisecond, "the place of who has gone is free")
}

// A subscriber that takes nothing holds up nobody, and gets everything once it does.
func TestASlowSubscriber(t *testing.T) {
	t.Parallel()
	r := setup(t)
	slow, quick := r.subscribe(&feedv1.SubscribeRequest{}), r.subscribe(&feedv1.SubscribeRequest{})
	const all = 2000
	for no := uint64(1); no <= all; no++ {
		r.happened(1, no, eventsv1.CallbackEvent_ENRICHED, "care")
	}
	for _, l := range []*listener{quick, slow} {
		for no := uint64(1); no <= all; no++ {
			require.Equal(t, no, l.next().Data.(*feedevent.Callback).EventNo)
		}
	}
}

// A server that stops says so; the next one goes on where it was.
func TestSubscribersGoElsewhereWhenTheServerStops(t *testing.T) {
	t.Parallel()
	r := setup(t)
	l := r.subscribe(&feedv1.SubscribeRequest{})
	r.answered(1, "r-1", 2)
	l.next()
	other := start(t, r.bus)
	r.stop()
	_, err := l.stream.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.Equal(t, "GOING_AWAY", rpc.Reason(err))
	r.answered(2, "r-2", 2)
	again := other.subscribe(&feedv1.SubscribeRequest{Cursor: l.cursor})
	require.Equal(t, key(2), again.next().PartitionKey)
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	r := setup(t)
	require.Error(t, r.service.Start(t.Context()))
	r.stop()
	require.NoError(t, r.service.Stop(t.Context()))
	require.Error(t, r.service.Start(t.Context()))
	_, err := feed.New(feed.DefaultConfig(), feed.Deps{})
	require.ErrorContains(t, err, "bus")
	_, err = feed.New(feed.Config{}, feed.Deps{})
	require.ErrorContains(t, err, "lanes")

	never, err := feed.New(feed.DefaultConfig(), feed.Deps{Bus: r.bus, RPC: rpc.New(rpc.Options{})})
	require.NoError(t, err)
	require.NoError(t, never.Stop(t.Context()))
}

func TestTheServiceFailsWithAConsumer(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.answered(1, "r-1", 2)
	r.settled()
	require.NoError(t, r.bus.JetStream().DeleteConsumer(t.Context(), subject.Responses, "feed-responses"))
	select {
	case err := <-r.service.Failed():
		require.ErrorContains(t, err, "feed-responses")
	case <-time.After(eventually):
		require.Fail(t, "nobody noticed")
	}
}
