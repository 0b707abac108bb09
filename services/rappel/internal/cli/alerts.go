package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// Alerts is `rappel alerts` with its commands.
func Alerts() *cobra.Command { return alertsCommand(system()) }

func alertsCommand(e env) *cobra.Command {
	d := newDesk(e, "alerts")
	d.root.AddCommand(d.listAlertsCommand(), d.showAlertCommand(), d.acknowledgeCommand(), d.unacknowledgeCommand(), d.resolveAlertCommand(), d.groupsCommand())
	d.localise()
	return d.root
}

func alertPath(id string) string { return "/v1/alerts/" + url.PathEscape(id) }

func (d *desk) alertArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	w, _ := language(d.lang, d.getenv)
	return errors.New(fill(alertWordsOf(w).NeedID, d.program, cmd.Name()))
}

type alertFilter struct {
	states, severities, matchers []string
	group, customer, page        string
	limit                        int
}

func (d *desk) listAlertsCommand() *cobra.Command {
	var o alertFilter
	cmd := &cobra.Command{
		Use: "list [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := d.alertQuery(o)
			if err != nil {
				return err
			}
			return d.listAlerts(cmd, o, query)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.states, "state", nil, "")
	annotate(cmd, "state", "alert-state")
	f.StringSliceVar(&o.severities, "severity", nil, "")
	f.StringArrayVar(&o.matchers, "match", nil, "")
	f.StringVar(&o.group, "group", "", "")
	f.StringVar(&o.customer, "customer", "", "")
	f.IntVar(&o.limit, "limit", 50, "")
	f.StringVar(&o.page, "page", "", "")
	return cmd
}

func (d *desk) alertQuery(o alertFilter) (url.Values, error) {
	w := alertWordsOf(d.w)
	if o.limit < 1 || o.limit > 1000 {
		return nil, errors.New(d.w.BadLimit)
	}
	q := url.Values{"matchers": o.matchers}
	for _, s := range o.states {
		name := strings.ToUpper(strings.TrimSpace(s))
		if name == "ALL" {
			q["states"] = []string{"FIRING", "ACKNOWLEDGED", "RESOLVED"}
			break
		}
		if v, ok := eventsv1.AlertState_State_value[name]; !ok || v == 0 {
			return nil, errors.New(fill(w.BadState, s))
		}
		q.Add("states", name)
	}
	for _, s := range o.severities {
		name := strings.ToUpper(strings.TrimSpace(s))
		if v, ok := eventsv1.Severity_value[name]; !ok || v == 0 {
			return nil, errors.New(fill(w.BadSeverity, s))
		}
		q.Add("severities", name)
	}
	for key, value := range map[string]string{"group": o.group, "customerKey": o.customer, "pageToken": o.page} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q, nil
}

// listAlerts gathers pages until it has what was asked for.
func (d *desk) listAlerts(cmd *cobra.Command, o alertFilter, query url.Values) error {
	all := &alertingv1.ListAlertsResponse{}
	if err := d.gather(cmd, "/v1/alerts", query, o.limit, all, func() int { return len(all.GetAlerts()) }); err != nil {
		return err
	}
	if d.asJSON() {
		return printMessage(cmd.OutOrStdout(), all)
	}
	return d.printAlerts(cmd.OutOrStdout(), o, all)
}

// alertTable lists alerts: the customer goes first, then who looks after it, and what it is
// about stays.
var alertTable = layout{drop: []int{5, 6, 3, 4}, optional: []int{5, 6}, most: map[int]int{4: 24, 6: 16}}

