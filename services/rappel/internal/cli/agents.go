package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	agentv1 "github.com/rappel-loop/rappel/proto/gen/go/api/agent/v1"
	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Agents is `rappel agents` with its commands.
func Agents() *cobra.Command { return agentsCommand(system()) }

func agentsCommand(e env) *cobra.Command {
	d := newDesk(e, "agents")
	d.root.AddCommand(d.listAgentsCommand(), d.showAgentCommand(), d.setAgentsCommand(), d.removeAgentsCommand())
	d.localise()
	return d.root
}

func agentPath(id string) string { return "/v1/agents/" + url.PathEscape(id) }

var errAnswer = errors.New("the answer cannot be read: is it a Rappel server?")

// read reads an answer of the API.
func read(body []byte, m proto.Message) error {
	if (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, m) != nil {
		return errAnswer
	}
	return nil
}

// send makes a call that changes something, and makes it again as others are.
func (d *desk) send(cmd *cobra.Command, method, path string, query url.Values, m proto.Message) ([]byte, error) {
	var body []byte
	if m != nil {
		var err error
		if body, err = protojson.Marshal(m); err != nil {
			return nil, err
		}
	}
	return d.call(cmd.Context(), d.repeating(cmd), func() ([]byte, error) {
		return d.api.Do(cmd.Context(), method, path, query, body)
	})
}

func (d *desk) agentArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	w, _ := language(d.lang, d.getenv)
	return errors.New(fill(w.NeedAgentID, d.program, cmd.Name()))
}

type agentFilter struct {
	team, queue, page string
	limit             int
}

func (d *desk) listAgentsCommand() *cobra.Command {
	var o agentFilter
	cmd := &cobra.Command{
		Use: "list [options]", Args: d.noArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.limit < 1 || o.limit > 1000 {
				return errors.New(d.w.BadLimit)
			}
			return d.listAgents(cmd, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.team, "team", "", "")
	f.StringVar(&o.queue, "queue", "", "")
	annotate(cmd, "queue", "works-in")
	f.IntVar(&o.limit, "limit", 50, "")
	f.StringVar(&o.page, "page", "", "")
	return cmd
}

// listAgents gathers pages until it has what was asked for.
func (d *desk) listAgents(cmd *cobra.Command, o agentFilter) error {
	query := url.Values{}
	for key, value := range map[string]string{"team": o.team, "queue": o.queue, "pageToken": o.page} {
		if value != "" {
			query.Set(key, value)
		}
	}
	all := &agentv1.ListAgentsResponse{}
	if err := d.gather(cmd, "/v1/agents", query, o.limit, all, func() int { return len(all.GetAgents()) }); err != nil {
		return err
	}
	if d.asJSON() {
		return printMessage(cmd.OutOrStdout(), all)
	}
	return d.printAgents(cmd.OutOrStdout(), o, all)
}

func printMessage(w io.Writer, m proto.Message) error {
	body, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	return printBody(w, body)
}

// agentTable lists agents: where they come from goes first, then what they are.
var agentTable = layout{drop: []int{3, 5, 4, 7, 6, 2}, optional: []int{1, 2, 4, 5}, most: map[int]int{0: 32, 8: 32}}

func (d *desk) printAgents(w io.Writer, o agentFilter, all *agentv1.ListAgentsResponse) error {
	width, terminal := d.terminal(w)
	rows := [][]string{d.w.AgentColumns}
	for _, a := range all.GetAgents() {
		rows = append(rows, d.agentRow(a))
	}
	var b strings.Builder
	d.rows(&b, agentTable, rows, d.w.NoAgents, width, terminal)
	if next := all.GetNextPageToken(); next != "" && terminal {
		b.WriteString("\n" + fill(d.w.OnMore, d.commandLine(nextAgents(o, next)...)) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// nextAgents repeats the question for the page after.
func nextAgents(o agentFilter, token string) []string {
	parts := []string{"list"}
	if o.team != "" {
		parts = append(parts, "--team", shellWord(o.team))
	}
	if o.queue != "" {
		parts = append(parts, "--queue", shellWord(o.queue))
	}
	return append(parts, "--limit", strconv.Itoa(o.limit), "--page", shellWord(token))
}

func (d *desk) agentRow(l *agentv1.ListedAgent) []string {
	a := l.GetAgent()
	return []string{
		oneLine(a.GetId()), d.w.Statuses[l.GetPresence().GetStatus()], inHand(l.GetPresence()), d.source(l.GetDeclared()), oneLine(a.GetTeam()), oneLine(a.GetRole()), strconv.Itoa(int(a.GetCapacity())),
		d.orElse(oneLine(strings.Join(a.GetLanguages(), ", ")), d.w.AnyLanguage), d.orElse(queuesOf(a), d.w.Everywhere), skillsOf(a),
	}
}

// inHand is how much of what they take an agent at work has in hand, as 1/2.
func inHand(p *agentv1.Presence) string {
	if p.GetCapacity() == 0 {
		return ""
	}
	return strconv.Itoa(int(p.GetInHand())) + "/" + strconv.Itoa(int(p.GetCapacity()))
}

// presence says where an agent is and what they have in hand, in a line.
func (d *desk) presence(p *agentv1.Presence) string {
	parts := []string{d.w.Statuses[p.GetStatus()]}
	if p.GetCapacity() > 0 {
		parts = append(parts, fill(d.w.InHandOf, p.GetInHand(), p.GetCapacity()))
	}
	if p.GetStatus() == callbackv1.AgentStatus_AVAILABLE && p.GetInHand() == 0 {
		parts = append(parts, fill(d.w.IdleFor, d.age(p.GetIdleSince())))
	}
	return strings.Join(nonEmpty(parts), ", ")
}

func (d *desk) source(declared bool) string {
	if declared {
		return d.w.FromFile
	}
	return d.w.FromAPI
}

func (d *desk) orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// queuesOf lists an agent's queues, each with its preference.
func queuesOf(a *eventsv1.Agent) string {
	list := make([]string, len(a.GetQueues()))
	for i, q := range a.GetQueues() {
		list[i] = oneLine(q.GetQueue()) + " " + strconv.Itoa(int(q.GetPreference()))
	}
	return strings.Join(list, ", ")
}

// skillsOf lists an agent's skills as rules write them.
func skillsOf(a *eventsv1.Agent) string {
	list := make([]string, len(a.GetSkills()))
	for i, s := range a.GetSkills() {
		if list[i] = oneLine(s.GetName()); s.GetLevel() > 1 {
			list[i] += ":" + strconv.Itoa(int(s.GetLevel()))
		}
	}
	return strings.Join(list, ", ")
}

func (d *desk) showAgentCommand() *cobra.Command {
	resp := &agentv1.GetAgentResponse{}
	return d.showByID(d.agentArguments, agentPath, resp, func(w io.Writer) error { return d.printAgent(w, resp) })
}

// showByID shows one thing by its id.
func (d *desk) showByID(known cobra.PositionalArgs, path func(id string) string, resp proto.Message, show func(io.Writer) error) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", SilenceUsage: true, SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := known(cmd, args); err != nil {
				return err
			}
			return d.noArguments(cmd, args[1:])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := d.get(cmd, path(args[0]), nil)
			if err != nil {
				return d.failed(cmd, "", err)
			}
			if d.asJSON() {
				return printBody(cmd.OutOrStdout(), body)
			}
			if err := read(body, resp); err != nil {
				return err
			}
			return show(cmd.OutOrStdout())
		},
	}
}

