package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
	"github.com/rappel-loop/rappel/services/rappel/internal/tail"
)

const rehearseLong = `Run rules over the answers of the past, beside those in force, and say what would have
been: alerts and callbacks a day, who would have been called, and how the queues would go.
Nothing is stored, and nobody is called.

Who works is asked of the callback queue (GET /v1/queues, at --queues or --server): the
agents at their desks now, and their pace in the last hour. --agents and --pace say
otherwise. A queue is taken for one of callbacks that come evenly over --hours a day
(Erlang C), and fallbacks come and go by the backlog that the callbacks make of it;
docs/rules.md says what that leaves out.`

const rehearseExample = `  rappel rules rehearse my-rules.yaml --since 30d
  rappel rules rehearse my-rules.yaml --since 7d --agents 12 --pace 4 --hours 10
  rappel rules rehearse my-rules.yaml --staff vip=3:2 --staff default=9:4 -o json`

// rehearsing is a rehearsal being put together.
type rehearsing struct {
	*rulesDesk
	since, queues   string
	staff           []string
	agents          uint32
	pace, hours     float64
	openFor, target time.Duration
	examples        uint32
	lang            string
	words           *words // as lang says
}

func (d *rulesDesk) rehearse() *cobra.Command {
	r := &rehearsing{rulesDesk: d}
	cmd := &cobra.Command{Use: "rehearse FILE", Short: "Say what rules would have done with the answers of the past", Long: rehearseLong, Example: rehearseExample, RunE: r.run}
	f := cmd.Flags()
	f.StringVar(&r.since, "since", "", "how far back, as 30d or 12h, or a time as 2026-11-09T10:00:00Z (default all that is stored)")
	f.StringVar(&r.queues, "queues", "", "the callback queue's address (default the server's)")
	f.Uint32Var(&r.agents, "agents", 0, "agents in each queue (default those at their desks now)")
	f.Float64Var(&r.pace, "pace", 0, "callbacks that an agent finishes an hour (default that of the last hour)")
	f.StringArrayVar(&r.staff, "staff", nil, "agents and pace of one queue, as vip=3:2.5; may be repeated")
	f.Float64Var(&r.hours, "hours", 8, "hours a day that they work, 1 to 24")
	f.DurationVar(&r.openFor, "open-for", 24*time.Hour, "how long a callback is open: as long, a further alert adds a reason to it")
	f.DurationVar(&r.target, "target", 0, "how soon somebody should have tried (default what the queue's rules ask for)")
	f.Uint32Var(&r.examples, "examples", 5, "how many customers to name of each kind, by their keys, up to 100")
	f.StringVar(&r.lang, "lang", "", "the report's language, fr or en (default RAPPEL_LANG, else that of the machine)")
	return cmd
}

func (r *rehearsing) run(cmd *cobra.Command, args []string) error {
	var known bool
	if r.words, known = language(r.lang, r.getenv); !known {
		return fmt.Errorf("--lang: must be fr or en, not %q", r.lang)
	}
	text, err := rulesText(cmd, args)
	if err != nil {
		return err
	}
	req := &alertingv1.RehearseRulesRequest{Text: text, Examples: &r.examples}
	if r.since != "" {
		since, err := parseAgo(r.since, r.now())
		if err != nil {
			return fmt.Errorf("--since: %w", err)
		}
		req.Since = timestamppb.New(since)
	}
	checked, _, err := r.check(cmd, text)
	if err != nil {
		return err
	}
	if wrong := wrongRules(args[0], checked); wrong != nil {
		_ = printFaults(cmd.ErrOrStderr(), args[0], checked) // the error says it, too
		return wrong
	}
	if req.Staffing, err = r.staffing(cmd.Context()); err != nil {
		return err
	}
	ctx, stop := interruptible(cmd)
	defer stop()
	report, err := r.follow(ctx, cmd.ErrOrStderr(), req)
	if err != nil {
		return err
	}
	if r.output == "json" {
		body, err := protojson.Marshal(report)
		if err != nil {
			return err
		}
		return printBody(cmd.OutOrStdout(), body)
	}
	return r.print(cmd.OutOrStdout(), report)
}

// follow makes the rehearsal, shows how far it is, and returns the report.
func (r *rehearsing) follow(ctx context.Context, progress io.Writer, req *alertingv1.RehearseRulesRequest) (*alertingv1.RehearsalReport, error) {
	body, err := protojson.Marshal(req)
	if err != nil {
		return nil, err
	}
	client := *r.client
	client.Timeout = 0 // it goes on for as long as it takes
	api, err := httpapi.New(r.server, &client)
	if err != nil {
		return nil, err
	}
	resp, err := api.StreamOf(ctx, "/v1/rules:rehearse", body)
	if err != nil {
		return nil, linkError(inStream(err), "")
	}
	defer resp.Body.Close()
	w := reportWordsOf(r.words)
	bar := newBar(progress, r.env, w.AnswersASecond, w.Left)
	defer bar.end()
	for lines := json.NewDecoder(resp.Body); ; {
		var line struct{ Result, Error json.RawMessage }
		if err := lines.Decode(&line); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, errors.New("the answer was cut off; nothing was changed, and the same again is safe")
		}
		if line.Error != nil {
			return nil, httpapi.InStream(line.Error)
		}
		p := &alertingv1.RehearseRulesResponse{}
		if err := read(line.Result, p); err != nil {
			return nil, err
		}
		bar.update(p.GetRead(), p.GetToRead())
		if p.GetReport() != nil {
			return p.GetReport(), nil
		}
	}
}

// inStream is the refusal of a stream that did not begin, which is wrapped as those are that
// end one.
func inStream(err error) error {
	var refused *httpapi.StatusError
	var body struct{ Error json.RawMessage }
	if errors.As(err, &refused) && json.Unmarshal(refused.Body, &body) == nil && body.Error != nil {
		inner := httpapi.InStream(body.Error)
		inner.HTTP = refused.HTTP
		return inner
	}
	return err
}

// parseAgo is tail.ParseSince that knows days.
func parseAgo(s string, now time.Time) (time.Time, error) {
	if days, err := strconv.ParseUint(strings.TrimSuffix(s, "d"), 10, 16); err == nil && strings.HasSuffix(s, "d") {
		return now.AddDate(0, 0, -int(days)), nil //nolint:gosec // 16 bits
	}
	t, err := tail.ParseSince(s, now)
	if err != nil {
		return t, errors.New("must be how long ago, as 30d or 12h, or a time as 2026-11-09T10:00:00Z")
	}
	return t, nil
}
