package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

type deliveryFilter struct {
	receiver, group, page string
	states                []string
	limit                 int
}

func (d *desk) deliveriesCommand() *cobra.Command {
	var o deliveryFilter
	cmd := &cobra.Command{
		Use: "deliveries [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.listDeliveries(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.receiver, "receiver", "", "")
	annotate(cmd, "receiver", "notify-receiver")
	f.StringSliceVar(&o.states, "state", nil, "")
	annotate(cmd, "state", "delivery-state")
	f.StringVar(&o.group, "group", "", "")
	f.IntVar(&o.limit, "limit", 50, "")
	f.StringVar(&o.page, "page", "", "")
	return cmd
}

func (d *desk) deliveryQuery(o deliveryFilter) (url.Values, error) {
	if o.limit < 1 || o.limit > 1000 {
		return nil, errors.New(d.w.BadLimit)
	}
	q := url.Values{}
	for _, s := range o.states {
		name := strings.ToUpper(strings.TrimSpace(s))
		if v, ok := eventsv1.Delivery_State_value[name]; !ok || v == 0 {
			return nil, errors.New(fill(notifyWordsOf(d.w).BadState, oneLine(s)))
		}
		q.Add("states", name)
	}
	for key, value := range map[string]string{"receiver": o.receiver, "group": o.group, "pageToken": o.page} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q, nil
}

// listDeliveries gathers pages until it has what was asked for.
func (d *desk) listDeliveries(cmd *cobra.Command, o deliveryFilter) error {
	query, err := d.deliveryQuery(o)
	if err != nil {
		return err
	}
	all := &alertingv1.ListDeliveriesResponse{}
	if err := d.gather(cmd, "/v1/deliveries", query, o.limit, all, func() int { return len(all.GetDeliveries()) }); err != nil {
		return err
	}
	if d.asJSON() {
		return printMessage(cmd.OutOrStdout(), all)
	}
	return d.printDeliveries(cmd.OutOrStdout(), o, all)
}

// deliveryTable lists deliveries: what was last said takes what is left.
var deliveryTable = layout{drop: []int{5, 3, 4}}

func (d *desk) printDeliveries(out io.Writer, o deliveryFilter, all *alertingv1.ListDeliveriesResponse) error {
	w := notifyWordsOf(d.w)
	width, terminal := d.terminal(out)
	rows := [][]string{w.DeliveryColumns}
	for _, m := range all.GetDeliveries() {
		last := ""
		if n := len(m.GetAttempts()); n > 0 {
			last = d.attempt(m.GetAttempts()[n-1])
		}
		rows = append(rows, []string{
			oneLine(m.GetId()), oneLine(m.GetReceiver()), w.States[m.GetState()], w.Kinds[m.GetNotification().GetKind()], d.age(m.GetCreatedAt()),
			strconv.Itoa(int(m.GetTries())), last,
		})
	}
	var b strings.Builder
	d.rows(&b, deliveryTable, rows, w.NoDeliveries, width, terminal)
	if next := all.GetNextPageToken(); next != "" && terminal {
		parts := []string{"deliveries"}
		for _, f := range [][2]string{{"--receiver", o.receiver}, {"--state", strings.Join(o.states, ",")}, {"--group", o.group}} {
			if f[1] != "" {
				parts = append(parts, f[0], shellWord(f[1]))
			}
		}
		parts = append(parts, "--limit", strconv.Itoa(o.limit), "--page", shellWord(next))
		b.WriteString("\n" + fill(d.w.OnMore, d.commandLine(parts...)) + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// attempt is one try in a line.
func (d *desk) attempt(a *eventsv1.DeliveryAttempt) string {
	w := notifyWordsOf(d.w)
	var parts []string
	problem := d.problem(a)
	if a.GetStatus() != 0 && !strings.Contains(problem, strconv.FormatUint(uint64(a.GetStatus()), 10)) {
		parts = append(parts, fill(w.Status, a.GetStatus()))
	}
	if problem != "" {
		parts = append(parts, problem)
	}
	if a.GetTookMs() > 0 {
		parts = append(parts, fill(w.Took, a.GetTookMs()))
	}
	return strings.Join(parts, ", ")
}

func (d *desk) showDeliveryCommand() *cobra.Command {
	resp := &alertingv1.GetDeliveryResponse{}
	return d.showByID(d.oneNotifyArgument(needDelivery), deliveryPath, resp, func(w io.Writer) error { return d.printDelivery(w, resp.GetDelivery()) })
}

func (d *desk) printDelivery(out io.Writer, m *eventsv1.Delivery) error {
	_, terminal := d.terminal(out)
	s := style{on: terminal && d.getenv("NO_COLOR") == ""}
	w, n := notifyWordsOf(d.w), m.GetNotification()
	to := oneLine(m.GetReceiver()) + " (" + oneLine(m.GetKind()) + ")"
	if m.GetCustomerSequence() > 0 {
		to += ", " + w.Customer
	}
	what := w.Kinds[n.GetKind()]
	if firing, over := len(n.GetFiring())+int(n.GetMoreFiring()), len(n.GetResolved())+int(n.GetMoreResolved()); firing+over > 0 {
		what += ", " + fill(w.Alerts, firing, over)
	}
	lines := [][2]string{{w.State, w.States[m.GetState()]}, {w.Receiver, to}, {w.Told, what}, {w.Group, oneLine(n.GetGroup())}, {w.Created, d.date(m.GetCreatedAt())}}
	if m.GetNextAt() != nil {
		lines = append(lines, [2]string{w.Next, d.date(m.GetNextAt())})
	}
	if m.GetReplays() > 0 {
		lines = append(lines, [2]string{w.Replay, strconv.Itoa(int(m.GetReplays())) + " × " + fill(w.By, oneLine(m.GetReplayedBy()))})
	}
	width := 0
	for _, l := range lines {
		width = max(width, cells(l[0]))
	}
	var b strings.Builder
	b.WriteString(s.bold(oneLine(m.GetId())) + "\n")
	for _, l := range lines {
		if l[1] != "" {
			b.WriteString("  " + s.dim(pad(l[0], width)) + "  " + l[1] + "\n")
		}
	}
	b.WriteString("\n" + s.bold(w.Tries+" ("+strconv.Itoa(int(m.GetTries()))+")") + "\n")
	for _, a := range m.GetAttempts() {
		b.WriteString("  " + s.dim(d.date(a.GetAt())) + "  " + d.attempt(a) + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// replayEach orders deliveries again, each for itself.
func (d *desk) replayEach(cmd *cobra.Command, ids []string) error {
	var all []alertResult
	failed := 0
	for _, id := range ids {
		body, err := d.post(cmd, deliveryPath(id)+":replay", &alertingv1.ReplayDeliveryRequest{By: d.agent})
		var status *httpapi.StatusError
		if errors.As(err, &status) && !again(err) {
			failed++
			r := alertResult{ID: id, Error: status.Body, problems: []string{d.refusal(status)}}
			if !json.Valid(status.Body) {
				r.Error, _ = json.Marshal(status.Error()) // a string: it can't fail
			}
			all = append(all, r)
			continue
		}
		if err != nil {
			return d.failed(cmd, "", err)
		}
		resp := &alertingv1.ReplayDeliveryResponse{}
		if err := read(body, resp); err != nil {
			return err
		}
		raw, err := protojson.Marshal(resp.GetDelivery())
		if err != nil {
			return err
		}
		all = append(all, alertResult{ID: id, Delivery: raw, line: fill(notifyWordsOf(d.w).Again, oneLine(resp.GetDelivery().GetReceiver()))})
	}
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
	if failed > 0 {
		return errors.New(fill(notifyWordsOf(d.w).Failed, failed, len(ids)))
	}
	return nil
}
