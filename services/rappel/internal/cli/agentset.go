package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"

	agentv1 "github.com/rappel-loop/rappel/proto/gen/go/api/agent/v1"
	"github.com/rappel-loop/rappel/services/internal/agentfile"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

func (d *desk) setAgentsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "set FILE [options]", SilenceUsage: true, SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				w, _ := language(d.lang, d.getenv)
				return errors.New(fill(w.NeedAgentFile, d.program))
			}
			return d.noArguments(cmd, args[1:])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			entries, err := agentfile.Load(args[0], text, nil) // the server knows the rest
			if err != nil {
				return err
			}
			return d.setAgents(cmd, entries)
		},
	}
	cmd.Flags().StringVar(&d.agent, "by", "", "")
	return cmd
}

func (d *desk) setAgents(cmd *cobra.Command, entries []agentfile.Entry) error {
	results := make([]agentResult, 0, len(entries))
	for _, e := range entries {
		r, err := d.setAgent(cmd, e)
		if err != nil {
			return d.stopped(cmd, results, err)
		}
		results = append(results, r)
	}
	return d.agentResults(cmd, results)
}

// setAgent adds the agent, or changes what is there: from the revision that was
// seen, so that nobody else's change is lost in between.
func (d *desk) setAgent(cmd *cobra.Command, e agentfile.Entry) (agentResult, error) {
	id := e.Agent.GetId()
	now, err := d.agentNow(cmd, id)
	if err != nil {
		return d.refused(id, err, e.Where)
	}
	method, path, result := http.MethodPut, agentPath(id), "UPDATED"
	if now == nil {
		method, path, result = http.MethodPost, "/v1/agents", "CREATED"
	}
	r, err := d.changed(id, result, e.Where, func() ([]byte, error) {
		return d.send(cmd, method, path, d.decided(now.GetRevision()), e.Agent)
	})
	if err == nil && now != nil && r.Revision == now.GetRevision() && r.Error == nil {
		r.Result = "UNCHANGED"
	}
	return r, err
}

// agentNow is the agent as they are, nil when there is none.
func (d *desk) agentNow(cmd *cobra.Command, id string) (*agentv1.GetAgentResponse, error) {
	if id == "" { // the server says what is wrong with it
		return nil, nil
	}
	body, err := d.get(cmd, agentPath(id), nil)
	var status *httpapi.StatusError
	if errors.As(err, &status) && status.Code == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	resp := &agentv1.GetAgentResponse{}
	return resp, read(body, resp)
}

// changed makes a change and says what came of it. Its error ends the command: the
// server does not answer.
func (d *desk) changed(id, result string, where func(path string) string, do func() ([]byte, error)) (agentResult, error) {
	body, err := do()
	if err != nil {
		return d.refused(id, err, where)
	}
	resp := &agentv1.UpdateAgentResponse{} // they all have the same form
	if err := read(body, resp); err != nil {
		return agentResult{}, err
	}
	return agentResult{ID: id, Result: result, Revision: resp.GetRevision()}, nil
}

// refused is the result when the server refuses; each wrong field is named with
// its place in the file, when there is one.
func (d *desk) refused(id string, err error, where func(path string) string) (agentResult, error) {
	var status *httpapi.StatusError
	if !errors.As(err, &status) || again(err) {
		return agentResult{}, err
	}
	r := agentResult{ID: id, Error: status.Body, problems: []string{d.refusal(status)}}
	if !json.Valid(status.Body) {
		r.Error, _ = json.Marshal(status.Error()) // a string: it can't fail
	}
	for _, f := range status.Fields {
		line := oneLine(f.Field) + ": " + oneLine(f.Description)
		if where != nil {
			line = where(f.Field) + ": " + line
		}
		r.problems = append(r.problems, line)
	}
	return r, nil
}

// stopped prints what was done before an error, and returns it.
func (d *desk) stopped(cmd *cobra.Command, results []agentResult, err error) error {
	if len(results) > 0 && !d.asJSON() {
		if perr := d.printAgentResults(cmd.OutOrStdout(), results); perr != nil {
			return perr
		}
	}
	return d.failed(cmd, "", err)
}

// agentResults prints what came of each. Its error says that it did not work for
// all.
func (d *desk) agentResults(cmd *cobra.Command, results []agentResult) error {
	if err := d.printAgentResults(cmd.OutOrStdout(), results); err != nil {
		return err
	}
	failed := 0
	for _, r := range results {
		if r.Error != nil {
			failed++
		}
	}
	if failed > 0 {
		return errors.New(fill(d.w.AgentsFailed, failed, len(results)))
	}
	return nil
}

func (d *desk) printAgentResults(w io.Writer, results []agentResult) error {
	if d.asJSON() {
		body, err := json.Marshal(map[string][]agentResult{"results": results})
		if err != nil {
			return err
		}
		return printBody(w, body)
	}
	_, terminal := d.terminal(w)
	s := style{on: terminal && d.getenv("NO_COLOR") == ""}
	var b strings.Builder
	if len(results) == 0 {
		b.WriteString(d.w.NoAgents + "\n")
	}
	width := 0
	for _, r := range results {
		width = max(width, cells(oneLine(r.ID)))
	}
	for _, r := range results {
		id := pad(oneLine(r.ID), width)
		if r.Error == nil {
			b.WriteString(id + "  " + s.green(d.w.AgentResults[r.Result]) + "\n")
			continue
		}
		b.WriteString(id + "  " + s.red(r.problems[0]) + "\n")
		for _, line := range r.problems[1:] {
			b.WriteString("  " + line + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
