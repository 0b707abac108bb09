// Package eventstream follows server-sent events over HTTP, as any program may: it comes back
// when the connection breaks, with the last event's id, so that nothing is missed.
package eventstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// Bounds of coming back, and of one line.
const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Second
	maxLine    = 8 << 20
)

// Event is one server-sent event.
type Event struct {
	// ID is where to go on once it is dealt with; empty when the server said nothing.
	ID string
	// Kind is the event's name; empty for a plain one.
	Kind string
	// Data is its body, whose lines are put together; empty for a sign of life.
	Data []byte
}

// Client follows one path of one server.
type Client struct {
	// API is the server, Path and Query what is followed.
	API   *httpapi.Client
	Path  string
	Query url.Values
	// LastID is where to go on; empty is what the query says. It moves with each event.
	LastID string
	// Silence is how long nothing at all, not even a beat, may come.
	Silence time.Duration
	// None is the error of a server that has no such stream.
	None error
	// OnTrouble is told that the connection broke and when it is tried again; nil is not.
	OnTrouble func(err error, next time.Duration)
	// Wait waits between two tries; nil is clock.Sleep.
	Wait func(ctx context.Context, d time.Duration) error
}

// Follow hands each event to each until ctx ends or each returns an error, which it returns.
// A server that cannot be reached the first time is an error; later it is waited for. What no
// waiting mends, as an id that has expired, is an error always.
func (c *Client) Follow(ctx context.Context, each func(Event) error) error {
	pause := c.Wait
	if pause == nil {
		pause = clock.Sleep
	}
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
			return c.None
		case errors.As(err, &status) && !status.Temporary(), !connected:
			return err
		}
		if began {
			wait = firstRetry
		}
		if c.OnTrouble != nil {
			c.OnTrouble(err, wait)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, lastRetry)
	}
}

// stopError is the reader's own wish to end.
type stopError struct{ err error }

func (s *stopError) Error() string { return s.err.Error() }

// once follows until the connection ends; began says that it stood.
func (c *Client) once(ctx context.Context, each func(Event) error) (began bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(c.Silence, cancel)
	defer watch.Stop()
	header := http.Header{"Accept": {"text/event-stream"}}
	if c.LastID != "" {
		header.Set("Last-Event-ID", c.LastID)
	}
	resp, err := c.API.Stream(ctx, c.Path, c.Query, header)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }() // it has ended
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return false, &stopError{c.None}
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var e event
	for lines.Scan() {
		watch.Reset(c.Silence)
		if whole := e.take(lines.Text()); !whole {
			continue
		}
		if err := each(e.Event); err != nil {
			return true, &stopError{err}
		}
		if e.ID != "" {
			c.LastID = e.ID
		}
		e = event{}
	}
	err = lines.Err()
	if err == nil {
		err = errors.New("the server ended the connection")
	}
	return true, fmt.Errorf("%s: %w", c.API.Server(), err)
}

// event is an event that is being read.
type event struct {
	Event
	begun bool
}

// take reads a line and reports whether the event is whole.
func (e *event) take(line string) bool {
	if line == "" {
		return e.begun
	}
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		e.ID = value
	case "event":
		e.Kind = value
	case "data":
		e.Data = append(e.Data, value...)
	default: // a comment, which begins with the colon, or what is not known
		return false
	}
	e.begun = true
	return false
}
