package tail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Bounds of the HTTP side.
const (
	// maxReaders bounds the readers of one handler: each has a consumer a stream.
	maxReaders = 16
	// writeTimeout ends a reader that takes nothing.
	writeTimeout = 30 * time.Second
)

// Beat is how often a reader hears that the connection lives when nothing
// happens.
const Beat = 15 * time.Second

// errEnding ends a stream because the server does.
var errEnding = errors.New("the server is ending")

// Handler answers GET with the events as they come, as server-sent events whose
// data is a Line in JSON. The query: since, a time (RFC 3339) or how long ago
// (10m); all=true, from the beginning; stream, a comma-separated choice, Usual
// without one. An event's id, given back in Last-Event-ID, goes on behind it.
//
// It holds no personal data and no verbatim. When the server shuts down, its
// streams end, so that they don't hold it up.
func Handler(b *bus.Bus) http.Handler {
	return &handler{bus: b, slots: make(chan struct{}, maxReaders), beat: Beat, ending: make(chan struct{})}
}

type handler struct {
	bus    *bus.Bus
	slots  chan struct{}
	beat   time.Duration
	once   sync.Once
	ending chan struct{}
}

// ServeHTTP streams until the client goes, the server ends, or a stream cannot
// be read.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	streams, start, err := h.parse(r)
	if err != nil {
		rpc.WriteError(w, err)
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		rpc.WriteError(w, rpc.TryLater(codes.ResourceExhausted, "TOO_MANY_READERS", "too many are following already", 5*time.Second))
		return
	}
	if srv, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		h.once.Do(func() { srv.RegisterOnShutdown(func() { close(h.ending) }) })
	}
	s := &sse{w: w, rc: http.NewResponseController(w), cursor: start.After}
	// The server's read timeout is for requests; this one has been read.
	if err := s.rc.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	h.stream(r.Context(), s, streams, start)
}

func (h *handler) stream(ctx context.Context, s *sse, streams []string, start Start) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if s.begin() != nil {
		return // the client has gone
	}
	var beats sync.WaitGroup
	defer beats.Wait()
	defer cancel(nil)
	beats.Go(func() { s.keepAlive(ctx, h.beat, h.ending, cancel) })
	// An error here is the client's going, the server's ending, or a stream that
	// cannot be read: in each case the client comes back with its last id.
	_ = Follow(ctx, h.bus.JetStream(), streams, start, func(d bus.Delivery) error {
		l, err := Summarize(d)
		if err != nil {
			l = Line{Time: d.Time, Stream: d.Stream, Sequence: d.Sequence, Subject: d.Subject, Summary: Summary{What: "unreadable"}}
		}
		return s.event(l)
	})
}

func (h *handler) parse(r *http.Request) ([]string, Start, error) {
	q := r.URL.Query()
	streams := Usual()
	if names := q.Get("stream"); names != "" {
		var err error
		if streams, err = ParseStreams(names); err != nil {
			return nil, Start{}, rpc.Invalid(rpc.Field{Path: "stream", Problem: err.Error()})
		}
	}
	start, set := Start{After: map[string]uint64{}}, q.Get("all") == "true"
	if since := q.Get("since"); since != "" {
		t, err := ParseSince(since, time.Now())
		if err != nil {
			return nil, Start{}, rpc.Invalid(rpc.Field{Path: "since", Problem: err.Error()})
		}
		start.Since, set = t, true
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		after, err := parseCursor(last)
		if err != nil {
			return nil, Start{}, rpc.Invalid(rpc.Field{Path: "Last-Event-ID", Problem: err.Error()})
		}
		start.After, set = after, true
	}
	if set {
		return streams, start, nil
	}
	start, err := Now(r.Context(), h.bus.JetStream(), streams)
	if err != nil {
		return nil, Start{}, rpc.TryLater(codes.Unavailable, "STORE_UNAVAILABLE", "the event store does not answer", 2*time.Second)
	}
	return streams, start, nil
}

// ParseSince reads a time, or how long before now.
func ParseSince(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, errors.New("must be how long ago, as 10m or 24h, or a time as 2026-11-09T10:00:00Z")
	}
	return t, nil
}

// ParseStreams reads a comma-separated choice of streams, in any case.
func ParseStreams(s string) ([]string, error) {
	var chosen []string
	for name := range strings.SplitSeq(s, ",") {
		name = strings.ToUpper(strings.TrimSpace(name))
		if !slices.Contains(Streams(), name) {
			return nil, fmt.Errorf("must be some of %s", strings.Join(Streams(), ", "))
		}
		if !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	return chosen, nil
}

// cursors look like RESPONSES=12,SCORES=11.
func formatCursor(after map[string]uint64) string {
	var parts []string
	for _, name := range Streams() {
		if seq, ok := after[name]; ok {
			parts = append(parts, name+"="+strconv.FormatUint(seq, 10))
		}
	}
	return strings.Join(parts, ",")
}

func parseCursor(s string) (map[string]uint64, error) {
	after := map[string]uint64{}
	for part := range strings.SplitSeq(s, ",") {
		name, seq, _ := strings.Cut(part, "=")
		n, err := strconv.ParseUint(seq, 10, 64)
		if err != nil || !slices.Contains(Streams(), name) {
			return nil, errors.New("must be the id of a former event")
		}
		after[name] = n
	}
	return after, nil
}

// sse writes one client's events.
type sse struct {
	mu     sync.Mutex
	w      http.ResponseWriter
	rc     *http.ResponseController
	cursor map[string]uint64
}

// begin tells the client where it stands, so that it can come back even when
// nothing has happened yet.
func (s *sse) begin() error {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	id := ""
	if len(s.cursor) > 0 {
		id = "id: " + formatCursor(s.cursor) + "\n"
	}
	return s.write(id + "event: begin\ndata: {}\nretry: 1000\n\n")
}

func (s *sse) event(l Line) error {
	data, err := json.Marshal(l)
	if err != nil {
		return err
	}
	s.cursor[l.Stream] = l.Sequence
	return s.write("id: " + formatCursor(s.cursor) + "\nevent: line\ndata: " + string(data) + "\n\n")
}

func (s *sse) write(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.rc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.rc.Flush()
}

// keepAlive writes a beat now and then, and ends the stream when it cannot or
// when the server ends.
func (s *sse) keepAlive(ctx context.Context, every time.Duration, ending <-chan struct{}, end context.CancelCauseFunc) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.write(": beat\n\n"); err != nil {
				end(err)
				return
			}
		case <-ending:
			end(errEnding)
			return
		case <-ctx.Done():
			return
		}
	}
}
