package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/rappel/internal/deadletter"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

const deadLettersLong = `What a service gave up, after as many tries as it has, and why. Nothing of it is
lost: mend the cause, then have it tried again.

No line shows what a customer said or who they are.`

const deadLettersExample = `  rappel dead-letters list
  rappel dead-letters list --consumer alerting --all
  rappel dead-letters redrive 12 13
  rappel dead-letters redrive --all --reason rule_failed
  rappel dead-letters list --nats nats://127.0.0.1:4222`

type deadLetterOptions struct {
	server, nats, credentials string
	consumer, reason, output  string
	all                       bool
}

// DeadLetters is `rappel dead-letters` with its commands.
func DeadLetters() *cobra.Command { return deadLettersCommand(system()) }

func deadLettersCommand(e env) *cobra.Command {
	var o deadLetterOptions
	root := &cobra.Command{
		Use: "dead-letters", Short: "List what was given up, and have it tried again", Long: deadLettersLong, Example: deadLettersExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&o.server, "server", "", "server's address (default $RAPPEL_SERVER, else "+httpapi.DefaultServer+")")
	f.StringVar(&o.nats, "nats", "", "ask a NATS server instead, as nats://127.0.0.1:4222")
	f.StringVar(&o.credentials, "nats-credentials", "", "NATS credentials file")
	f.StringVar(&o.consumer, "consumer", "", "only what this service gave up: scorer, alerting, callback-queue")
	f.StringVar(&o.reason, "reason", "", "only what was given up for this reason, as rule_failed")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	list := &cobra.Command{
		Use: "list", Short: "List what was given up", Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return withSource(cmd, e, o, listLetters) },
	}
	list.Flags().BoolVar(&o.all, "all", false, "also what has been handled since")
	redrive := &cobra.Command{
		Use: "redrive NUMBER...", Short: "Have some of it tried again", SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			numbers, err := letterNumbers(args, o.all)
			if err != nil {
				return err
			}
			return withSource(cmd, e, o, func(cmd *cobra.Command, e env, o deadLetterOptions, s deadletter.Source) error {
				return redriveLetters(cmd, e, o, s, numbers)
			})
		},
	}
	redrive.Flags().BoolVar(&o.all, "all", false, "all that is dead, or all that --consumer and --reason choose")
	root.AddCommand(list, redrive)
	return root
}

func letterNumbers(args []string, all bool) ([]uint64, error) {
	switch {
	case all && len(args) > 0:
		return nil, errors.New("--all and numbers say different things: choose one")
	case !all && len(args) == 0:
		return nil, errors.New("which? Give numbers, as `rappel dead-letters list` shows them, or --all")
	}
	numbers := make([]uint64, len(args))
	for i, a := range args {
		n, err := strconv.ParseUint(a, 10, 64)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("%q is no number of a dead letter", a)
		}
		numbers[i] = n
	}
	return numbers, nil
}

// withSource does something with the letters, wherever they are.
func withSource(cmd *cobra.Command, e env, o deadLetterOptions, do func(*cobra.Command, env, deadLetterOptions, deadletter.Source) error) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	if o.nats != "" {
		nc, err := connectNATS(o.nats, o.credentials, "rappel dead-letters")
		if err != nil {
			return err
		}
		defer nc.Close()
		b, err := bus.New(nc, bus.Options{Barrier: bus.Replicated{}})
		if err != nil {
			return err
		}
		return do(cmd, e, o, deadletter.OnBus(b))
	}
	if o.server == "" {
		o.server = e.getenv("RAPPEL_SERVER")
	}
	api, err := httpapi.New(o.server, e.client)
	if err != nil {
		return err
	}
	err = do(cmd, e, o, deadletter.OverHTTP(api))
	var away *httpapi.Unreachable
	if errors.As(err, &away) {
		return fmt.Errorf("%w\nstart a server with `rappel run`, or name another: --server, RAPPEL_SERVER or --nats", err)
	}
	return err
}

func connectNATS(address, credentials, name string, more ...nats.Option) (*nats.Conn, error) {
	opts := append([]nats.Option{nats.Name(name)}, more...)
	if credentials != "" {
		opts = append(opts, nats.UserCredentials(credentials))
	}
	nc, err := nats.Connect(address, opts...)
	if err != nil {
		return nil, fmt.Errorf("no NATS server answers at %s: %w", redacted(address), err)
	}
	return nc, nil
}

func listLetters(cmd *cobra.Command, e env, o deadLetterOptions, s deadletter.Source) error {
	letters, err := s.List(cmd.Context(), deadletter.Filter{Consumer: o.consumer, Reason: o.reason, Handled: o.all})
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if o.output == "json" {
		return printLetters(out, letters)
	}
	if len(letters) == 0 {
		_, err := fmt.Fprintln(out, "nothing is given up")
		return err
	}
	if err := letterTable(out, e, letters); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\ntry one again, once its cause is mended: %s dead-letters redrive %d\n", e.program, letters[0].Number)
	return err
}

func printLetters(out io.Writer, letters []deadletter.Letter) error {
	body, err := json.Marshal(deadletter.Listed{DeadLetters: letters})
	if err != nil {
		return err
	}
	return printBody(out, body)
}

func letterTable(out io.Writer, e env, letters []deadletter.Letter) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NUMBER\tSTATE\tSINCE\tCONSUMER\tEVENT\tTRIES\tREASON") // what fails shows at the flush
	for _, l := range letters {
		why := l.Reason
		if detail := strings.TrimPrefix(l.Detail, l.Reason+": "); detail != "" {
			why += ": " + detail
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s %d\t%d\t%s\n", l.Number, l.State, l.DeadAt.In(e.zone).Format("2006-01-02 15:04:05"),
			oneLine(l.Consumer), oneLine(l.Stream), l.Sequence, l.Deliveries, oneLine(why))
	}
	return w.Flush()
}
