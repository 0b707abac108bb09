package verbatim_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// topicCases are one a line: the dimensions with their polarity (0 is both, or not
// said), the intents, and a text. What a model makes of them is tested by package model.
func topicCases(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/topics.txt")
	require.NoError(t, err)
	_, cases, _ := strings.Cut(string(data), "\n")
	return cases
}

func found(a *verbatim.Analyser, text string) (dimensions, intents string) {
	out := a.Read(text)
	labels := map[verbatim.Dimension][]verbatim.Label{}
	for _, th := range out.Themes {
		labels[th.Dimension] = append(labels[th.Dimension], th.Polarity)
	}
	var dims, wants []string
	for d := verbatim.Product; d <= verbatim.Overall; d++ {
		if l := labels[d]; l != nil {
			good, bad := slices.Contains(l, verbatim.Positive), slices.Contains(l, verbatim.Negative)
			sign := map[[2]bool]string{{true, false}: "+", {false, true}: "-"}[[2]bool{good, bad}]
			dims = append(dims, d.Letter()+sign)
		}
	}
	for _, in := range out.Intents {
		wants = append(wants, in.Intent.String())
	}
	return strings.Join(dims, " "), strings.Join(wants, " ")
}

// sameDimensions compares dimensions in any order; 0 and no sign are one.
func sameDimensions(want, got string) bool {
	if want == "?" {
		return true
	}
	w, g := strings.Fields(strings.NewReplacer("0", "", ".", "").Replace(want)), strings.Fields(got)
	slices.Sort(w)
	slices.Sort(g)
	return slices.Equal(w, g)
}

func TestTopics(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	var wrong []string
	cases := 0
	for row := range strings.Lines(strings.TrimSpace(topicCases(t))) {
		cells := strings.SplitN(row, "|", 3)
		want, intents, text := strings.TrimSpace(cells[0]), strings.Trim(cells[1], " ."), strings.TrimSpace(cells[2])
		dims, wants := found(a, text)
		if !sameDimensions(want, dims) || intents != wants {
			wrong = append(wrong, "found "+dims+" | "+wants+" for "+strings.TrimSpace(row))
		}
		cases++
	}
	require.Greater(t, cases, 150)
	require.Empty(t, wrong)
}
