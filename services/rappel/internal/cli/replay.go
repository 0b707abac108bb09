package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// Exit codes of replay, beside 0 and 1.
const (
	// exitRefused is given with --strict when rows were refused.
	exitRefused = 3
	// exitInterrupted is what a shell expects after ctrl-C.
	exitInterrupted = 130
)

const replayLong = `Send a file of answers through the public API.

A JSONL file holds one response of the API a line. A CSV file, and an Excel
workbook (.xlsx), need --map, a mapping that says what their columns become;
docs/mappings.md shows how to write one. Of a workbook the first sheet is sent
that is not hidden, or the one that file.sheet names in the mapping.

Playing a file twice stores nothing twice. After ctrl-C, a kill or a power cut
the same command goes on where it stopped. While the server is away or full the
command waits, up to --give-up without any progress.

Rows that cannot be taken do not stop the others: they are named in the summary
and written, with the reason, to a rejects file (of a workbook, a CSV file). Mend
them there and replay it with the same mapping.

Exit code: 0 when the end of the file was reached, also when rows were refused
(--strict makes that 3); 1 when it could not go on; 130 after ctrl-C.`

const replayExample = `  rappel replay sample/answers.jsonl
  rappel replay sample/magasins.csv --map sample/magasins.mapping.yaml
  rappel replay export.csv --map my.yaml --limit 10
  rappel replay export.xlsx --map my.yaml
  rappel replay export.rejects.csv --map my.yaml`

// Replay is `rappel replay`.
func Replay() *cobra.Command { return replayCommand(system()) }

func replayCommand(e env) *cobra.Command {
	var o replay.Options
	var strict bool
	var output, format, keyFile string
	cmd := &cobra.Command{
		Use: "replay FILE", Short: "Send a file of answers (CSV, Excel or JSONL)", Long: replayLong, Example: replayExample,
		Args: oneFile, SilenceUsage: true, SilenceErrors: true,
	}
	f := cmd.Flags()
	f.StringVar(&o.Mapping, "map", "", "mapping that says what the columns of a CSV or a workbook become")
	f.StringVar(&o.Server, "server", "", "server's address (default $RAPPEL_SERVER, else "+httpapi.DefaultServer+")")
	f.StringVar(&keyFile, "key-file", "", "file that holds the API key to send (default $RAPPEL_KEY)")
	f.IntVar(&o.Batch, "batch", 100, "rows a request, 1 to 1000")
	f.IntVar(&o.Parallel, "parallel", 4, "requests under way at once, 1 to 64")
	f.Int64Var(&o.Limit, "limit", 0, "stop after so many rows of the file; 0 is all")
	f.StringVar(&o.Rejects, "rejects", "", "where refused rows go (default beside the file)")
	f.StringVar(&o.State, "state", "", "where progress is kept (default beside the file)")
	f.BoolVar(&o.Restart, "restart", false, "begin again, whatever an interrupted run left")
	f.DurationVar(&o.GiveUp, "give-up", 2*time.Minute, "end when nothing has moved for that long")
	f.StringVar(&format, "format", "", "csv, xlsx or jsonl (default by the file)")
	f.BoolVar(&strict, "strict", false, "exit with 3 when rows were refused")
	f.StringVarP(&output, "output", "o", "text", "text or json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkOutput(output); err != nil {
			return err
		}
		var err error
		if o.Key, err = readKey(e, keyFile); err != nil {
			return err
		}
		o.File, o.Format = args[0], responsefile.Format(format)
		if o.Server == "" {
			o.Server = e.getenv("RAPPEL_SERVER")
		}
		return runReplay(cmd, e, o, strict, output == "json")
	}
	return cmd
}

func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("name one file; rappel replay --help shows examples")
	}
	return nil
}

func checkOutput(s string) error {
	if s != "text" && s != "json" {
		return fmt.Errorf("--output %s: must be text or json", s)
	}
	return nil
}

func runReplay(cmd *cobra.Command, e env, o replay.Options, strict, asJSON bool) error {
	ctx, stop := interruptible(cmd)
	defer stop()
	var p *progress
	if !asJSON {
		p = newProgress(cmd.ErrOrStderr(), e, o.File)
		o.OnProgress, o.OnWait = p.update, p.waiting
	}
	s, err := replay.Run(ctx, o)
	if p != nil {
		p.end()
	}
	if asJSON {
		if perr := printJSON(cmd.OutOrStdout(), s); perr != nil {
			return perr
		}
	} else if s.Rows > 0 || err == nil {
		printSummary(cmd.OutOrStdout(), s)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &exitError{exitInterrupted, errors.New("interrupted; the same command goes on from here")}
	case errors.Is(err, replay.ErrStuck):
		return fmt.Errorf("%w\nthe same command goes on from here; is the server running? `rappel run` starts one", err)
	case err != nil:
		return err
	case strict && s.Refused > 0:
		return &exitError{exitRefused, fmt.Errorf("%s refused", rowsOf(s.Refused))}
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
