package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// desk is what the commands of agents and of who looks after them share.
type desk struct {
	env
	server, lang, output string
	// agent is who works, or who decides.
	agent string
	token uint64
	root  *cobra.Command
	// group is whose commands are proposed: the root's, but for one that has none.
	group string

	w   *words
	api *httpapi.Client
}

// Callbacks is `rappel callbacks` with its commands.
func Callbacks() *cobra.Command { return callbacksCommand(system()) }

func callbacksCommand(e env) *cobra.Command {
	d := newDesk(e, "callbacks")
	d.root.AddCommand(d.listCommand(), d.claimCommand(), d.showCommand(), d.routingCommand(), d.queuesCommand(), d.startCommand(), d.endCommand(), d.completeCommand(), d.releaseCommand(),
		d.transferCommand(), d.requeueCommand(), d.escalateCommand(), d.rescheduleCommand(), d.cancelCommand(), d.reopenCommand(), d.doNotCallCommand(),
		d.causesCommand())
	d.localise()
	return d.root
}

// newDesk is a desk whose root has a name, and no commands yet.
func newDesk(e env, name string) *desk {
	d := &desk{env: e, group: name}
	w, _ := language("", e.getenv)
	d.w = w
	d.root = &cobra.Command{
		Use: name, Args: cobra.ArbitraryArgs, SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: d.prepare,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New(fill(d.w.NoArgs, args[0]) + "\n" + strings.TrimSpace(cmd.UsageString()))
			}
			return cmd.Help()
		},
	}
	f := d.root.PersistentFlags()
	f.StringVar(&d.server, "server", "", "")
	f.StringVar(&d.lang, "lang", "", "")
	f.StringVarP(&d.output, "output", "o", "text", "")
	d.root.SetFlagErrorFunc(d.flagError)
	usual := d.root.HelpFunc()
	d.root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if w, ok := language(d.lang, e.getenv); ok {
			d.w = w
		}
		d.localise()
		usual(cmd, args)
	})
	return d
}

// prepare reads what all commands share.
func (d *desk) prepare(cmd *cobra.Command, _ []string) error {
	w, ok := language(d.lang, d.getenv)
	if d.w = w; !ok {
		return errors.New(w.BadLang)
	}
	d.localise()
	if checkOutput(d.output) != nil {
		return errors.New(w.BadOutput)
	}
	if d.server == "" {
		d.server = d.getenv("RAPPEL_SERVER")
	}
	if cmd.Flags().Lookup("by") != nil && d.agent == "" {
		d.agent = d.getenv("RAPPEL_AGENT")
	}
	if f := cmd.Flags().Lookup("agent"); f != nil && d.agent == "" && cmd.Name() != "list" {
		d.agent = d.getenv("RAPPEL_AGENT")
		if d.agent == "" {
			return errors.New(w.NeedAgent)
		}
	}
	api, err := httpapi.New(d.server, d.client)
	d.api = api
	return err
}

// localise writes the help of every command in the language at hand.
func (d *desk) localise() {
	for _, cmd := range append([]*cobra.Command{d.root}, d.root.Commands()...) {
		h, ok := d.w.Commands[d.helpName(cmd)]
		if !ok {
			continue
		}
		cmd.Short, cmd.Long, cmd.Example = h.Short, h.Long, h.Example
		cmd.DisableFlagsInUseLine = true // the flags are listed below, in the language
		cmd.InitDefaultHelpFlag()
		cmd.Flags().VisitAll(d.localiseFlag)
		cmd.PersistentFlags().VisitAll(d.localiseFlag)
		cmd.SetUsageTemplate(usageTemplate(d.w))
	}
}

// helpName is a command's among the words: callbacks come first, and other roots'
// commands are named with them.
func (d *desk) helpName(cmd *cobra.Command) string {
	if cmd == d.root || d.root.Name() == "callbacks" {
		return cmd.Name()
	}
	return d.root.Name() + " " + cmd.Name()
}

// usageTemplate is cobra's with other headings.
func usageTemplate(w *words) string {
	t := (&cobra.Command{}).UsageTemplate()
	// The longer heading first: one holds another.
	for _, heading := range []string{
		"Additional Commands:", "Available Commands:", "Additional help topics:", "Global Flags:", "Usage:", "Aliases:", "Examples:",
		"for more information about a command.", "[command]", `Use "`, `--help"`,
	} {
		t = strings.ReplaceAll(t, heading, w.Usage[heading])
	}
	return strings.ReplaceAll(t, "\nFlags:", "\n"+w.Usage["Flags:"])
}

// flagError says in the agent's language what is wrong with an option. The
// language's own option may not have been read yet.
func (d *desk) flagError(cmd *cobra.Command, err error) error {
	w, ok := language(d.lang, d.getenv)
	if !ok {
		w = d.w
	}
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			name = "-" + short
		}
		return errors.New(fill(w.NoFlag, name, cmd.CommandPath()))
	case errors.As(err, &empty):
		return errors.New(fill(w.FlagNeedsValue, "--"+empty.GetFlag().Name))
	case errors.As(err, &bad):
		return errors.New(fill(w.BadFlagValue, "--"+bad.GetFlag().Name, bad.GetValue()))
	default:
		return err
	}
}

// idArgument takes exactly one callback's id.
func (d *desk) idArgument(cmd *cobra.Command, args []string) error {
	w, _ := language(d.lang, d.getenv)
	if len(args) == 0 {
		return errors.New(fill(w.NeedID, d.program, cmd.Name()))
	}
	if len(args) > 1 {
		return errors.New(fill(w.NoArgs, args[1]))
	}
	return nil
}

// idArguments takes one callback's id, or several.
func (d *desk) idArguments(cmd *cobra.Command, args []string) error {
	return d.idArgument(cmd, args[:min(1, len(args))])
}

func (d *desk) noArguments(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	w, _ := language(d.lang, d.getenv)
	return errors.New(fill(w.NoArgs, args[0]))
}

// asJSON reports whether the API's answer is wanted as it is.
func (d *desk) asJSON() bool { return d.output == "json" }

// tries bounds how often a command is repeated: each is answered a second time
// with what it did the first.
const tries = 4

// call makes a call, and makes it again when its answer may have been lost or
// the server asks for a moment.
func (d *desk) call(ctx context.Context, notice func(), do func() ([]byte, error)) ([]byte, error) {
	for try := 1; ; try++ {
		body, err := do()
		if err == nil || try == tries || !again(err) {
			return body, err
		}
		notice()
		wait := 500 * time.Millisecond
		var status *httpapi.StatusError
		if errors.As(err, &status) && status.RetryAfter > wait {
			wait = min(status.RetryAfter, 2*time.Second)
		}
		if werr := d.wait(ctx, wait); werr != nil {
			return nil, err
		}
	}
}
