package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// commandLine is a command that can be pasted. It names the agent and the
// server unless the environment does.
func (d *desk) commandLine(parts ...string) string {
	line := []string{d.program, d.group}
	line = append(line, parts...)
	if d.agent != d.getenv("RAPPEL_AGENT") && parts[0] != "show" && parts[0] != "list" {
		line = append(line, "--agent", shellWord(d.agent))
	}
	if d.server != d.getenv("RAPPEL_SERVER") {
		line = append(line, "--server", shellWord(d.server))
	}
	return strings.Join(line, " ")
}

func (d *desk) completeLine(id string) string {
	return d.commandLine("complete", shellWord(id), "--outcome", "resolved",
		"--root-cause", shellWord(d.w.SampleCause), "--note", shellWord(d.w.SampleNote))
}

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+=,"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	if !strings.ContainsAny(s, "\"$`\\!") {
		return `"` + clean(s) + `"`
	}
	return "'" + strings.ReplaceAll(clean(s), "'", `'\''`) + "'"
}

// next proposes the commands that make sense now.
func (c *card) next(cmd *cobra.Command, cb *eventsv1.Callback) {
	d, w := c.desk, c.w
	id := shellWord(cb.GetId())
	if d.agent == "" && cb.GetHolder() != nil {
		// Who looks at somebody's callback is shown that person's commands.
		d.agent = cb.GetHolder().GetAgentId()
	}
	if d.agent == "" {
		if d.agent = d.getenv("RAPPEL_AGENT"); d.agent == "" {
			d.agent = "amina"
		}
	}
	var todo [][2]string
	switch cb.GetState() {
	case eventsv1.Callback_PENDING, eventsv1.Callback_RESERVED:
		todo = [][2]string{{w.NextClaim, d.commandLine("claim")}}
		if cmd.Name() == "end" || cmd.Name() == "release" {
			todo[0][0] = w.NextOther
		}
	case eventsv1.Callback_ASSIGNED:
		todo = [][2]string{{w.NextStart, d.commandLine("start", id)}, {w.NextRelease, d.commandLine("release", id)}}
	case eventsv1.Callback_ATTEMPTING:
		todo = [][2]string{
			{w.NextEnd, d.commandLine("end", id, "--outcome", "reached")},
			{w.NextNoAnswer, d.commandLine("end", id, "--outcome", "no-answer")},
		}
	case eventsv1.Callback_WRAPPING:
		todo = [][2]string{{w.NextComplete, d.completeLine(cb.GetId())}}
	default:
		todo = [][2]string{{w.NextOther, d.commandLine("claim")}}
	}
	if supervising[cmd.Name()] {
		todo = [][2]string{{w.NextShow, d.commandLine("show", id)}}
	}
	if cmd.Name() == "show" || cmd.Name() == "claim" {
		c.line("")
		c.line(c.style.bold(w.Next))
	}
	for _, t := range todo {
		c.line("  " + t[0])
		c.line("    " + c.style.cyan(t[1]))
	}
}

// failed says in the agent's language what went wrong and what to do next.
func (d *desk) failed(cmd *cobra.Command, id string, err error) error {
	var away *httpapi.Unreachable
	if errors.As(err, &away) {
		return &exitError{1, errors.New(fill(d.w.Unreachable, away.Server, d.program))}
	}
	var status *httpapi.StatusError
	if !errors.As(err, &status) {
		return err
	}
	if d.asJSON() && len(status.Body) > 0 {
		if perr := printBody(cmd.OutOrStdout(), status.Body); perr != nil {
			return perr
		}
	}
	lines := []string{d.refusal(status)}
	for _, f := range status.Fields {
		lines = append(lines, "  "+oneLine(f.Field)+": "+oneLine(f.Description))
	}
	if step := d.afterFailure(cmd, id, status); step != "" {
		lines = append(lines, step)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// refusal is the sentence for a reason we know, else the server's own.
func (d *desk) refusal(status *httpapi.StatusError) string {
	text := d.w.Reasons[status.Reason]
	switch {
	case text == "":
		return fill(d.w.Refused, oneLine(status.Error()))
	case status.Reason == "INVALID_FIELDS" && len(status.Fields) == 0, status.Reason == "NOT_READY", status.Reason == "NOT_POSSIBLE_NOW",
		status.Reason == "DECLARED_IN_CONFIGURATION", status.Reason == "GOODWILL_LIMIT":
		return text + " (" + oneLine(status.Message) + ")"
	}
	return text
}

// afterFailure looks at where the callback stands and proposes what leads on.
func (d *desk) afterFailure(cmd *cobra.Command, id string, status *httpapi.StatusError) string {
	switch {
	case status.Reason == "NO_CALLBACK_READY":
		return d.w.NextWait + "\n  " + d.commandLine("list")
	case status.Reason == "NO_SUCH_CALLBACK":
		return d.w.NextWait + "\n  " + d.commandLine("list", "--state", "all")
	case status.Reason == "NO_SUCH_AGENT":
		return d.w.NextAgents + "\n  " + d.commandLine("list")
	case status.Code != codes.FailedPrecondition && status.Code != codes.Aborted, id == "", cmd.Name() == "show":
		return ""
	}
	cb, _, err := d.fetch(cmd, id)
	if err != nil || supervising[cmd.Name()] {
		return d.w.NextShow + "\n  " + d.commandLine("show", shellWord(id))
	}
	holder := cb.GetHolder().GetAgentId()
	if holder != "" && holder != d.agent {
		return fill(d.w.StepsHeldBy, oneLine(holder)) + "\n" + d.w.NextOther + "\n  " + d.commandLine("claim")
	}
	id = shellWord(id)
	switch cb.GetState() {
	case eventsv1.Callback_ASSIGNED:
		return fill(d.w.Steps, oneLine(holder), d.commandLine("start", id), d.commandLine("end", id, "--outcome", "reached"))
	case eventsv1.Callback_ATTEMPTING:
		return fill(d.w.StepsAttempting, d.commandLine("end", id, "--outcome", "reached"))
	case eventsv1.Callback_WRAPPING:
		return fill(d.w.StepsWrapping, d.completeLine(cb.GetId()))
	case eventsv1.Callback_COMPLETED, eventsv1.Callback_CANCELED:
		return fill(d.w.StepsClosed, d.w.States[cb.GetState()]) + "\n" + d.w.NextOther + "\n  " + d.commandLine("claim")
	default:
		return fill(d.w.StepsPending, d.commandLine("claim"))
	}
}
