package model_test

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/corpus"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

var update = flag.Bool("update", false, "train base.bin anew")

func analyser(t testing.TB) *verbatim.Analyser {
	t.Helper()
	a, err := verbatim.New()
	require.NoError(t, err)
	return a
}

// invented are the corpus's rows as examples, a group for each file.
func invented(t testing.TB) []model.Example {
	t.Helper()
	rows, err := corpus.All()
	require.NoError(t, err)
	return examples(rows)
}

// examples are rows as such, a group for each file.
func examples(rows []corpus.Row) []model.Example {
	files := map[string]uint64{}
	out := make([]model.Example, len(rows))
	for i, r := range rows {
		if _, ok := files[r.File]; !ok {
			files[r.File] = uint64(len(files))
		}
		out[i] = model.Example{Text: r.Text, Group: files[r.File], Class: model.Neutral}
		switch {
		case r.Score < 3:
			out[i].Class = model.Negative
		case r.Score > 3:
			out[i].Class = model.Positive
		}
	}
	return out
}

// basePull holds the words' weights back, much more than leaving out one of
// the corpus's files in turn would choose: the corpus is invented, full of traps,
// and what is frequent in it need not be elsewhere.
const basePull = 2.3

// The weights that ship are those that the corpus and the lexicon lead to. What
// is compared is the version, which is of the weights: compressors change.
func TestDocBaseIsTrainedOnTheCorpus(t *testing.T) {
	t.Parallel()
	m, err := model.Train(t.Context(), analyser(t), model.Each(invented(t)), model.Options{Prefix: "base", Pull: basePull, Seed: 1, Elsewhere: true})
	require.NoError(t, err)
	rows, _ := labelledRows(t)
	m, err = model.TrainHeads(t.Context(), analyser(t), slices.Values(rows), model.HeadOptions{Prefix: "base", Base: m, Seed: 1})
	require.NoError(t, err)
	shipped, err := model.Base()
	if *update && (err != nil || shipped.Version() != m.Version()) {
		require.NoError(t, os.WriteFile("base.bin", m.Encode(), 0o600))
		return
	}
	require.NoError(t, err)
	require.Equal(t, m.Version(), shipped.Version(), "run: go test ./services/internal/verbatim/model -run TestDoc -update")
}
