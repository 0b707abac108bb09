package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/services/internal/csvfile"
	"github.com/rappel-loop/rappel/services/internal/evaluation"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

const scorerLong = `Measure how well verbatims are understood.

docs/verbatims.md says how a text is read.`

const scorerEvalLong = `Read texts whose score is known, and compare.

A file is a CSV with the columns scale, score and text, and lang where the language is
to be compared. scale is star5 (1 worst, 5 best) or sentiment3 (negative, neutral,
positive). Rows without a text are left out.

AUC, F1 and balanced accuracy are of 1 and 2 stars against 4 and 5, where a score below
0 is negative; F1-3 is of three classes, with 3 stars, or neutral, in the middle. F1 is
the mean over the classes.`

const scorerExample = `  rappel scorer eval answers.csv
  rappel scorer eval a.csv b.csv -o json`

// Scorer is `rappel scorer` with its commands.
func Scorer() *cobra.Command {
	root := &cobra.Command{
		Use: "scorer", Short: "Measure how verbatims are understood", Long: scorerLong, Example: scorerExample,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var output string
	eval := &cobra.Command{
		Use: "eval FILE...", Short: "Compare with scores that are known", Long: scorerEvalLong, Example: scorerExample,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name a file; rappel scorer eval --help shows examples")
			}
			if err := checkOutput(output); err != nil {
				return err
			}
			return evaluate(cmd.OutOrStdout(), args, output == "json")
		},
	}
	eval.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	root.AddCommand(eval)
	addScorerCommands(root, system())
	return root
}

// measures are what a file came to. Without both classes there is no AUC.
type measures struct {
	File             string            `json:"file"`
	Rows             int               `json:"rows"`
	AUC              *float64          `json:"auc,omitempty"`
	MacroF1          float64           `json:"macroF1"`
	BalancedAccuracy float64           `json:"balancedAccuracy"`
	MacroF1Three     float64           `json:"macroF1Three"`
	LanguageRight    *float64          `json:"languageRight,omitempty"`
	Confusion        evaluation.Matrix `json:"confusion,omitempty"`
}

type evalReport struct {
	Version string     `json:"version"`
	Files   []measures `json:"files"`
	Mean    measures   `json:"mean"`
}

func evaluate(out io.Writer, files []string, asJSON bool) error {
	a, err := verbatim.New()
	if err != nil {
		return err
	}
	report := evalReport{Version: a.Version()}
	for _, file := range files {
		m, err := evaluateFile(a, file)
		if err != nil {
			return err
		}
		report.Files = append(report.Files, m)
	}
	report.Mean = meanOf(report.Files)
	if asJSON {
		return printJSON(out, report)
	}
	return printEval(out, report)
}

// tally counts one file's rows.
type tally struct {
	rows, languages, right int
	binary                 []evaluation.Scored
	two, three             evaluation.Matrix
}

func evaluateFile(a *verbatim.Analyser, file string) (measures, error) {
	f, err := os.Open(file) //nolint:gosec // the person names it
	if err != nil {
		return measures{}, err
	}
	defer f.Close()
	r, err := csvfile.New(f, csvfile.Options{})
	if err != nil {
		return measures{}, fmt.Errorf("%s: %w", file, err)
	}
	at := map[string]int{}
	for _, name := range []string{"scale", "score", "text", "lang"} {
		if at[name] = slices.Index(r.Header(), name); at[name] < 0 && name != "lang" {
			return measures{}, fmt.Errorf("%s: has no column %s; rappel scorer eval --help says which are needed", file, name)
		}
	}
	t := tally{two: evaluation.NewMatrix(2), three: evaluation.NewMatrix(3)}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return t.measures(file), nil
		}
		if err != nil {
			return measures{}, fmt.Errorf("%s: %w", file, err)
		}
		if rec.Problem != "" {
			return measures{}, fmt.Errorf("%s:%d: %s", file, rec.Line, rec.Problem)
		}
		if err := t.add(a, rec.Cells, at); err != nil {
			return measures{}, fmt.Errorf("%s:%d: %w", file, rec.Line, err)
		}
	}
}

