package model_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim/corpus"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// part are every so manyth of examples, and the others.
func part(examples []model.Example, one, of int) (in, out []model.Example) {
	for i, e := range examples {
		e.Group = uint64(i)
		if i%of == one {
			in = append(in, e)
		} else {
			out = append(out, e)
		}
	}
	return in, out
}

func train(t testing.TB, examples []model.Example, o model.Options) *model.Model {
	t.Helper()
	m, err := model.Train(t.Context(), analyser(t), model.Each(examples), o)
	require.NoError(t, err)
	return m
}

func evaluate(t testing.TB, m *model.Model, on []model.Example) model.Measures {
	t.Helper()
	out, err := model.Evaluate(t.Context(), analyser(t), m, model.Each(on))
	require.NoError(t, err)
	require.Equal(t, len(on), out.Answers)
	return out
}

func TestTrainingIsDeterministic(t *testing.T) {
	t.Parallel()
	some, _ := part(invented(t), 0, 6)
	first := train(t, some, model.Options{Seed: 7})
	require.Equal(t, first.Encode(), train(t, some, model.Options{Seed: 7}).Encode())
	require.NotEqual(t, first.Version(), train(t, some, model.Options{Seed: 8}).Version())
	require.Regexp(t, "^trained-[0-9a-f]{8}$", first.Version())
	require.Regexp(t, "^base-[0-9a-f]{8}$", base(t).Version())
}

// What was learnt shows on what was held out.
func TestTrainingLearns(t *testing.T) {
	t.Parallel()
	hold, learn := part(invented(t), 0, 5)
	blank := train(t, learn[:200], model.Options{})
	taught := train(t, learn, model.Options{})
	require.Greater(t, evaluate(t, taught, hold).AUC, evaluate(t, blank, hold).AUC+0.02)
}

// A deployment with few answers is not worse off for having trained.
func TestLittleDataMovesTheBaseLittle(t *testing.T) {
	t.Parallel()
	hold, rest := part(invented(t), 1, 2)
	from := train(t, rest, model.Options{Elsewhere: true, Pull: 3, Prefix: "from"}) // knows nothing of what is held out
	before := evaluate(t, from, hold)
	for of := range 4 {
		few, others := part(hold, of, 12)
		after := evaluate(t, train(t, few, model.Options{Base: from}), others)
		require.Greater(t, after.AUC, before.AUC-0.005, "%d answers", len(few))
		require.Greater(t, after.MacroF1, before.MacroF1-0.02, "%d answers", len(few))
		require.Greater(t, after.MacroF1Three, before.MacroF1Three-0.03, "%d answers", len(few))
	}
}

// Where few are dissatisfied, those few are still found.
func TestARareClassIsFound(t *testing.T) {
	t.Parallel()
	hold, learn := part(invented(t), 0, 3)
	rare := func(in []model.Example) (out []model.Example) {
		negative := 0
		for _, e := range in {
			if e.Class == model.Negative {
				if negative++; negative%16 != 0 {
					continue
				}
			}
			out = append(out, e)
		}
		return out
	}
	m := train(t, rare(learn), model.Options{Base: base(t)})
	got := evaluate(t, m, rare(hold)).ConfusionTwo
	found, all := got[0][0], got[0][0]+got[0][1]
	require.Greater(t, float64(found)/float64(all), 0.4, "%v", got)
	require.Greater(t, got.MacroF1(), 0.55, "%v", got)
}

func TestWeightsCount(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	some, _ := part(invented(t), 0, 6)
	const odd = "Le zinzolin du perron"
	before := says(a, train(t, some, model.Options{}), odd)
	some = append(some, model.Example{Text: odd, Class: model.Negative, Group: 1e6, Weight: 10})
	after := says(a, train(t, some, model.Options{}), odd)
	require.Greater(t, after[model.Negative], before[model.Negative]+0.05)
}

func TestWhatCannotBeTrained(t *testing.T) {
	t.Parallel()
	a, some := analyser(t), invented(t)[:300]
	_, err := model.Train(t.Context(), a, model.Each(some[:10]), model.Options{})
	require.ErrorIs(t, err, model.ErrTooFew)
	ctx, cancel := context.WithCancel(t.Context())
	last := 0
	_, err = model.Train(ctx, a, model.Each(some), model.Options{Progress: func(done, total int) {
		require.Equal(t, last+1, done)
		require.Less(t, done, total)
		if last = done; done == 5 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 5, last)
}

// A class that no example has is never found, and breaks nothing.
func TestTwoClassesAreEnough(t *testing.T) {
	t.Parallel()
	var two []model.Example
	for i, e := range invented(t)[:800] {
		if e.Class != model.Neutral {
			e.Group = uint64(i)
			two = append(two, e)
		}
	}
	m := train(t, two, model.Options{Base: base(t)})
	require.Greater(t, evaluate(t, m, two).MacroF1, 0.8)
}

// One source complains, the other is content: what they share is learnt, and not
// that whoever writes like the first complains.
func TestSourcesWithOtherBalances(t *testing.T) {
	t.Parallel()
	rows, err := corpus.All()
	require.NoError(t, err)
	all := invented(t)
	seen := map[model.Class]int{}
	var learn, hold []model.Example
	for i, e := range all {
		e.Group = uint64(len(rows[i].Lang)) // one
		rare := model.Positive
		if rows[i].Lang != "en" {
			e.Group, rare = 7, model.Negative
		}
		switch {
		case i%4 == 0:
			hold = append(hold, e)
		case e.Class != rare:
			learn = append(learn, e)
		default:
			if seen[rare]++; seen[rare]%10 == 0 {
				learn = append(learn, e)
			}
		}
	}
	before := evaluate(t, base(t), hold)
	after := evaluate(t, train(t, learn, model.Options{Base: base(t), Elsewhere: true}), hold)
	require.Greater(t, after.MacroF1, before.MacroF1-0.02, "%v", after.ConfusionTwo)
	// Of one source that complains, too.
	var one []model.Example
	for _, e := range learn {
		if e.Group != 7 {
			one = append(one, e)
		}
	}
	after = evaluate(t, train(t, one, model.Options{Base: base(t), Elsewhere: true}), hold)
	require.Greater(t, after.MacroF1, before.MacroF1-0.02, "%v", after.ConfusionTwo)
}
