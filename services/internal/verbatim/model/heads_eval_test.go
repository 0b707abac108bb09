package model_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/corpus"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// labelledRows are the corpus's rows with what they are about, a group for each
// file.
func labelledRows(t testing.TB) (out []model.Labelled, files []string) {
	t.Helper()
	rows, err := corpus.All()
	require.NoError(t, err)
	return labelled(t, rows)
}

func labelled(t testing.TB, rows []corpus.Row) (out []model.Labelled, files []string) {
	t.Helper()
	for _, r := range rows {
		group := slices.Index(files, r.File)
		if group < 0 {
			group = len(files)
			files = append(files, r.File)
		}
		l := model.Labelled{Text: r.Text, Group: uint64(group)}
		for _, d := range r.Dimensions {
			dimension, ok := verbatim.ParseDimension(d[:1])
			require.True(t, ok)
			l.Dimensions = append(l.Dimensions, dimension)
		}
		for _, in := range r.Intents {
			l.Intents = append(l.Intents, verbatim.Intent(slices.Index(corpus.Intents, in)+1))
		}
		out = append(out, l)
	}
	return out, files
}

// counts are what was found right, wrongly, and not.
type counts struct{ right, wrong, missed int }

func (c *counts) add(is, said bool) {
	switch {
	case is && said:
		c.right++
	case said:
		c.wrong++
	case is:
		c.missed++
	}
}

func (c *counts) plus(o counts) { c.right += o.right; c.wrong += o.wrong; c.missed += o.missed }

func (c *counts) f1() float64 {
	return 2 * float64(c.right) / float64(max(1, 2*c.right+c.wrong+c.missed))
}

func (c *counts) String() string {
	return fmt.Sprintf("%.2f %.2f %.3f", float64(c.right)/float64(max(1, c.right+c.wrong)), float64(c.right)/float64(max(1, c.right+c.missed)), c.f1())
}

// tallied compares what is found with what somebody said: four dimensions, eight
// intents, and the dimensions together.
func tallied(a *verbatim.Analyser, m *model.Model, rows []model.Labelled) (out [13]counts) {
	var s verbatim.Scratch
	for _, r := range rows {
		found := a.Analyse(&s, r.Text)
		if m != nil {
			m.Refine(&s, &found)
		}
		for d := verbatim.Product; d <= verbatim.Overall; d++ {
			said := slices.ContainsFunc(found.Themes, func(t verbatim.Theme) bool { return t.Dimension == d })
			out[d-1].add(slices.Contains(r.Dimensions, d), said)
			out[12].add(slices.Contains(r.Dimensions, d), said)
		}
		for in := verbatim.ChurnRisk; in <= verbatim.Suggestion; in++ {
			said := slices.ContainsFunc(found.Intents, func(f verbatim.IntentFound) bool { return f.Intent == in })
			out[3+in].add(slices.Contains(r.Intents, in), said)
		}
	}
	return out
}

var headNames = []string{"P", "C", "R", "G", "churn", "legal", "refund", "callback", "urgent", "safety", "praise", "suggestion", "dimensions"}

// TestHeadsByFile prints what heads are worth on each file of the corpus, trained
// on the others: `HEADS=1 go test -run TestHeadsByFile -v`.
func TestHeadsByFile(t *testing.T) {
	if os.Getenv("HEADS") == "" {
		t.Skip("measures, and proves nothing")
	}
	a := analyser(t)
	b := train(t, invented(t)[:600], model.Options{}) // without heads
	rows, files := labelledRows(t)
	var rules, both [13]counts
	for i, file := range files {
		var learn, hold []model.Labelled
		for _, r := range rows {
			if r.Group == uint64(i) {
				hold = append(hold, r)
			} else {
				learn = append(learn, r)
			}
		}
		m, err := model.TrainHeads(t.Context(), a, slices.Values(learn), model.HeadOptions{Base: b})
		require.NoError(t, err)
		r, w := tallied(a, nil, hold), tallied(a, m, hold)
		for k := range r {
			rules[k].plus(r[k])
			both[k].plus(w[k])
			t.Logf("%-16s %-10s rules %s   with heads %s", file, headNames[k], &r[k], &w[k])
		}
	}
	for k := range rules {
		t.Logf("%-16s %-10s rules %s   with heads %s", "all", headNames[k], &rules[k], &both[k])
	}
}
