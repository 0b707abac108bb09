package cli

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

// routingTable lists agents: since when they are idle goes first.
var routingTable = layout{drop: []int{2}, optional: []int{2}, most: map[int]int{0: 32}}

func (d *desk) routingCommand() *cobra.Command {
	return &cobra.Command{
		Use: "routing ID", Args: d.idArgument, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := d.get(cmd, pathOf(args[0])+"/routing", nil)
			if err != nil {
				return d.failed(cmd, args[0], err)
			}
			if d.asJSON() {
				return printBody(cmd.OutOrStdout(), body)
			}
			resp := &callbackv1.ExplainRoutingResponse{}
			if err := read(body, resp); err != nil {
				return err
			}
			return d.printRouting(cmd.OutOrStdout(), args[0], resp)
		},
	}
}

// printRouting says what a callback asks for, and what stands against each agent.
func (d *desk) printRouting(w io.Writer, id string, resp *callbackv1.ExplainRoutingResponse) error {
	width, terminal := d.terminal(w)
	rows := [][]string{d.w.RoutingColumns}
	for i, a := range resp.GetAgents() {
		rows = append(rows, d.routingRow(a, i == 0))
	}
	c := &card{desk: d, style: style{on: d.getenv("NO_COLOR") == ""}, width: width}
	if terminal {
		c.line(c.style.bold(d.w.Callback + " " + oneLine(id)))
		c.asks(resp)
		c.line("")
	}
	d.rows(&c.b, routingTable, rows, d.w.NoAgents, width, terminal)
	_, err := io.WriteString(w, c.b.String())
	return err
}

// asks says what the callback asks of who takes it.
func (c *card) asks(resp *callbackv1.ExplainRoutingResponse) {
	c.field(c.w.Queue, oneLine(resp.GetQueue()))
	language := oneLine(resp.GetLanguage())
	c.field(c.w.Language, c.orElse(c.orElse(c.w.Languages[language], language), c.w.AnyLanguage))
	c.field(c.w.Skills, oneLine(strings.Join(resp.GetSkills(), ", ")))
	if p := resp.GetPreferred(); p != nil {
		c.field(c.w.KeptFor, fill(c.w.KeptUntil, oneLine(p.GetAgentId()), c.date(p.GetUntil())))
	}
	if at := resp.GetCallableAt(); at != nil {
		c.field(c.w.CallableFrom, fill(c.w.CallableAt, c.date(at)))
	}
}

// routingRow is an agent and what stands against them; first is who is at the top.
func (d *desk) routingRow(a *callbackv1.ExplainRoutingResponse_Candidate, first bool) []string {
	against := make([]string, 0, len(a.GetObstacles()))
	for _, o := range a.GetObstacles() {
		text := d.orElse(d.w.Obstacles[o], o.String())
		if o == callbackv1.ExplainRoutingResponse_Candidate_SKILL && len(a.GetMissingSkills()) > 0 {
			text += " " + oneLine(strings.Join(a.GetMissingSkills(), ", "))
		}
		against = append(against, text)
	}
	verdict := strings.Join(against, "; ")
	switch {
	case verdict != "":
	case first:
		verdict = d.w.OfferedFirst
	default:
		verdict = d.w.OfferedAfter
	}
	idle := ""
	if a.GetIdleSince() != nil && a.GetStatus() == callbackv1.AgentStatus_AVAILABLE {
		idle = d.age(a.GetIdleSince())
	}
	return []string{oneLine(a.GetAgentId()), d.w.Statuses[a.GetStatus()], idle, verdict}
}