func (d *desk) printAlerts(w io.Writer, o alertFilter, all *alertingv1.ListAlertsResponse) error {
	width, terminal := d.terminal(w)
	rows := [][]string{alertWordsOf(d.w).Columns}
	for _, a := range all.GetAlerts() {
		rows = append(rows, d.alertRow(a))
	}
	var b strings.Builder
	d.rows(&b, alertTable, rows, alertWordsOf(d.w).None, width, terminal)
	if next := all.GetNextPageToken(); next != "" && terminal {
		b.WriteString("\n" + fill(d.w.OnMore, d.commandLine(nextAlerts(o, next)...)) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// nextAlerts repeats the question for the page after.
func nextAlerts(o alertFilter, token string) []string {
	parts := []string{"list"}
	add := func(flag, value string) {
		if value != "" {
			parts = append(parts, flag, shellWord(value))
		}
	}
	add("--state", strings.Join(o.states, ","))
	add("--severity", strings.Join(o.severities, ","))
	for _, m := range o.matchers {
		add("--match", m)
	}
	add("--group", o.group)
	add("--customer", o.customer)
	return append(parts, "--limit", strconv.Itoa(o.limit), "--page", shellWord(token))
}

func (d *desk) alertRow(l *alertingv1.Alert) []string {
	w, a := alertWordsOf(d.w), l.GetAlert()
	state := w.States[a.GetState()]
	if len(l.GetHeldBack()) > 0 {
		state += ", " + w.NotTold
	}
	who := a.GetAcknowledgement().GetBy()
	if who == "" {
		who = a.GetResolvedBy()
	}
	since := ""
	if a.GetRaisedAt() != nil {
		since = d.age(a.GetRaisedAt())
	}
	return []string{
		oneLine(a.GetId()), w.Severities[a.GetSeverity()], state, since, oneLine(a.GetRule()), oneLine(a.GetCustomerKey()), oneLine(who), d.alertAbout(a),
	}
}

// alertAbout says in a line what an alert is about: the answer or the figure, the theme, and
// the survey.
func (d *desk) alertAbout(a *eventsv1.AlertState) string {
	var parts []string
	if c := a.GetAnswer(); c != nil {
		class := d.w.Classes[eventsv1.Class(eventsv1.Class_value[c.GetClass()])]
		parts = append(parts, strings.TrimSpace(c.GetMetric().String()+" "+d.number(c.GetValue())+" "+class))
	}
	if m := a.GetMovement(); m != nil {
		parts = append(parts, oneLine(m.GetMeasure())+" "+figure(m.GetFigure(), d.w.Decimal)+" ("+fill(alertWordsOf(d.w).Compared, figure(m.GetReference(), d.w.Decimal))+")")
	}
	return strings.Join(nonEmpty(append(parts, oneLine(a.GetLabels()["theme"]), oneLine(a.GetSurvey()))), ", ")
}

// figure is a metric's, to a tenth.
func figure(v float64, decimal string) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', 1, 64), ".", decimal, 1)
}

// acting is a command that changes alerts.
type acting struct {
	comment string
	hold    time.Duration
}

func (d *desk) acknowledgeCommand() *cobra.Command {
	var o acting
	cmd := d.alertAction("ack", "acknowledge", func() proto.Message {
		r := &alertingv1.AcknowledgeAlertRequest{By: d.agent, Comment: o.comment}
		if o.hold != 0 {
			r.HoldFor = durationpb.New(o.hold)
		}
		return r
	})
	cmd.Flags().StringVar(&o.comment, "comment", "", "")
	cmd.Flags().DurationVar(&o.hold, "for", 0, "")
	return cmd
}

func (d *desk) unacknowledgeCommand() *cobra.Command {
	return d.alertAction("unack", "unacknowledge", func() proto.Message { return &alertingv1.UnacknowledgeAlertRequest{By: d.agent} })
}

func (d *desk) resolveAlertCommand() *cobra.Command {
	var o acting
	cmd := d.alertAction("resolve", "resolve", func() proto.Message {
		return &alertingv1.ResolveAlertRequest{By: d.agent, Comment: o.comment}
	})
	cmd.Flags().StringVar(&o.comment, "comment", "", "")
	return cmd
}

// alertResult is what came of a command for one alert; it is printed as JSON, too.
type alertResult struct {
	ID    string          `json:"id"`
	Alert json.RawMessage `json:"alert,omitempty"`
	Error json.RawMessage `json:"error,omitempty"`
	// Delivery is that of a command about deliveries.
	Delivery json.RawMessage `json:"delivery,omitempty"`

	line     string
	problems []string
}

// alertAction is a command that changes alerts, each for itself; verb is the API's.
func (d *desk) alertAction(name, verb string, request func() proto.Message) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " ID... [options]", Args: d.alertArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.agent == "" {
				return errors.New(alertWordsOf(d.w).NeedBy)
			}
			var all []alertResult
			for _, id := range args {
				r, err := d.actOn(cmd, id, verb, request())
				if err != nil {
					if len(all) > 0 && !d.asJSON() {
						if perr := d.printAlertResults(cmd.OutOrStdout(), all); perr != nil {
							return perr
						}
					}
					return d.failed(cmd, "", err)
				}
				all = append(all, r)
			}
			return d.alertResults(cmd, all)
		},
	}
	cmd.Flags().StringVar(&d.agent, "by", "", "")
	return cmd
}

// actOn changes one alert. An error is one that ends the command: the server is away.
func (d *desk) actOn(cmd *cobra.Command, id, verb string, request proto.Message) (alertResult, error) {
	body, err := d.send(cmd, http.MethodPost, alertPath(id)+":"+verb, nil, request)
	var status *httpapi.StatusError
	if errors.As(err, &status) && !again(err) {
		r := alertResult{ID: id, Error: status.Body, problems: []string{d.refusal(status)}}
		if !json.Valid(status.Body) {
			r.Error, _ = json.Marshal(status.Error()) // a string: it can't fail
		}
		for _, f := range status.Fields {
			r.problems = append(r.problems, oneLine(f.Field)+": "+oneLine(f.Description))
		}
		return r, nil
	}
	if err != nil {
		return alertResult{}, err
	}
	resp := &alertingv1.ResolveAlertResponse{} // they all have the same form
	if err := read(body, resp); err != nil {
		return alertResult{}, err
	}
	alert, err := protojson.Marshal(resp.GetAlert())
	return alertResult{ID: id, Alert: alert, line: d.standing(resp.GetAlert())}, err
}

// alertResults prints what came of each. Its error says that it did not work for all.
func (d *desk) alertResults(cmd *cobra.Command, all []alertResult) error {
	if d.asJSON() {
		body, err := json.Marshal(map[string][]alertResult{"results": all})
		if err != nil {
			return err
		}
		if err := printBody(cmd.OutOrStdout(), body); err != nil {
			return err
		}
	} else if err := d.printAlertResults(cmd.OutOrStdout(), all); err != nil {
		return err
	}
	failed := 0
	for _, r := range all {
		if r.Error != nil {
			failed++
		}
	}
	if failed > 0 {
		return errors.New(fill(alertWordsOf(d.w).Failed, failed, len(all)))
	}
	return nil
}

func (d *desk) printAlertResults(w io.Writer, all []alertResult) error {
	_, terminal := d.terminal(w)
	s := style{on: terminal && d.getenv("NO_COLOR") == ""}
	var b strings.Builder
	for _, r := range all {
		if r.Error == nil {
			b.WriteString(oneLine(r.ID) + "  " + s.green(r.line) + "\n")
			continue
		}
		b.WriteString(oneLine(r.ID) + "  " + s.red(r.problems[0]) + "\n")
		for _, line := range r.problems[1:] {
			b.WriteString("  " + line + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
