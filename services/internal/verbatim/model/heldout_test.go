package model_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/testkit/docpage"
	"github.com/rappel-loop/rappel/services/internal/verbatim/corpus"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// What ships, on plain answers that nothing was trained on or written by, is as good as it is
// said to be: the table in docs/verbatims.md is printed from here.
func TestHeldOutPage(t *testing.T) {
	t.Parallel()
	rows, err := corpus.HeldOut()
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("| | answers | AUC | F1 | F1-3 | P | C | R | G | the four | `churn_risk` | `urgent` |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, lang := range []string{"fr", "en"} {
		var of []corpus.Row
		for _, r := range rows {
			if r.Lang == lang {
				of = append(of, r)
			}
		}
		a, m := analyser(t), base(t)
		sentiment, err := model.Evaluate(t.Context(), a, m, model.Each(examples(of)))
		require.NoError(t, err)
		found, _ := labelled(t, of)
		heads := tallied(a, m, found)
		fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f | %.3f |", lang, len(of), sentiment.AUC, sentiment.MacroF1, sentiment.MacroF1Three)
		for _, name := range []string{"P", "C", "R", "G", "dimensions", "churn", "urgent"} {
			for k, n := range headNames {
				if n == name {
					fmt.Fprintf(&b, " %.3f |", heads[k].f1())
				}
			}
		}
		b.WriteString("\n")
	}
	docpage.Holds(t, "../../../../docs/verbatims.md", "<!-- printed by go test ./services/internal/verbatim/model -run TestHeldOutPage -update -->", b.String(), *update)
}
