package tail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/rappel/internal/eventstream"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// ErrNoTail says that a server does not offer its events.
var ErrNoTail = errors.New("the server does not offer GET /v1/tail; follow its NATS with --nats URL")

// Client follows a server over HTTP and comes back when the connection breaks.
type Client struct {
	// API is the server.
	API *httpapi.Client
	// Streams is a choice of them; empty is the usual ones.
	Streams []string
	// All begins at the beginning, Since at a moment; neither means now.
	All   bool
	Since time.Time
	// OnTrouble is told that the connection broke and when it is tried again.
	OnTrouble func(err error, next time.Duration)
}

// silence is how long nothing at all, not even a beat, may come.
const silence = 3 * Beat

// Follow hands each event to each until ctx ends or each returns an error,
// which it returns. A server that cannot be reached the first time is an error;
// later it is waited for, and nothing is missed meanwhile.
func (c *Client) Follow(ctx context.Context, each func(Line) error) error {
	events := eventstream.Client{
		API: c.API, Path: "/v1/tail", Query: c.query(), Silence: silence, None: ErrNoTail, OnTrouble: c.OnTrouble,
	}
	return events.Follow(ctx, func(e eventstream.Event) error {
		if e.Kind != "line" {
			return nil
		}
		var l Line
		if err := json.Unmarshal(e.Data, &l); err != nil {
			return fmt.Errorf("%s sent a line that cannot be read: %w", c.API.Server(), err)
		}
		return each(l)
	})
}

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
