package model_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

func base(t testing.TB) *model.Model {
	t.Helper()
	m, err := model.Base()
	require.NoError(t, err)
	return m
}

// says is what a model makes of a text.
func says(a *verbatim.Analyser, m *model.Model, text string) [3]float64 {
	var s verbatim.Scratch
	found := a.Analyse(&s, text)
	return m.Predict(&s, &found)
}

func check(t require.TestingT, a *verbatim.Analyser, m *model.Model, text string) {
	p := says(a, m, text)
	sum := 0.0
	for _, v := range p {
		require.True(t, v >= 0 && v <= 1, "%v", p)
		sum += v
	}
	require.InDelta(t, 1, sum, 1e-9)
	v := m.Verdict(p)
	require.True(t, v.Score >= -1 && v.Score <= 1, "%v", v)
	require.True(t, v.Class != model.Negative || v.Score <= 0, "%v", v)
	require.True(t, v.Class != model.Positive || v.Score >= 0, "%v", v)
}

func TestAnyTextHasProbabilities(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), base(t)
	words := strings.Fields("pas ne plus mais très bon nul. jamais l'agent isn't not good ! ? … 😀 12 www.rappel.fr \xff é")
	rapid.Check(t, func(r *rapid.T) {
		check(r, a, m, strings.Join(rapid.SliceOf(rapid.SampledFrom(words)).Draw(r, "words"), " "))
		check(r, a, m, rapid.String().Draw(r, "text"))
	})
	check(t, a, m, "")
	check(t, a, m, strings.Repeat("nul ", verbatim.MaxText/4))
}

func TestClearTextsAreClear(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), base(t)
	for want, texts := range map[model.Class][]string{
		model.Positive: {"jamais déçu", "Accueil chaleureux, je recommande", "Great service and friendly staff", "😀👍"},
		model.Negative: {"Service nul, je suis très déçu", "Je n'ai toujours pas reçu mon colis", "The staff was rude and the room dirty", "Service nul"},
		model.Neutral:  {"Rien à signaler", "Nothing to report", "J'ai acheté une lampe.", "Colis reçu le 12.", "Livraison mardi", "My appointment is on Tuesday"},
	} {
		for _, text := range texts {
			require.Equal(t, want.Label(), m.Verdict(says(a, m, text)).Class.Label(), "%q", text)
		}
	}
}

// Neither capitals nor lost accents change what is said; what was said twice is
// said no less; a negation makes what is good less so.
func TestWhatSpellingAndNegationDo(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), base(t)
	bare := strings.NewReplacer("é", "e", "è", "e", "ê", "e", "à", "a", "ç", "c", "’", "'")
	for _, e := range invented(t) {
		p := says(a, m, e.Text)
		if q := says(a, m, bare.Replace(e.Text)); m.Verdict(p).Class != m.Verdict(q).Class {
			// Accents vote for the language; where a text is not French without them, another lexicon reads it.
			require.NotEqual(t, a.Read(e.Text).Language, a.Read(bare.Replace(e.Text)).Language, "%q", e.Text)
		}
	}
	for good, not := range map[string]string{
		"je suis satisfait": "je ne suis pas satisfait", "The staff was friendly": "The staff was not friendly",
		"ils sont à l'écoute": "ils ne sont pas à l'écoute", "I would recommend them": "I would not recommend them",
	} {
		require.Less(t, says(a, m, not)[model.Positive], says(a, m, good)[model.Positive], not)
		require.Greater(t, says(a, m, not)[model.Negative], says(a, m, good)[model.Negative], not)
		require.Equal(t, says(a, m, good), says(a, m, strings.ToUpper(good[:1])+good[1:]))
	}
}

func TestPredictDoesNotAllocate(t *testing.T) {
	a, m := analyser(t), base(t)
	var s verbatim.Scratch
	found := a.Analyse(&s, "Le vendeur n'est pas aimable, mais la livraison était rapide.")
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Predict(&s, &found) }))
}