func (d *desk) printAgent(w io.Writer, resp *agentv1.GetAgentResponse) error {
	_, terminal := d.terminal(w)
	s := style{on: terminal && d.getenv("NO_COLOR") == ""}
	a := resp.GetAgent()
	languages := make([]string, len(a.GetLanguages()))
	for i, l := range a.GetLanguages() {
		languages[i] = d.orElse(d.w.Languages[l], oneLine(l))
	}
	origin := fill(d.w.Revision, resp.GetRevision())
	if resp.GetDeclared() {
		origin = d.w.Declared
	}
	lines := [][2]string{
		{d.w.Status, d.presence(resp.GetPresence())},
		{d.w.Team, oneLine(a.GetTeam())},
		{d.w.Role, oneLine(a.GetRole())},
		{d.w.Capacity, strconv.Itoa(int(a.GetCapacity()))},
		{d.w.WorksIn, d.orElse(queuesOf(a), d.w.Everywhere)},
		{d.w.Speaks, d.orElse(strings.Join(languages, ", "), d.w.AnyLanguage)},
		{d.w.Skills, skillsOf(a)},
		{d.w.TimeZone, oneLine(a.GetZone())},
		{d.w.Origin, origin},
	}
	width := 0
	for _, l := range lines {
		width = max(width, cells(l[0]))
	}
	var b strings.Builder
	b.WriteString(s.bold(oneLine(a.GetId())) + "\n")
	for _, l := range lines {
		if l[1] != "" {
			b.WriteString("  " + s.dim(pad(l[0], width)) + "  " + l[1] + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// agentResult is what came of a change of one agent; it is printed as JSON, too.
type agentResult struct {
	ID       string          `json:"id"`
	Result   string          `json:"result,omitempty"` // CREATED, UPDATED, UNCHANGED or REMOVED
	Revision uint64          `json:"revision,string,omitempty"`
	Error    json.RawMessage `json:"error,omitempty"`

	problems []string // lines for a person
}

func (d *desk) removeAgentsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove ID... [options]", Args: d.agentArguments, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			results := make([]agentResult, 0, len(args))
			for _, id := range args {
				r, err := d.changed(id, "REMOVED", nil, func() ([]byte, error) {
					return d.send(cmd, http.MethodDelete, agentPath(id), d.decided(0), nil)
				})
				if err != nil {
					return d.stopped(cmd, results, err)
				}
				results = append(results, r)
			}
			return d.agentResults(cmd, results)
		},
	}
	cmd.Flags().StringVar(&d.agent, "by", "", "")
	return cmd
}

// decided is the query of a change: who decides it, from which revision.
func (d *desk) decided(revision uint64) url.Values {
	query := url.Values{}
	if d.agent != "" {
		query.Set("by", d.agent)
	}
	if revision != 0 {
		query.Set("revision", strconv.FormatUint(revision, 10))
	}
	return query
}
