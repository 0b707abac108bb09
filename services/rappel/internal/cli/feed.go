package cli

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/proto/feedevent"
	"github.com/rappel-loop/rappel/services/rappel/internal/eventstream"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// feedReader is one `rappel feed`.
type feedReader struct {
	*desk
	types, surveys, queues []string
	from, cursor           string
}

// Feed is `rappel feed`.
func Feed() *cobra.Command { return feedCommand(system()) }

func feedCommand(e env) *cobra.Command {
	r := &feedReader{desk: newDesk(e, "feed")}
	cmd := r.root
	cmd.Use, cmd.Args, cmd.RunE = "feed [options]", r.noArguments, r.run
	f := cmd.Flags()
	f.StringSliceVar(&r.types, "types", nil, "")
	f.StringSliceVar(&r.surveys, "survey", nil, "")
	f.StringSliceVar(&r.queues, "queue", nil, "")
	annotate(cmd, "queue", "feed-queue")
	f.StringVar(&r.from, "from", "", "")
	annotate(cmd, "from", "feed-from")
	f.StringVar(&r.cursor, "cursor", "", "")
	r.localise()
	return cmd
}

// feedSilence is how long nothing at all, not even a beat, may come.
const feedSilence = time.Minute

// errNoFeed says that a server does not offer a feed.
var errNoFeed = errors.New("the server has no feed at GET /v1/events; name the one of the service feed")

func (r *feedReader) run(cmd *cobra.Command, _ []string) (err error) {
	ctx, stop := interruptible(cmd)
	defer stop()
	place, err := eventstream.OpenPlace(r.cursor)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Save()) }()
	h := *r.client
	h.Timeout = 0 // it goes on; silence is watched for
	api, err := httpapi.New(r.server, &h)
	if err != nil {
		return err
	}
	c := eventstream.Client{
		API: api, Path: "/v1/events", Query: r.query(), LastID: place.Cursor(), Wait: r.wait, Silence: feedSilence, None: errNoFeed,
		OnTrouble: func(err error, next time.Duration) {
			_, _ = io.WriteString(cmd.ErrOrStderr(), fill(r.w.OnceMore, oneLine(err.Error())+".", duration(next))+"\n")
		},
	}
	show := r.printer(cmd.OutOrStdout())
	err = c.Follow(ctx, func(e eventstream.Event) error {
		if len(e.Data) > 0 {
			if err := show(e.Data); err != nil {
				return err
			}
		}
		if e.ID == "" {
			return nil
		}
		return place.Move(e.ID, r.now())
	})
	if errors.Is(err, context.Canceled) {
		return nil // ctrl-C is how it ends
	}
	return r.failed(cmd, "", err)
}

func (r *feedReader) query() url.Values {
	q := url.Values{}
	for name, list := range map[string][]string{"types": r.types, "surveys": r.surveys, "queues": r.queues} {
		if len(list) > 0 {
			q.Set(name, strings.Join(list, ","))
		}
	}
	if r.from != "" {
		q.Set("from", r.from)
	}
	return q
}

// printer prints events as they come: lines for a person, or the JSON as it is.
func (r *feedReader) printer(w io.Writer) func(event []byte) error {
	_, terminal := r.terminal(w)
	s := style{on: terminal && r.getenv("NO_COLOR") == ""}
	return func(event []byte) error {
		if r.asJSON() {
			_, err := w.Write(append(event, '\n'))
			return err
		}
		e, err := feedevent.Decode(event)
		if err != nil {
			return errAnswer
		}
		_, err = io.WriteString(w, r.line(s, e)+"\n")
		return err
	}
}
