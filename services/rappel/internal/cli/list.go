package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// pageSize is the API's bound on one page.
const pageSize = 200

// openStates are listed unless others are asked for.
var openStates = []eventsv1.Callback_State{
	eventsv1.Callback_PENDING, eventsv1.Callback_RESERVED, eventsv1.Callback_ASSIGNED, eventsv1.Callback_ATTEMPTING, eventsv1.Callback_WRAPPING,
}

// slaStates are how an SLA may stand.
var slaStates = []choice[eventsv1.SLA_State]{
	{"on-track", eventsv1.SLA_ON_TRACK}, {"at-risk", eventsv1.SLA_AT_RISK}, {"breached", eventsv1.SLA_BREACHED}, {"kept", eventsv1.SLA_KEPT},
}

type listOptions struct {
	states, sla        []string
	queue, agent, page string
	text               string
	limit              int
	older, newer       time.Duration
}

func (d *desk) listCommand() *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use: "list [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := d.listQuery(o)
			if err != nil {
				return err
			}
			return d.list(cmd, o, query)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.states, "state", nil, "")
	f.StringSliceVar(&o.sla, "sla", nil, "")
	f.StringVar(&o.text, "text", "", "")
	f.StringVar(&o.queue, "queue", "", "")
	f.StringVar(&o.agent, "agent", "", "")
	annotate(cmd, "agent", "held-by")
	f.IntVar(&o.limit, "limit", 50, "")
	f.StringVar(&o.page, "page", "", "")
	f.DurationVar(&o.older, "older-than", 0, "")
	f.DurationVar(&o.newer, "newer-than", 0, "")
	return cmd
}

func (d *desk) listQuery(o listOptions) (url.Values, error) {
	if o.limit < 1 || o.limit > 1000 {
		return nil, errors.New(d.w.BadLimit)
	}
	q := url.Values{}
	for _, s := range o.states {
		name := strings.ToUpper(strings.TrimSpace(s))
		if name == "ALL" {
			q.Del("states")
			break
		}
		if v, ok := eventsv1.Callback_State_value[name]; !ok || v == 0 {
			return nil, errors.New(fill(d.w.BadState, s, "pending, reserved, assigned, attempting, wrapping, completed, canceled"))
		}
		q.Add("states", name)
	}
	for _, s := range o.sla {
		state, ok := choose(slaStates, strings.TrimSpace(s))
		if !ok {
			return nil, errors.New(fill(d.w.BadSLA, s, wordsOf(slaStates)))
		}
		q.Add("slaStates", state.String())
	}
	if len(o.states) == 0 && !slices.Contains(q["slaStates"], eventsv1.SLA_KEPT.String()) { // only what is closed is kept
		for _, s := range openStates {
			q.Add("states", s.String())
		}
	}
	for key, age := range map[string]time.Duration{"openedBefore": o.older, "openedFrom": o.newer} {
		if age != 0 {
			q.Set(key, d.now().Add(-age).UTC().Format(time.RFC3339))
		}
	}
	for key, value := range map[string]string{"queue": o.queue, "agentId": o.agent, "pageToken": o.page, "text": o.text} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q, nil
}

// paged is an answer that may go on on another page.
type paged interface {
	proto.Message
	GetNextPageToken() string
}

// gather adds pages of a list to all, until there are as many as the limit, as count says, or
// no more: a page may be short.
func (d *desk) gather(cmd *cobra.Command, path string, query url.Values, limit int, all paged, count func() int) error {
	token := all.ProtoReflect().Descriptor().Fields().ByName("next_page_token")
	for {
		query.Set("pageSize", strconv.Itoa(min(pageSize, limit-count())))
		body, err := d.get(cmd, path, query)
		if err != nil {
			return d.failed(cmd, "", err)
		}
		page := all.ProtoReflect().New().Interface()
		if err := read(body, page); err != nil {
			return err
		}
		all.ProtoReflect().Clear(token)
		proto.Merge(all, page)
		if all.GetNextPageToken() == "" || count() >= limit {
			return nil
		}
		query.Set("pageToken", all.GetNextPageToken())
	}
}

