package tail

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// ErrNoTail says that a server does not offer its events.
var ErrNoTail = errors.New("the server does not offer GET /v1/tail; follow its NATS with --nats URL")

// Client follows a server over HTTP and comes back when the connection breaks.
type Client struct {
	// API is the server.
	API *httpapi.Client
	// Streams is a choice of them; empty is all.
	Streams []string
	// All begins at the beginning, Since at a moment; neither means now.
	All   bool
	Since time.Time
	// OnTrouble is told that the connection broke and when it is tried again.
	OnTrouble func(err error, next time.Duration)

	lastID string
}

// Bounds of coming back.
const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Second
	// silence is how long nothing at all, not even a beat, may come.
	silence = 3 * Beat
)

// Follow hands each event to each until ctx ends or each returns an error,
// which it returns. A server that cannot be reached the first time is an error;
// later it is waited for, and nothing is missed meanwhile.
func (c *Client) Follow(ctx context.Context, each func(Line) error) error {
	wait := firstRetry
	for connected := false; ; {
		began, err := c.once(ctx, each)
		connected = connected || began
		var stop *stopError
		var status *httpapi.StatusError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &stop):
			return stop.err
		case errors.As(err, &status) && status.HTTP == http.StatusNotFound:
			return ErrNoTail
		case errors.As(err, &status) && !status.Temporary(), !connected:
			return err
		}
		if began {
			wait = firstRetry
		}
		if c.OnTrouble != nil {
			c.OnTrouble(err, wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		wait = min(2*wait, lastRetry)
	}
}

// stopError is the reader's own wish to end.
type stopError struct{ err error }

func (s *stopError) Error() string { return s.err.Error() }

func (c *Client) query() url.Values {
	q := url.Values{}
	if len(c.Streams) > 0 {
		q.Set("stream", strings.Join(c.Streams, ","))
	}
	if c.All {
		q.Set("all", "true")
	} else if !c.Since.IsZero() {
		q.Set("since", c.Since.UTC().Format(time.RFC3339Nano))
	}
	return q
}

// once follows until the connection ends; began says that it stood.
func (c *Client) once(ctx context.Context, each func(Line) error) (began bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(silence, cancel)
	defer watch.Stop()
	header := http.Header{"Accept": {"text/event-stream"}}
	if c.lastID != "" {
		header.Set("Last-Event-ID", c.lastID)
	}
	resp, err := c.API.Stream(ctx, "/v1/tail", c.query(), header)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }() // it has ended
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return false, &httpapi.StatusError{HTTP: http.StatusNotFound}
	}
	var ev event
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 64<<10), 4<<20)
	for lines.Scan() {
		watch.Reset(silence)
		if !ev.take(lines.Text()) {
			continue
		}
		if err := c.hand(&ev, each); err != nil {
			return true, err
		}
		ev = event{}
	}
	err = lines.Err()
	if err == nil {
		err = errors.New("the server ended the connection")
	}
	return true, fmt.Errorf("%s: %w", c.API.Server(), err)
}

func (c *Client) hand(ev *event, each func(Line) error) error {
	if ev.kind == "line" {
		var l Line
		if err := json.Unmarshal([]byte(ev.data), &l); err != nil {
			return &stopError{fmt.Errorf("%s sent a line that cannot be read: %w", c.API.Server(), err)}
		}
		if err := each(l); err != nil {
			return &stopError{err}
		}
	}
	if ev.id != "" {
		c.lastID = ev.id
	}
	return nil
}

// event is one server-sent event.
type event struct{ id, kind, data string }

// take reads a line and reports whether the event is whole.
func (e *event) take(line string) bool {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		e.id = value
	case "event":
		e.kind = value
	case "data":
		e.data += value
	case "":
		return line == "" && e.kind != ""
	}
	return false
}
