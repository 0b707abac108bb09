package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/rappel-loop/rappel/services/internal/evaluation"
)

var classNames = []string{"negative", "neutral", "positive"}

func printEval(out io.Writer, r evalReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "scored by %s\n", r.Version) // what fails shows at the flush
	if len(r.TrainedOn) > 0 {
		fmt.Fprintf(w, "trained on %d rows of %s\n", r.TrainedRows, oneLine(strings.Join(r.TrainedOn, ", ")))
	}
	fmt.Fprintf(w, "\nFILE\tROWS\tAUC\tACCURACY\tBALANCED\tF1\tF1-3\tLANGUAGE\n")
	for _, m := range append(r.Files, r.Mean) {
		fmt.Fprintf(w, "%s\t%d\t%s\t%.3f\t%.3f\t%.3f\t%.3f\t%s\n", oneLine(m.File), m.Rows, threePlaces(m.AUC), m.Accuracy, m.BalancedAccuracy, m.MacroF1, m.MacroF1Three, threePlaces(m.LanguageRight))
	}
	for _, m := range r.Files {
		printMatrix(w, m.File, m.Confusion)
		if m.Sentiment != nil {
			printMatrix(w, fmt.Sprintf("sentiment, F1-3 %.3f", m.Sentiment.MacroF1Three), m.Sentiment.Confusion)
		}
		printTopics(w, m)
	}
	return w.Flush()
}

func printMatrix(w io.Writer, title string, matrix evaluation.Matrix) {
	fmt.Fprintf(w, "\n%s\t%s\t← found\n", oneLine(title), strings.Join(classNames, "\t"))
	for i, name := range classNames {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", name, matrix[i][0], matrix[i][1], matrix[i][2])
	}
}

// printTopics prints what else the file says.
func printTopics(w io.Writer, m measures) {
	row := func(name string, f *found) {
		if f != nil {
			fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.3f\n", name, f.Precision, f.Recall, f.F1)
		}
	}
	if m.Themes != nil || m.Churn != nil || m.Urgent != nil {
		fmt.Fprintf(w, "\n%s\tprecision\trecall\tF1\n", oneLine(m.File))
	}
	if m.Themes != nil {
		for _, l := range strings.Split(letters, "") {
			row(l, m.Themes.Letters[l])
		}
		fmt.Fprintf(w, "themes\t\t\t%.3f\n", m.Themes.MicroF1)
	}
	row("churn", m.Churn)
	row("urgent", m.Urgent)
}

func threePlaces(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *v)
}
