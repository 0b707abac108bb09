package corpus_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim/corpus"
)

func TestTheCorpusIsWellFormed(t *testing.T) {
	t.Parallel()
	rows, err := corpus.All()
	require.NoError(t, err)
	scores, langs, dimensions, intents := map[int]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range rows {
		scores[r.Score]++
		langs[r.Lang]++
		for _, d := range r.Dimensions {
			dimensions[d]++
		}
		for _, i := range r.Intents {
			intents[i]++
		}
	}
	require.Greater(t, len(rows), 3000, "thousands, not dozens")
	for score := 1; score <= 5; score++ {
		require.Greater(t, scores[score], len(rows)/20, "%d stars", score)
	}
	require.Greater(t, langs["fr"], langs["en"])
	require.Greater(t, langs["en"], 500)
	require.Len(t, dimensions, 12)
	for _, i := range corpus.Intents {
		require.Greater(t, intents[i], 30, i)
	}
}

func TestEveryWrongLineIsNamed(t *testing.T) {
	t.Parallel()
	_, err := corpus.Read(fstest.MapFS{"a.tsv": {Data: []byte("fr\t5\tP+,C-\tchurn,praise\tParfait, rien à redire\n" +
		"fr\t5\t.\t.\n" + "de\t5\t.\t.\tGut\n" + "fr\t6\t.\t.\tBien\n" + "fr\t1\tP+,P-\t.\tMal\n" + "fr\t1\t.\tanger\tMal\n" + "fr\t1\t.\t.\t \n" +
		"en\t5\t.\t.\tParfait, rien à redire\n")}})
	for _, want := range []string{
		"a.tsv:2: 4 columns", `a.tsv:3: language "de"`, `a.tsv:4: score "6"`, `a.tsv:5: dimension "P-"`, `a.tsv:6: intent "anger"`,
		"a.tsv:7: no text", "a.tsv:8: the same text as a.tsv:1",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "a.tsv:1: ")
}

// What is measured by was not learnt from.
func TestWhatIsHeldOutIsInNoOtherFile(t *testing.T) {
	t.Parallel()
	learnt, err := corpus.All()
	require.NoError(t, err)
	held, err := corpus.HeldOut()
	require.NoError(t, err)
	require.Greater(t, len(held), 500)
	plain := func(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }
	known := map[string]bool{}
	for _, r := range learnt {
		known[plain(r.Text)] = true
	}
	for _, r := range held {
		require.False(t, known[plain(r.Text)], "%s:%d: %s", r.File, r.Line, r.Text)
	}
}
