package feed_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/feed"
)

// source is an EventSource: it keeps the last id, as browsers do.
type source struct {
	t      *testing.T
	resp   *http.Response
	lines  *bufio.Scanner
	lastID string
	hangUp func()
}

// connect opens a stream that goes on behind lastID.
func connect(t *testing.T, url, lastID string) *source {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventually)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	require.Equal(t, http.StatusOK, resp.StatusCode)
	s := &source{t: t, resp: resp, lines: bufio.NewScanner(resp.Body), lastID: lastID, hangUp: cancel}
	s.lines.Buffer(nil, 1<<20)
	block, ok := s.block()
	require.True(t, ok)
	require.Contains(t, block, "retry: 2000")
	require.NotEmpty(t, s.lastID, "who goes before anything has happened misses nothing")
	return s
}

// block is the lines up to the next empty one; ok is false when the stream has ended.
func (s *source) block() (lines []string, ok bool) {
	for s.lines.Scan() {
		line := s.lines.Text()
		if line == "" {
			return lines, true
		}
		if id, is := strings.CutPrefix(line, "id: "); is {
			s.lastID = id
		}
		lines = append(lines, line)
	}
	return lines, false
}

// next is the next event; ok is false when the stream has ended in order.
func (s *source) next() (e feedevent.Event, ok bool) {
	s.t.Helper()
	for {
		block, ok := s.block()
		if !ok {
			require.NoError(s.t, s.lines.Err(), "the stream ends in order")
			return e, false
		}
		for _, line := range block {
			if data, is := strings.CutPrefix(line, "data: "); is {
				e, err := feedevent.Decode([]byte(data))
				require.NoError(s.t, err)
				return e, true
			}
		}
	}
}

func (s *source) must() feedevent.Event {
	s.t.Helper()
	e, ok := s.next()
	require.True(s.t, ok)
	return e
}

func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	r := setup(t, func(c *feed.Config) { c.Heartbeat = 100 * time.Millisecond })
	s := connect(t, r.url+"/v1/events?types=response_received,callback_opened&types=callback_claimed&surveys=apres-livraison", "")
	require.Equal(t, "text/event-stream", s.resp.Header.Get("Content-Type"))
	require.Equal(t, "no-store", s.resp.Header.Get("Cache-Control"))
	block, ok := s.block()
	require.True(t, ok)
	require.Equal(t, ": beat", block[0])
	r.answered(1, "r-1", 2)
	require.Equal(t, feedevent.ResponseReceived, s.must().Type)
	r.happened(1, 1, eventsv1.CallbackEvent_OPENED, "care")
	require.Equal(t, feedevent.CallbackOpened, s.must().Type)
	last := s.lastID
	s.hangUp()
	r.happened(1, 2, eventsv1.CallbackEvent_RELEASED, "care")
	r.happened(1, 3, eventsv1.CallbackEvent_CLAIMED, "care")
	// The parameters of the first time come again with the browser's header, which goes first.
	again := connect(t, r.url+"/v1/events?from=beginning&types=callback_claimed", last)
	require.Equal(t, feedevent.CallbackClaimed, again.must().Type)
	byCursor := connect(t, r.url+"/v1/events?cursor="+last, "")
	require.Equal(t, feedevent.CallbackReleased, byCursor.must().Type)
}

// A whole day with restarts: the reader goes from replica to replica with its last id, misses
// nothing and sees nothing twice.
func TestAReaderOutlivesItsServers(t *testing.T) {
	t.Parallel()
	r := setup(t)
	replicas := []replica{r, start(t, r.bus)}
	const events = 60
	told := make(chan struct{})
	go func() {
		defer close(told)
		for no := uint64(1); no <= events; no++ {
			r.happened(1, no, eventsv1.CallbackEvent_ENRICHED, "care")
		}
	}()
	s := connect(t, replicas[0].url+"/v1/events?from=beginning", "")
	for no := uint64(1); no <= events; {
		if no%20 == 0 {
			replicas[0].stop()
			replicas = append(replicas[1:], start(t, r.bus))
		}
		e, ok := s.next()
		if !ok {
			s = connect(t, replicas[0].url+"/v1/events?from=beginning", s.lastID)
			continue
		}
		require.Equal(t, no, e.Data.(*feedevent.Callback).EventNo)
		no++
	}
	<-told
}

func TestWhatIsWrongIsAStatusBeforeTheStream(t *testing.T) {
	t.Parallel()
	r := setup(t, func(c *feed.Config) { c.MaxSubscribers = 1 })
	for query, want := range map[string][]string{
		"types=gloom&surveys=a.b&queues=%20x%20y&from=soon&colour=red": {"types", "surveys", "queues", "from", "colour"},
		"from=now&from=beginning":                                      {"from"},
		"cursor=nonsense":                                              {"cursor"},
		"cursor=00000000-1&from=now&a%FFb=1":                           {"from", "a?b"},
		"%zz":                                                          {"query"},
	} {
		code, reason, fields, _ := ask(t, r.url+"/v1/events?"+query, "")
		require.Equal(t, http.StatusBadRequest, code, query)
		require.Equal(t, "INVALID_FIELDS", reason)
		require.Equal(t, want, fields, query)
	}
	_, _, names, _ := ask(t, r.url+"/v1/events", "nonsense")
	require.Equal(t, []string{"Last-Event-ID"}, names)
	code, reason, _, header := ask(t, r.url+"/v1/events?cursor=00000000-1", "")
	require.Equal(t, http.StatusBadRequest, code)
	require.Equal(t, "CURSOR_EXPIRED", reason)
	require.Empty(t, header.Get("Retry-After"), "it will never be better")

	connect(t, r.url+"/v1/events", "")
	code, reason, _, header = ask(t, r.url+"/v1/events", "")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "TOO_MANY_SUBSCRIBERS", reason)
	require.Equal(t, "5", header.Get("Retry-After"))
	resp, err := http.Head(r.url + "/v1/events")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
}

// A client that has gone is noticed, although nothing happens: its place is free.
func TestAClientThatHasGoneIsNoticed(t *testing.T) {
	t.Parallel()
	r := setup(t, func(c *feed.Config) { c.MaxSubscribers = 1 })
	connect(t, r.url+"/v1/events", "").hangUp()
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/v1/events", http.NoBody)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, eventually, 10*time.Millisecond)
}

// ask is an answer that is no stream.
func ask(t *testing.T, url, lastID string) (code int, reason string, fields []string, h http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var s struct {
		Details []struct {
			Reason          string
			FieldViolations []struct{ Field string }
		}
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&s))
	for _, d := range s.Details {
		if d.Reason != "" {
			reason = d.Reason
		}
		for _, v := range d.FieldViolations {
			fields = append(fields, v.Field)
		}
	}
	return resp.StatusCode, reason, fields, resp.Header
}