func TestTallyMeasures(t *testing.T) {
	t.Parallel()
	var y model.Tally
	require.Zero(t, y.Measures().Answers)
	y.Add(model.Negative, model.Verdict{Score: -0.9, Class: model.Negative})
	y.Add(model.Positive, model.Verdict{Score: 0.9, Class: model.Positive})
	y.Add(model.Positive, model.Verdict{Score: -0.1, Class: model.Neutral})
	y.Add(model.Neutral, model.Verdict{Score: 0.4, Class: model.Neutral})
	m := y.Measures()
	require.Equal(t, 4, m.Answers)
	require.True(t, m.Ranked)
	require.Equal(t, 1.0, m.AUC)
	require.Equal(t, 0.75, m.Accuracy)
	require.Equal(t, 2.0/3, m.AccuracyTwo)
	require.Equal(t, 0.75, m.BalancedAccuracy)
	require.InDelta(t, (1+2.0/3+2.0/3)/3, m.MacroF1Three, 1e-12)
	require.Equal(t, []int{0, 1, 1}, m.Confusion[model.Positive])
	for _, c := range []model.Class{model.Negative, model.Neutral, model.Positive} {
		require.Equal(t, c, model.LexiconVerdict(verbatim.Sentiment{Label: c.Label()}).Class)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := model.Evaluate(ctx, analyser(t), base(t), model.Each(invented(t)))
	require.ErrorIs(t, err, context.Canceled)
}

// Of the texts that get a probability, about that share is of the class: on a
// file of the corpus that the model was not trained on, within a tenth on average.
func TestProbabilitiesAreCalibrated(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	var learn, hold []model.Example
	for i, e := range invented(t) {
		e.Group = uint64(i)
		if i%4 == 0 {
			hold = append(hold, e)
		} else {
			learn = append(learn, e)
		}
	}
	m, err := model.Train(t.Context(), a, model.Each(learn), model.Options{})
	require.NoError(t, err)
	var said, true_ [10]float64
	for _, e := range hold {
		p := says(a, m, e.Text)[model.Negative]
		bin := min(9, int(p*10))
		said[bin] += p
		if e.Class == model.Negative {
			true_[bin]++
		}
	}
	off := 0.0
	for bin := range said {
		off += math.Abs(said[bin] - true_[bin])
	}
	require.Less(t, off/float64(len(hold)), 0.06)
}

const sentence = "Le vendeur n'est pas très aimable, mais la livraison était rapide et le produit conforme. Je recommande quand même ce magasin à mes amis et voisins !!"

func BenchmarkPredict(b *testing.B) {
	a, m := analyser(b), base(b)
	var s verbatim.Scratch
	found := a.Analyse(&s, sentence)
	b.ReportAllocs()
	for b.Loop() {
		m.Predict(&s, &found)
	}
}

func BenchmarkRefine(b *testing.B) {
	a, m := analyser(b), base(b)
	var s verbatim.Scratch
	found := a.Analyse(&s, sentence)
	b.ReportAllocs()
	for b.Loop() {
		m.Refine(&s, &found)
	}
}

// BenchmarkFullAnalysis is all that the scorer does for a verbatim of 150 bytes,
// other than carrying it.
func BenchmarkFullAnalysis(b *testing.B) {
	a, m := analyser(b), base(b)
	var s verbatim.Scratch
	b.ReportAllocs()
	b.SetBytes(int64(len(sentence)))
	for b.Loop() {
		found := a.Analyse(&s, sentence)
		m.Verdict(m.Predict(&s, &found))
		m.Refine(&s, &found)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verbatims/s")
}

func BenchmarkTrain(b *testing.B) {
	a, examples := analyser(b), invented(b)
	if testing.Short() {
		examples = examples[:200]
	}
	for b.Loop() {
		_, err := model.Train(b.Context(), a, model.Each(examples), model.Options{Base: base(b)})
		require.NoError(b, err)
	}
}
