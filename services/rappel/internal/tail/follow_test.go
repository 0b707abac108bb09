package tail_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
	"github.com/rappel-loop/rappel/services/rappel/internal/tail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loop stores one answer's way through the loop, as answer number n.
func loop(t testing.TB, b *bus.Bus, n int) {
	t.Helper()
	r := response()
	r.Revision = uint32(n) //nolint:gosec // small
	s := scored()
	s.Received = r
	for _, e := range []struct {
		subject string
		event   proto.Message
	}{
		{subject.Response("s", "abc"), r},
		{subject.Score("s", "abc"), s},
		{subject.Alert("detractor", "abc"), &eventsv1.AlertRaised{Rule: "detractor", Scored: s}},
		{subject.Callback("abc", key), called(eventsv1.CallbackEvent_ENRICHED, eventsv1.Callback_PENDING)},
	} {
		_, err := b.Publish(t.Context(), bus.Event{Subject: e.subject, ID: fmt.Sprintf("%s-%d", e.subject, n), Body: e.event})
		require.NoError(t, err)
	}
}

var errEnough = errors.New("enough")

// collect follows until n lines came.
func collect(n int, lines *[]string) func(string) error {
	return func(l string) error {
		if *lines = append(*lines, l); len(*lines) == n {
			return errEnough
		}
		return nil
	}
}

func label(stream string, sequence uint64) string {
	return fmt.Sprintf("%s %d", stream, sequence)
}

// inOrder is what the lines of answers from..to are.
func inOrder(from, to int) []string {
	var all []string
	for n := from; n <= to; n++ {
		for _, s := range []string{"RESPONSES", "SCORES", "ALERTS", "CALLBACKS"} {
			all = append(all, fmt.Sprintf("%s %d", s, n))
		}
	}
	return all
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestThePastIsMergedByTime(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	for n := 1; n <= 20; n++ {
		loop(t, b, n)
	}
	middle, err := b.At(t.Context(), "RESPONSES", 11)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		start tail.Start
		want  []string
	}{
		"all":                 {tail.Start{}, inOrder(1, 20)},
		"since":               {tail.Start{Since: middle.Time}, inOrder(11, 20)},
		"behind what is seen": {tail.Start{After: map[string]uint64{"RESPONSES": 18, "SCORES": 18, "ALERTS": 18, "CALLBACKS": 18, "DEAD_LETTERS": 0}}, inOrder(19, 20)},
	} {
		var got []string
		take := collect(len(c.want), &got)
		err := tail.Follow(bounded(t), b.JetStream(), tail.Streams(), c.start, func(d bus.Delivery) error { return take(label(d.Stream, d.Sequence)) })
		require.ErrorIs(t, err, errEnough, name)
		require.Equal(t, c.want, got, name)
	}
}

func TestTheLiveComesInOrder(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	loop(t, b, 1)
	start, err := tail.Now(t.Context(), b.JetStream(), tail.Streams())
	require.NoError(t, err)
	var got []string
	take := collect(40, &got)
	done := make(chan error, 1)
	ctx := bounded(t)
	go func() {
		done <- tail.Follow(ctx, b.JetStream(), tail.Streams(), start, func(d bus.Delivery) error { return take(label(d.Stream, d.Sequence)) })
	}()
	for n := 2; n <= 11; n++ {
		loop(t, b, n)
	}
	require.ErrorIs(t, <-done, errEnough)
	require.Equal(t, inOrder(2, 11), got)
	err = tail.Follow(ctx, b.JetStream(), []string{"NOWHERE"}, tail.Start{}, nil)
	require.ErrorContains(t, err, "NOWHERE")
}

// A burst waits as a whole, not event by event.
func TestABurstIsNotHeldUp(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	start, err := tail.Now(t.Context(), b.JetStream(), tail.Streams())
	require.NoError(t, err)
	const answers = 250
	done := make(chan error, 1)
	got := 0
	ctx := bounded(t)
	go func() {
		done <- tail.Follow(ctx, b.JetStream(), tail.Streams(), start, func(bus.Delivery) error {
			if got++; got == 4*answers {
				return errEnough
			}
			return nil
		})
	}()
	for n := 1; n <= answers; n++ {
		loop(t, b, n)
	}
	stored := time.Now()
	require.ErrorIs(t, <-done, errEnough)
	require.Less(t, time.Since(stored), 5*time.Second, "an event at a time it would be 30 s")
}

// server serves the handler as the process does: with a read timeout.
func server(t *testing.T, b *bus.Bus) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /v1/tail", tail.Handler(b))
	s := httptest.NewUnstartedServer(mux)
	s.Config.ReadTimeout = 100 * time.Millisecond
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, s *httptest.Server) *tail.Client {
	t.Helper()
	api, err := httpapi.New(s.URL, s.Client())
	require.NoError(t, err)
	return &tail.Client{API: api}
}

