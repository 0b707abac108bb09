package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"
)

const scorerLong = `Measure how well verbatims are understood, and train the model beside the lexicon.

docs/verbatims.md says how a text is read.`

const scorerEvalLong = `Read texts whose score is known, and compare.

A file is a CSV with the columns scale, score and text, and lang where the language is
to be compared. scale is star5 (1 worst, 5 best) or sentiment3 (negative, neutral,
positive). Rows without a text are left out. Where a file has them, these columns are
compared too: sentiment (neg, neu, pos), themes (of the letters P, C, R and G: product,
communication, responsiveness, the whole), churn and urgent (0 or 1).

AUC, accuracy, F1 and balanced accuracy are of 1 and 2 stars against 4 and 5; F1-3 is of
three classes, with 3 stars, or neutral, in the middle. F1 is the mean over the classes.

What is compared is what ships: the base model over the lexicon. With --train, a model
that was first trained on those files; nothing is learnt from FILE. Of several training
files each is held out once to choose how much it takes to be called dissatisfied; of a
single one nothing is known of how often customers are that elsewhere, and the classes
are taken to be equally frequent.`

const scorerTrainLong = `Train a model on answers whose scores are known, and write it.

The files are as for eval. A tenth of the customers (of the column customer, else of the
rows) is held out to measure the model beside the one that ships. The running scorer
trains on its own responses by itself; this is for who wants to see it first.`

const scorerExample = `  rappel scorer eval answers.csv
  rappel scorer eval a.csv b.csv -o json
  rappel scorer eval a.csv --train b.csv --train c.csv
  rappel scorer train answers.csv --out model.bin
  rappel scorer train --by sam`

// Scorer is `rappel scorer` with its commands.
func Scorer() *cobra.Command { return scorerCommand(system()) }

func scorerCommand(e env) *cobra.Command {
	root := &cobra.Command{
		Use: "scorer", Short: "Measure how verbatims are understood, train a model", Long: scorerLong, Example: scorerExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(scorerEval(), scorerTrain())
	addScorerCommands(root, e)
	return root
}

var errNoFile = errors.New("name a file; rappel scorer --help shows examples")

func scorerEval() *cobra.Command {
	var o evalOptions
	var output string
	cmd := &cobra.Command{
		Use: "eval FILE...", Short: "Compare with scores that are known", Long: scorerEvalLong, Example: scorerExample,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errNoFile
			}
			if err := checkOutput(output); err != nil {
				return err
			}
			if o.lexiconOnly && (len(o.train) > 0 || o.model != "") || o.model != "" && len(o.train) > 0 {
				return errors.New("--train, --model and --lexicon-only exclude each other")
			}
			ctx, stop := interruptible(cmd)
			defer stop()
			report, err := evaluate(ctx, args, o)
			if err != nil {
				return err
			}
			return printReport(cmd.OutOrStdout(), report, output == "json")
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "text", "text or json")
	f.StringSliceVar(&o.train, "train", nil, "a file to train on first; several with several --train, or with commas")
	f.StringVar(&o.model, "model", "", "a model that rappel scorer train wrote, in place of the one that ships")
	f.BoolVar(&o.lexiconOnly, "lexicon-only", false, "leave the model out")
	return cmd
}

func scorerTrain() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "train FILE...", Short: "Train a model on scores that are known", Long: scorerTrainLong, Example: scorerExample,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errNoFile
			}
			if out == "" {
				return errors.New("--out FILE: where the model is to be written")
			}
			ctx, stop := interruptible(cmd)
			defer stop()
			return trainModel(ctx, cmd.OutOrStdout(), args, out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "where the model is to be written")
	return cmd
}

func printReport(out io.Writer, r evalReport, asJSON bool) error {
	if asJSON {
		return printJSON(out, r)
	}
	return printEval(out, r)
}
