// Command rappel is the all-in-one process and the command line of the loop.
package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/rappel"
	"github.com/rappel-loop/rappel/services/rappel/internal/cli"
)

func main() {
	root := &cobra.Command{
		Use:   "rappel",
		Short: "Call every dissatisfied customer back",
		Long: "Rappel listens to customers and calls the dissatisfied ones back.\n\n" +
			"Start the loop with `rappel run`, send it answers with `rappel replay FILE`, and work as an\n" +
			"agent with `rappel work AGENT` and `rappel callbacks`.",
		Version: host.Version(), SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(rappel.RunCommand(), cli.Replay(), cli.Mapping(), cli.Survey(), cli.DoNotCall(), cli.Keys(), cli.Callbacks(), cli.Work(), cli.Agents(), cli.Tail(), cli.Feed(), cli.DeadLetters(), cli.Scorer(), cli.Rules(), cli.Alerts(), cli.Silences(), cli.Notify())
	os.Exit(host.Execute(context.Background(), root, os.Stderr))
}
