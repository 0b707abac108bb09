package model_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// refined are the dimensions, with a sign where all that is said of one is good or
// bad, and the intents of a text, as testdata/topics.txt has them.
func refined(a *verbatim.Analyser, m *model.Model, text string) (dimensions, intents string) {
	var s verbatim.Scratch
	found := a.Analyse(&s, text)
	m.Refine(&s, &found)
	var dims, wants []string
	for d := verbatim.Product; d <= verbatim.Overall; d++ {
		good, bad, any := false, false, false
		for _, th := range found.Themes {
			if th.Dimension == d {
				any, good, bad = true, good || th.Polarity == verbatim.Positive, bad || th.Polarity == verbatim.Negative
			}
		}
		if any {
			dims = append(dims, d.Letter()+map[[2]bool]string{{true, false}: "+", {false, true}: "-"}[[2]bool{good, bad}])
		}
	}
	for _, in := range found.Intents {
		wants = append(wants, in.Intent.String())
	}
	slices.Sort(wants)
	return strings.Join(dims, " "), strings.Join(wants, " ")
}

// What the rules get right, heads leave right.
func TestTrapsStayRight(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), base(t)
	data, err := os.ReadFile("../testdata/topics.txt")
	require.NoError(t, err)
	var wrong []string
	for row := range strings.Lines(string(data)) {
		cells := strings.SplitN(row, "|", 3)
		if len(cells) < 3 || strings.HasPrefix(row, "#") {
			continue
		}
		want := strings.Fields(strings.NewReplacer("0", "", ".", "").Replace(cells[0]))
		slices.Sort(want)
		intents := strings.Fields(strings.Trim(cells[1], " ."))
		slices.Sort(intents)
		dims, wants := refined(a, m, strings.TrimSpace(cells[2]))
		got := strings.Fields(dims)
		slices.Sort(got)
		if strings.TrimSpace(cells[0]) != "?" && !slices.Equal(want, got) || strings.Join(intents, " ") != wants {
			wrong = append(wrong, "found "+dims+" | "+wants+" for "+strings.TrimSpace(row))
		}
	}
	require.Empty(t, wrong)
}