// list gathers pages of callbacks, each as the server wrote it.
func (d *desk) list(cmd *cobra.Command, o listOptions, query url.Values) error {
	var raw []json.RawMessage
	var all []*eventsv1.Callback
	var next string
	for {
		query.Set("pageSize", strconv.Itoa(min(pageSize, o.limit-len(all))))
		body, err := d.get(cmd, "/v1/callbacks", query)
		if err != nil {
			return d.failed(cmd, "", err)
		}
		page := &callbackv1.ListCallbacksResponse{}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, page); err != nil {
			return errors.New("the answer cannot be read: is it a Rappel server?")
		}
		var parts struct {
			Callbacks []json.RawMessage `json:"callbacks"`
		}
		if err := json.Unmarshal(body, &parts); err != nil {
			return err
		}
		raw, all = append(raw, parts.Callbacks...), append(all, page.GetCallbacks()...)
		next = page.GetNextPageToken()
		if next == "" || len(all) >= o.limit {
			break
		}
		query.Set("pageToken", next)
	}
	if d.asJSON() {
		return printList(cmd.OutOrStdout(), raw, next)
	}
	return d.printTable(cmd.OutOrStdout(), o, all, next)
}

func printList(w io.Writer, callbacks []json.RawMessage, next string) error {
	body, err := json.Marshal(struct {
		Callbacks     []json.RawMessage `json:"callbacks,omitempty"`
		NextPageToken string            `json:"nextPageToken,omitempty"`
	}{callbacks, next})
	if err != nil {
		return err
	}
	return printBody(w, body)
}