func TestAReaderThatIsCutOffMissesNothing(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s := server(t, b)
	c := client(t, s)
	c.All = true
	var mu sync.Mutex
	troubles := 0
	c.OnTrouble = func(error, time.Duration) { mu.Lock(); troubles++; mu.Unlock() }
	loop(t, b, 1)
	var got []string
	done := make(chan error, 1)
	ctx := bounded(t)
	seen := make(chan struct{}, 100)
	take := collect(12, &got)
	go func() {
		done <- c.Follow(ctx, func(l tail.Line) error {
			seen <- struct{}{}
			if len(l.Verbatims) > 0 {
				return errors.New("customers' words came over HTTP")
			}
			return take(label(l.Stream, l.Sequence))
		})
	}()
	for range 4 {
		<-seen
	}
	s.CloseClientConnections()
	loop(t, b, 2)
	for range 4 {
		<-seen
	}
	time.AfterFunc(250*time.Millisecond, func() { loop(t, b, 3) }) // longer than the read timeout
	require.ErrorIs(t, <-done, errEnough)
	require.Equal(t, inOrder(1, 3), got)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, 1, troubles, "once, when it was cut off; the read timeout cuts nobody off")
}

func TestWhatStandsOnTheWire(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	loop(t, b, 1)
	s := server(t, b)
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/v1/tail?all=true&stream=responses,callbacks", nil)
	require.NoError(t, err)
	resp, err := s.Client().Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	var text strings.Builder
	buf := make([]byte, 4096)
	for strings.Count(text.String(), "event: line") < 2 {
		n, err := resp.Body.Read(buf)
		require.NoError(t, err)
		text.Write(buf[:n])
	}
	require.True(t, strings.HasPrefix(text.String(), "event: begin\ndata: {}\nretry: 1000\n\nid: RESPONSES=1\nevent: line\ndata: {\"time\":"))
	require.Contains(t, text.String(), "\n\nid: RESPONSES=1,CALLBACKS=1\nevent: line\n")
	for _, p := range private {
		require.NotContains(t, text.String(), p)
	}
}

// A type that is newer than the reader, or a body that cannot be read, is a line like
// the others: what comes behind it comes.
func TestWhatIsNotKnownStopsNobody(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	for i, body := range []proto.Message{&eventsv1.FollowUpAnswered{Scored: about(key + "-1")}, &eventsv1.Scale{Max: 1}} {
		_, err := b.Publish(t.Context(), bus.Event{Subject: subject.Alert(subject.FollowUps, "abc"), ID: label("new", uint64(i)), Body: body}) //nolint:gosec // small
		require.NoError(t, err)
	}
	broken := &nats.Msg{Subject: subject.Alert(subject.FollowUps, "abc"), Data: []byte("\xff"), Header: nats.Header{}}
	broken.Header.Set(subject.HeaderType, "rappel.events.v1.FollowUpAnswered")
	_, err := b.JetStream().PublishMsg(t.Context(), broken)
	require.NoError(t, err)
	loop(t, b, 1)
	c := client(t, server(t, b))
	c.All = true
	var got []string
	take := collect(7, &got)
	require.ErrorIs(t, c.Follow(bounded(t), func(l tail.Line) error { return take(l.Stream + " " + l.Summary.What) }), errEnough)
	require.Equal(t, []string{
		"ALERTS answered", "ALERTS stored", "ALERTS unreadable", "RESPONSES received", "SCORES scored", "ALERTS raised", "CALLBACKS enriched",
	}, got)
}

func TestShutdownDoesNotWaitForReaders(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s := server(t, b)
	c := client(t, s)
	ctx, cancel := context.WithCancel(bounded(t))
	began := make(chan struct{}, 1)
	c.All = true
	loop(t, b, 1)
	done := make(chan error, 1)
	go func() {
		done <- c.Follow(ctx, func(tail.Line) error {
			select {
			case began <- struct{}{}:
			default:
			}
			return nil
		})
	}()
	<-began
	stop, stopped := context.WithTimeout(ctx, 5*time.Second)
	defer stopped()
	require.NoError(t, s.Config.Shutdown(stop))
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s := server(t, b)
	for query, want := range map[string]string{
		"since=soon": "since: must be how long ago", "stream=FEED": "stream: must be some of",
	} {
		resp, err := s.Client().Get(s.URL + "/v1/tail?" + query)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusBadRequest, resp.StatusCode)
		require.Contains(t, string(body), want)
	}
	// Sixteen may follow at once; the next is told to come later.
	ctx, cancel := context.WithCancel(bounded(t))
	var open []*http.Response
	for range 16 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/v1/tail", nil)
		require.NoError(t, err)
		resp, err := s.Client().Do(req)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		open = append(open, resp)
	}
	require.ErrorContains(t, client(t, s).Follow(ctx, nil), "too many are following")
	cancel()
	for _, r := range open {
		require.NoError(t, r.Body.Close())
	}
	none := httptest.NewServer(http.NotFoundHandler())
	defer none.Close()
	require.ErrorIs(t, client(t, none).Follow(bounded(t), nil), tail.ErrNoTail)
	api, err := httpapi.New("127.0.0.1:1", nil)
	require.NoError(t, err)
	var away *httpapi.Unreachable
	require.ErrorAs(t, (&tail.Client{API: api}).Follow(bounded(t), nil), &away)
}
