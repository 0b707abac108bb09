// Package feedclient follows a server's feed over HTTP, as any product team's program may: it
// comes back when the connection breaks, with the last cursor, so that nothing is missed.
package feedclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// Bounds of coming back.
const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Second
	// silence is how long nothing at all, not even a beat, may come.
	silence = time.Minute
	// maxEvent bounds one line.
	maxEvent = 8 << 20
)

// ErrNoFeed says that a server does not offer a feed.
var ErrNoFeed = errors.New("the server has no feed at GET /v1/events; name the one of the service feed")

// Item is an event, or a sign of life, whose Event is empty.
type Item struct {
	// Cursor is where to go on once it is dealt with.
	Cursor string
	// Event is a CloudEvent in JSON.
	Event []byte
}

// Client follows one server.
type Client struct {
	// API is the server.
	API *httpapi.Client
	// Query holds types, surveys, queues and from.
	Query url.Values
	// Cursor is where to go on; it goes before from. It moves with each item.
	Cursor string
	// OnTrouble is told that the connection broke and when it is tried again.
	OnTrouble func(err error, next time.Duration)
	// Wait waits between two tries.
	Wait func(ctx context.Context, d time.Duration) error
}

// Follow hands each item to each until ctx ends or each returns an error, which it returns. A
// server that cannot be reached the first time is an error; later it is waited for. What no
// waiting mends, as a cursor that has expired, is an error always.
func (c *Client) Follow(ctx context.Context, each func(Item) error) error {
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
			return ErrNoFeed
		case errors.As(err, &status) && !status.Temporary(), !connected:
			return err
		}
		if began {
			wait = firstRetry
		}
		c.OnTrouble(err, wait)
		if err := c.Wait(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, lastRetry)
	}
}

// stopError is the reader's own wish to end.
type stopError struct{ err error }

func (s *stopError) Error() string { return s.err.Error() }

// once follows until the connection ends; began says that it stood.
func (c *Client) once(ctx context.Context, each func(Item) error) (began bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(silence, cancel)
	defer watch.Stop()
	header := http.Header{"Accept": {"text/event-stream"}}
	if c.Cursor != "" {
		header.Set("Last-Event-ID", c.Cursor)
	}
	resp, err := c.API.Stream(ctx, "/v1/events", c.Query, header)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }() // it has ended
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return false, &stopError{ErrNoFeed}
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 64<<10), maxEvent)
	var item Item
	for lines.Scan() {
		watch.Reset(silence)
		if whole := item.take(lines.Text()); !whole {
			continue
		}
		if err := each(item); err != nil {
			return true, &stopError{err}
		}
		c.Cursor, item = item.Cursor, Item{}
	}
	err = lines.Err()
	if err == nil {
		err = errors.New("the server ended the connection")
	}
	return true, fmt.Errorf("%s: %w", c.API.Server(), err)
}

// take reads a line and reports whether the item is whole.
func (i *Item) take(line string) bool {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		i.Cursor = value
	case "data":
		i.Event = append(i.Event, value...)
	case "":
		return line == "" && i.Cursor != "" // a comment begins with the colon
	}
	return false
}
