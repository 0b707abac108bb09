package model_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

func trainHeads(t testing.TB, rows []model.Labelled, o model.HeadOptions) *model.Model {
	t.Helper()
	m, err := model.TrainHeads(t.Context(), analyser(t), slices.Values(rows), o)
	require.NoError(t, err)
	return m
}

// The same examples give the same heads; the sentiment stays the base's; training
// the sentiment keeps the heads.
func TestHeadsAreTrainedBesideTheSentiment(t *testing.T) {
	t.Parallel()
	rows, _ := labelledRows(t)
	some, b := rows[:900], base(t)
	m := trainHeads(t, some, model.HeadOptions{Base: b, Seed: 7})
	require.Equal(t, m.Encode(), trainHeads(t, some, model.HeadOptions{Base: b, Seed: 7}).Encode())
	require.NotEqual(t, m.Version(), trainHeads(t, some, model.HeadOptions{Base: b, Seed: 8}).Version())
	require.Regexp(t, "^trained-[0-9a-f]{8}$", m.Version())
	a := analyser(t)
	for _, r := range some[:100] {
		require.Equal(t, says(a, b, r.Text), says(a, m, r.Text))
	}
	again, err := model.Decode(m.Encode())
	require.NoError(t, err)
	require.Equal(t, m, again)
	sentiment := train(t, invented(t)[:900], model.Options{Base: m})
	require.Equal(t, tallied(a, m, some), tallied(a, sentiment, some))
	require.NotEqual(t, m.Version(), sentiment.Version())
}

// What is learnt on some files of the corpus shows on another, over the rules alone.
func TestHeadsLearnWhatCarriesOver(t *testing.T) {
	t.Parallel()
	rows, files := labelledRows(t)
	hold := uint64(slices.Index(files, "fr-divers.tsv"))
	var learn, held []model.Labelled
	for _, r := range rows {
		if r.Group == hold {
			held = append(held, r)
		} else {
			learn = append(learn, r)
		}
	}
	blank := train(t, invented(t)[:600], model.Options{})
	a, m := analyser(t), trainHeads(t, learn, model.HeadOptions{Base: blank})
	rules, both := tallied(a, nil, held), tallied(a, m, held)
	require.Greater(t, both[len(both)-1].f1(), rules[len(rules)-1].f1()+0.01)
}

// A word that a deployment's corrections have is learnt, and a few of them change
// little else.
func TestCorrectionsAreLearnt(t *testing.T) {
	t.Parallel()
	a, b := analyser(t), base(t)
	rows, _ := labelledRows(t)
	var corrections []model.Labelled
	for i, text := range []string{
		"Le zinzolin du perron", "Encore ce zinzolin", "Un zinzolin de plus", "Mon zinzolin hier", "Quel zinzolin", "Zinzolin partout",
		"Du zinzolin dans le hall", "Vu le zinzolin mardi", "Notre zinzolin", "Le même zinzolin", "Un grand zinzolin", "Deux zinzolins et un zinzolin",
	} {
		corrections = append(corrections, model.Labelled{
			Text: text, Dimensions: []verbatim.Dimension{verbatim.Product}, Intents: []verbatim.Intent{verbatim.Suggestion}, Group: uint64(i), Weight: 10,
		})
	}
	m := trainHeads(t, corrections, model.HeadOptions{Base: b})
	dims, intents := refined(a, m, "Ce zinzolin du couloir")
	require.Contains(t, dims, "P")
	require.Contains(t, intents, "suggestion")
	before, after := tallied(a, b, rows), tallied(a, m, rows)
	for k, name := range headNames {
		require.Greater(t, after[k].f1(), before[k].f1()-0.03, name)
	}
}

func TestWhatHeadsCannotBeTrainedOn(t *testing.T) {
	t.Parallel()
	a, b := analyser(t), base(t)
	rows, _ := labelledRows(t)
	_, err := model.TrainHeads(t.Context(), a, slices.Values(rows[:50]), model.HeadOptions{})
	require.ErrorIs(t, err, model.ErrNoBase)
	_, err = model.TrainHeads(t.Context(), a, slices.Values([]model.Labelled{{Text: "Rien"}, {Text: ""}}), model.HeadOptions{Base: b})
	require.ErrorIs(t, err, model.ErrTooFew)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = model.TrainHeads(ctx, a, slices.Values(rows[:50]), model.HeadOptions{Base: b})
	require.ErrorIs(t, err, context.Canceled)
	// Of what no example has, nothing is found.
	blank := train(t, invented(t)[:600], model.Options{})
	m := trainHeads(t, []model.Labelled{{Text: "Rien de plus", Group: 1}, {Text: "Tout va bien ici", Group: 2}}, model.HeadOptions{Base: blank})
	require.Equal(t, tallied(a, nil, rows[:300]), tallied(a, m, rows[:300]))
}

// What nobody has spoken of is not learnt: neither that it is there nor that it is not.
func TestWhatIsUnsaidIsNotLearnt(t *testing.T) {
	t.Parallel()
	a, b := analyser(t), base(t)
	rows, _ := labelledRows(t)
	some := slices.Clone(rows[:300])
	for i := range some {
		some[i].Intents, some[i].IntentsUnsaid = nil, true
	}
	themes := trainHeads(t, some, model.HeadOptions{Base: b})
	require.NotEqual(t, b.Version(), themes.Version())
	for i := range some {
		some[i].Intents = []verbatim.Intent{verbatim.Suggestion} // said by nobody
	}
	require.Equal(t, themes.Encode(), trainHeads(t, some, model.HeadOptions{Base: b}).Encode())
	before, after := tallied(a, b, rows), tallied(a, themes, rows)
	require.Equal(t, before[4:12], after[4:12])
	require.NotEqual(t, before[:4], after[:4])
	for i := range some {
		some[i].DimensionsUnsaid = true
	}
	nothing := trainHeads(t, some, model.HeadOptions{Base: b, Prefix: "base"})
	require.Equal(t, b.Version(), nothing.Version(), "to the bit")
}

func TestAModelIsJoinedOfTwo(t *testing.T) {
	t.Parallel()
	a, b := analyser(t), base(t)
	rows, _ := labelledRows(t)
	taught := trainHeads(t, rows[:300], model.HeadOptions{Base: b})
	sentiment := train(t, invented(t)[:900], model.Options{Base: b})
	m := model.Join(sentiment, taught)
	require.Regexp(t, "^trained-[0-9a-f]{8}$", m.Version())
	require.Equal(t, tallied(a, taught, rows), tallied(a, m, rows))
	for _, r := range rows[:100] {
		require.Equal(t, says(a, sentiment, r.Text), says(a, m, r.Text))
	}
	require.Same(t, b, model.Join(b, b))
	require.Same(t, m, model.Join(m, taught))
	again, err := model.Decode(m.Encode())
	require.NoError(t, err)
	require.Equal(t, m, again)
}
