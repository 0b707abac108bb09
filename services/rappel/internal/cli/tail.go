package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
	"github.com/rappel-loop/rappel/services/rappel/internal/tail"
)

const tailLong = `Follow the loop as it happens, one line an event: when, the customer's key, the
stream, what happened, and what is known of it. A response comes in, is scored,
meets a rule, opens a callback; an agent claims it and calls.

What becomes of alerts, and of what people are told of them, is followed where it is
chosen: --stream alert_states,notifications,deliveries.

No line shows a name, a phone, an e-mail or a note. The customers' own words are
shown with --verbatims, which needs --nats: they are never sent over HTTP.`

const tailExample = `  rappel tail
  rappel tail --since 10m --stream alerts,callbacks
  rappel tail --since 1h --stream alerts,notifications,deliveries
  rappel tail --all -o json
  rappel tail --nats nats://127.0.0.1:4222 --verbatims`

type tailOptions struct {
	server, nats, credentials string
	since, streams, output    string
	all, verbatims            bool
}

// Tail is `rappel tail`.
func Tail() *cobra.Command { return tailCommand(system()) }

func tailCommand(e env) *cobra.Command {
	var o tailOptions
	cmd := &cobra.Command{
		Use: "tail", Short: "Follow the loop live, one line an event", Long: tailLong, Example: tailExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
	}
	f := cmd.Flags()
	f.StringVar(&o.server, "server", "", "server's address (default $RAPPEL_SERVER, else "+httpapi.DefaultServer+")")
	f.StringVar(&o.nats, "nats", "", "follow a NATS server instead, as nats://127.0.0.1:4222")
	f.StringVar(&o.credentials, "nats-credentials", "", "NATS credentials file")
	f.StringVar(&o.since, "since", "", "begin in the past: 10m, 24h, or a time as 2026-11-09T10:00:00Z")
	f.BoolVar(&o.all, "all", false, "begin at the beginning")
	f.StringVar(&o.streams, "stream", "", "only these, by comma: responses, scores, corrections, alerts, alert_states,\n"+
		"notifications, deliveries, fallbacks, callbacks, dead_letters (default all but\nalert_states, notifications and deliveries)")
	f.BoolVar(&o.verbatims, "verbatims", false, "show the customers' own words (needs --nats)")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		err := runTail(cmd, e, o)
		if errors.Is(err, context.Canceled) {
			return nil // ctrl-C is how it ends
		}
		return err
	}
	return cmd
}

func runTail(cmd *cobra.Command, e env, o tailOptions) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	if o.verbatims && o.nats == "" {
		return errors.New("--verbatims needs --nats: customers' words are never sent over HTTP")
	}
	if o.all && o.since != "" {
		return errors.New("--all and --since say different things: choose one")
	}
	if o.streams == "" {
		o.streams = strings.Join(tail.Usual(), ",")
	}
	streams, err := tail.ParseStreams(o.streams)
	if err != nil {
		return fmt.Errorf("--stream: %w", err)
	}
	var since time.Time
	if o.since != "" {
		if since, err = tail.ParseSince(o.since, e.now()); err != nil {
			return fmt.Errorf("--since: %w", err)
		}
	}
	ctx, stop := interruptible(cmd)
	defer stop()
	show := printer(cmd.OutOrStdout(), e, o)
	if o.nats != "" {
		return tailNATS(ctx, o, streams, since, show)
	}
	return tailHTTP(ctx, cmd.ErrOrStderr(), e, o, streams, since, show)
}

func tailHTTP(ctx context.Context, trouble io.Writer, e env, o tailOptions, streams []string, since time.Time, show func(tail.Line) error) error {
	if o.server == "" {
		o.server = e.getenv("RAPPEL_SERVER")
	}
	h := *e.client
	h.Timeout = 0 // it goes on; silence is watched for
	api, err := httpapi.New(o.server, &h)
	if err != nil {
		return err
	}
	c := tail.Client{API: api, Streams: streams, All: o.all, Since: since, OnTrouble: func(err error, next time.Duration) {
		_, _ = fmt.Fprintf(trouble, "%s; trying again in %s\n", oneLine(err.Error()), duration(next))
	}}
	err = c.Follow(ctx, show)
	var away *httpapi.Unreachable
	if errors.As(err, &away) {
		return fmt.Errorf("%w\nstart a server with `rappel run`, or name another: --server or RAPPEL_SERVER", err)
	}
	return err
}

func tailNATS(ctx context.Context, o tailOptions, streams []string, since time.Time, show func(tail.Line) error) error {
	nc, err := connectNATS(o.nats, o.credentials, "rappel tail", nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	start := tail.Start{Since: since}
	if !o.all && since.IsZero() {
		if start, err = tail.Now(ctx, js, streams); err != nil {
			return err
		}
	}
	return tail.Follow(ctx, js, streams, start, func(d bus.Delivery) error {
		l, err := tail.Summarize(d)
		if err != nil {
			l = tail.Line{Time: d.Time, Stream: d.Stream, Sequence: d.Sequence, Subject: d.Subject, Summary: tail.Summary{What: "unreadable"}}
		}
		return show(l)
	})
}

// redacted hides the password of an address.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the given address"
	}
	return u.Redacted()
}

// printer prints lines as they come.
func printer(w io.Writer, e env, o tailOptions) func(tail.Line) error {
	_, terminal := e.terminal(w)
	s := style{on: terminal && e.getenv("NO_COLOR") == ""}
	return func(l tail.Line) error {
		var b strings.Builder
		if o.output == "json" {
			if err := json.NewEncoder(&b).Encode(withWords(l, o.verbatims)); err != nil {
				return err
			}
		} else {
			b.WriteString(colour(s, l, clean(strings.ReplaceAll(l.Text(e.zone), "\n", " "))) + "\n")
			for _, v := range l.Verbatims {
				if o.verbatims {
					b.WriteString("              « " + oneLine(v) + " »\n")
				}
			}
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
}

// withWords adds the customers' words for whoever asked, at their own terminal.
func withWords(l tail.Line, verbatims bool) any {
	if !verbatims {
		return l
	}
	return struct {
		tail.Line
		Words []string `json:"verbatimTexts,omitempty"`
	}{l, l.Verbatims}
}

// colour marks what deserves a look.
func colour(s style, l tail.Line, text string) string {
	switch l.Stream {
	case subject.DeadLetters:
		return s.red(text)
	case subject.Alerts, subject.Fallbacks:
		return s.yellow(text)
	case subject.Callbacks:
		return s.cyan(text)
	}
	return text
}