func (t *tally) add(a *verbatim.Analyser, cells []string, at map[string]int) error {
	cell := func(name string) string {
		if i := at[name]; i >= 0 && i < len(cells) {
			return cells[i]
		}
		return ""
	}
	if cell("text") == "" {
		return nil
	}
	truth, err := classOfScore(cell("scale"), cell("score"))
	if err != nil {
		return err
	}
	found := a.Read(cell("text"))
	t.rows++
	if lang := cell("lang"); lang != "" {
		t.languages++
		if found.Language.String() == lang {
			t.right++
		}
	}
	t.three.Add(truth, map[verbatim.Label]int{verbatim.Negative: 0, verbatim.Neutral: 1, verbatim.Positive: 2}[found.Sentiment.Label])
	if truth != 1 {
		predicted := 1
		if found.Sentiment.Score < 0 {
			predicted = 0
		}
		t.two.Add(truth/2, predicted)
		t.binary = append(t.binary, evaluation.Scored{Score: found.Sentiment.Score, Positive: truth == 2})
	}
	return nil
}

// classOfScore is 0, 1 or 2: negative, in the middle, positive.
func classOfScore(scale, score string) (int, error) {
	if scale == "sentiment3" {
		if i := slices.Index([]string{"negative", "neutral", "positive"}, score); i >= 0 {
			return i, nil
		}
	}
	if n, err := strconv.ParseFloat(score, 64); scale == "star5" && err == nil && n >= 1 && n <= 5 {
		switch {
		case n < 3:
			return 0, nil
		case n > 3:
			return 2, nil
		}
		return 1, nil
	}
	return 0, fmt.Errorf("score %q on scale %q: must be 1 to 5 on star5, or negative, neutral or positive on sentiment3", score, scale)
}

func (t *tally) measures(file string) measures {
	m := measures{
		File: filepath.Base(file), Rows: t.rows, MacroF1: t.two.MacroF1(), BalancedAccuracy: t.two.BalancedAccuracy(),
		MacroF1Three: t.three.MacroF1(), Confusion: t.three,
	}
	if auc, ok := evaluation.AUC(t.binary); ok {
		m.AUC = &auc
	}
	if t.languages > 0 {
		share := float64(t.right) / float64(t.languages)
		m.LanguageRight = &share
	}
	return m
}

// meanOf weighs each file alike; what a file lacks is left out of its mean.
func meanOf(files []measures) measures {
	m := measures{File: "mean"}
	var aucs, languages []float64
	for _, f := range files {
		m.Rows += f.Rows
		m.MacroF1 += f.MacroF1 / float64(len(files))
		m.BalancedAccuracy += f.BalancedAccuracy / float64(len(files))
		m.MacroF1Three += f.MacroF1Three / float64(len(files))
		if f.AUC != nil {
			aucs = append(aucs, *f.AUC)
		}
		if f.LanguageRight != nil {
			languages = append(languages, *f.LanguageRight)
		}
	}
	m.AUC, m.LanguageRight = meanOrNone(aucs), meanOrNone(languages)
	return m
}

func meanOrNone(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sum := 0.0
	for _, v := range values {
		sum += v / float64(len(values))
	}
	return &sum
}

func printEval(out io.Writer, r evalReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "scored by %s\n\nFILE\tROWS\tAUC\tF1\tBALANCED\tF1-3\tLANGUAGE\n", r.Version) // what fails shows at the flush
	for _, m := range append(r.Files, r.Mean) {
		fmt.Fprintf(w, "%s\t%d\t%s\t%.3f\t%.3f\t%.3f\t%s\n", oneLine(m.File), m.Rows, threePlaces(m.AUC), m.MacroF1, m.BalancedAccuracy, m.MacroF1Three, threePlaces(m.LanguageRight))
	}
	for _, m := range r.Files {
		fmt.Fprintf(w, "\n%s\tnegative\tneutral\tpositive\t← found\n", oneLine(m.File))
		for i, name := range []string{"negative", "neutral", "positive"} {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", name, m.Confusion[i][0], m.Confusion[i][1], m.Confusion[i][2])
		}
	}
	return w.Flush()
}

func threePlaces(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *v)
}