func (d *desk) printTable(w io.Writer, o listOptions, all []*eventsv1.Callback, next string) error {
	width, terminal := d.terminal(w)
	rows := [][]string{d.w.Columns}
	for _, cb := range all {
		rows = append(rows, d.row(cb))
	}
	var b strings.Builder
	d.rows(&b, callbackTable, rows, d.w.NothingListed, width, terminal)
	if terminal && len(all) > 0 {
		count := d.w.ListedOne
		if len(all) != 1 {
			count = fill(d.w.Listed, len(all))
		}
		b.WriteString("\n" + count + "\n")
	}
	if terminal && next != "" {
		b.WriteString(fill(d.w.OnMore, d.commandLine(nextPage(o, next)...)) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// nextPage repeats the question for the page after.
func nextPage(o listOptions, token string) []string {
	parts := []string{"list"}
	if len(o.states) > 0 {
		parts = append(parts, "--state", shellWord(strings.Join(o.states, ",")))
	}
	if len(o.sla) > 0 {
		parts = append(parts, "--sla", shellWord(strings.Join(o.sla, ",")))
	}
	if o.text != "" {
		parts = append(parts, "--text", shellWord(o.text))
	}
	if o.queue != "" {
		parts = append(parts, "--queue", shellWord(o.queue))
	}
	if o.agent != "" {
		parts = append(parts, "--agent", shellWord(o.agent))
	}
	if o.older != 0 {
		parts = append(parts, "--older-than", o.older.String())
	}
	if o.newer != 0 {
		parts = append(parts, "--newer-than", o.newer.String())
	}
	return append(parts, "--limit", strconv.Itoa(o.limit), "--page", shellWord(token))
}

func (d *desk) row(cb *eventsv1.Callback) []string {
	reasons := make([]string, 0, len(cb.GetReasons()))
	for _, r := range cb.GetReasons() {
		if !r.GetWithdrawn() {
			reasons = append(reasons, d.shortReason(r))
		}
	}
	phone := cb.GetCustomer().GetPhone()
	if phone != "" {
		phone = readable(phone)
	}
	return []string{
		oneLine(cb.GetId()), d.w.States[cb.GetState()], strconv.Itoa(int(cb.GetPriority())), d.age(cb.GetOpenedAt()), d.pressing(cb),
		oneLine(cb.GetCustomer().GetName()), phone, oneLine(cb.GetHolder().GetAgentId()), strings.Join(reasons, "; "),
	}
}

// pressing says that the SLA is at risk or was missed; empty when all is well.
func (d *desk) pressing(cb *eventsv1.Callback) string {
	if s := cb.GetSla().GetState(); s == eventsv1.SLA_AT_RISK || s == eventsv1.SLA_BREACHED {
		return d.w.SLAStates[s]
	}
	return ""
}

// shortReason is a reason as a table has room for it: NPS 1/10 detractor.
func (d *desk) shortReason(r *eventsv1.Reason) string {
	s := r.GetScale()
	if r.GetMetric() == eventsv1.Metric_METRIC_UNSPECIFIED || r.GetMetric() == eventsv1.Metric_FCR || s == nil {
		return d.reason(r)
	}
	return r.GetMetric().String() + " " + d.number(r.GetValue()) + "/" + d.number(s.GetMax()) + " " + d.w.Classes[r.GetClass()]
}

// layout says how a table gives way when a terminal is too narrow.
type layout struct {
	// drop are the columns that go, the first to go first.
	drop []int
	// optional are those that go anyway when nothing is in them.
	optional []int
	// most bounds a column's width.
	most map[int]int
}

// callbackTable lists callbacks: the agent goes before the phone, the phone before
// the customer's name, and what is at risk stays.
var callbackTable = layout{drop: []int{7, 6, 5, 2, 3}, optional: []int{4, 7}, most: map[int]int{5: 24}}

// lastLeast is the room that a long last column needs.
const lastLeast = 16

// rows writes a table at a terminal, or none when there are only headings; for
// another program tabs, and nothing cut.
func (d *desk) rows(b *strings.Builder, l layout, rows [][]string, none string, width int, terminal bool) {
	switch {
	case !terminal:
		for _, r := range rows {
			b.WriteString(strings.Join(r, "\t") + "\n")
		}
	case len(rows) == 1:
		b.WriteString(none + "\n")
	default:
		d.table(b, l, rows, width)
	}
}

// table writes rows, the first of which are the headings.
func (d *desk) table(b *strings.Builder, l layout, rows [][]string, width int) {
	shown := fitting(l, rows, width)
	s := style{on: d.getenv("NO_COLOR") == ""}
	for i, r := range rows {
		var line strings.Builder
		used := 0
		for _, c := range shown {
			if c.at == len(r)-1 { // the last takes what is left
				line.WriteString(cut(r[c.at], max(lastLeast, width-used)))
				continue
			}
			line.WriteString(pad(cut(r[c.at], c.width), c.width) + "  ")
			used += c.width + 2
		}
		text := strings.TrimRight(line.String(), " ")
		if i == 0 {
			text = s.bold(text)
		}
		b.WriteString(text + "\n")
	}
}

type column struct{ at, width int }

// fitting chooses the columns that a terminal has room for.
func fitting(l layout, rows [][]string, width int) []column {
	dropped := map[int]bool{}
	for _, at := range l.optional {
		dropped[at] = allEmpty(rows[1:], at)
	}
	for _, drop := range append(slices.Clone(l.drop), -1) {
		var shown []column
		used, last := 0, -2 // no gap follows the last
		for at := range rows[0] {
			if dropped[at] {
				continue
			}
			most := 0
			for _, r := range rows {
				most = max(most, cells(r[at]))
			}
			if bound, ok := l.most[at]; ok {
				most = min(most, bound)
			}
			shown = append(shown, column{at, most})
			if at < len(rows[0])-1 {
				used += most + 2
			} else {
				last = min(most, lastLeast)
			}
		}
		if used+last <= width || drop < 0 {
			return shown
		}
		dropped[drop] = true
	}
	return nil
}

// allEmpty reports whether nothing is in a column, or nothing was counted.
func allEmpty(rows [][]string, at int) bool {
	for _, r := range rows {
		if r[at] != "" && r[at] != "0" {
			return false
		}
	}
	return true
}
