package model_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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
		good, bad, said := false, false, false
		for _, th := range found.Themes {
			if th.Dimension == d {
				said, good, bad = true, good || th.Polarity == verbatim.Positive, bad || th.Polarity == verbatim.Negative
			}
		}
		if said {
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

// What heads add has evidence in the text, on the boundaries of characters, and
// says that it was the model; no theme comes twice, and what needs an eye stays.
func checkRefined(t require.TestingT, a *verbatim.Analyser, m *model.Model, text string) {
	var s verbatim.Scratch
	before := a.Read(text)
	found := a.Analyse(&s, text)
	m.Refine(&s, &found)
	ids := map[string]bool{}
	evidence := func(name string, proofs []verbatim.Finding, model bool) {
		require.NotEmpty(t, proofs, "%q %s", text, name)
		last := int32(0)
		for _, f := range proofs {
			require.True(t, f.Start >= 0 && f.Start < f.End && int(f.End) <= len(text), "%q %s %+v", text, name, f)
			require.True(t, utf8.RuneStart(text[f.Start]), "%q %s", text, name)
			require.True(t, int(f.End) == len(text) || utf8.RuneStart(text[f.End]), "%q %s", text, name)
			if model {
				require.GreaterOrEqual(t, f.Start, last, "%q %s", text, name)
				require.Equal(t, verbatim.ByModel, f.Entry)
				require.Equal(t, verbatim.Entry{Text: "model"}, a.Entry(f.Entry))
				last = f.End
			} else {
				require.Positive(t, f.Entry)
			}
		}
	}
	for _, th := range found.Themes {
		key := th.ID + th.Dimension.Letter()
		require.False(t, ids[key], "%q has %s twice", text, key)
		ids[key] = true
		evidence(key, th.Evidence, th.ID == "")
		if th.ID == "" {
			require.False(t, slices.ContainsFunc(before.Themes, func(o verbatim.Theme) bool { return o.Dimension == th.Dimension }), "%q", text)
		}
	}
	had := map[verbatim.Intent]bool{}
	for _, in := range before.Intents {
		had[in.Intent] = true
	}
	for _, in := range found.Intents {
		evidence(in.Intent.String(), in.Evidence, !had[in.Intent])
		delete(had, in.Intent)
	}
	require.Empty(t, had, "%q: no intent is taken back", text)
}

func TestWhatHeadsFindHasEvidence(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), base(t)
	rows, _ := labelledRows(t)
	for _, r := range rows {
		checkRefined(t, a, m, r.Text)
	}
	words := strings.Fields("pas ne plus jamais très bon nul. l'agent isn't not ! ? … 😀 12 www.rappel.fr \xff é reviendrai client attente rembourser urgent cancel waiting été")
	rapid.Check(t, func(r *rapid.T) {
		checkRefined(r, a, m, strings.Join(rapid.SliceOf(rapid.SampledFrom(words)).Draw(r, "words"), " "))
		checkRefined(r, a, m, rapid.String().Draw(r, "text"))
	})
	checkRefined(t, a, m, strings.Repeat("cancel my rénovation. ", verbatim.MaxText/20))
}

// They find something that rules do not, and say where.
func TestHeadsFindWhatRulesDoNot(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), base(t)
	rows, _ := labelledRows(t)
	rules, both := tallied(a, nil, rows), tallied(a, m, rows)
	for k, name := range headNames {
		require.GreaterOrEqual(t, both[k].f1(), rules[k].f1(), name)
	}
	require.Greater(t, both[len(both)-1].f1(), rules[len(rules)-1].f1()+0.05)
}

// Neither capitals nor lost accents nor a name change what is found, where they do
// not change what the rules make of a text.
func TestSpellingChangesNothingRefined(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), base(t)
	for text, other := range map[string]string{
		"La cérémonie est samedi et la robe est encore chez vous": "la ceremonie est samedi et la robe est encore chez vous",
		"You won't see me on board again":                         "YOU WON'T SEE ME ON BOARD AGAIN",
		"Merci à Nadia, elle a tout réglé":                        "Merci à Fatou, elle a tout réglé",
		"On est partis voir la banque d'en face":                  "on est partis voir la banque d’en face",
	} {
		dims, intents := refined(a, m, text)
		otherDims, otherIntents := refined(a, m, other)
		require.Equal(t, dims+"|"+intents, otherDims+"|"+otherIntents, other)
	}
}

// What the rules saw denied is not proposed again.
func TestHeadsDoNotProposeWhatWasDenied(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), base(t)
	for _, text := range []string{
		"Je ne résilie pas mon contrat", "Je ne vais pas résilier mon contrat", "I do not want to cancel my contract", "I am not leaving you",
		"Rien d'urgent", "Pas besoin de me rappeler", "No need to call me back", "Je ne demande pas le remboursement", "",
		"Muy bueno, todo perfecto", "Sehr gut, schnelle Lieferung", "Rien à signaler", "Nothing to report",
	} {
		_, intents := refined(a, m, text)
		require.Empty(t, intents, text)
	}
}

func TestRefineDoesNotAllocate(t *testing.T) {
	a, m := analyser(t), base(t)
	var s verbatim.Scratch
	for _, text := range []string{sentence, strings.Repeat(sentence+" I will take my business to the place opposite. ", 20)} {
		refine := func() {
			found := a.Analyse(&s, text)
			m.Refine(&s, &found)
		}
		refine()
		require.Zero(t, testing.AllocsPerRun(100, refine))
	}
}

func TestAModelWithoutHeadsRefinesNothing(t *testing.T) {
	t.Parallel()
	a, m := analyser(t), train(t, invented(t)[:600], model.Options{})
	again, err := model.Decode(m.Encode())
	require.NoError(t, err)
	require.Equal(t, m, again)
	for _, e := range invented(t)[:200] {
		var s verbatim.Scratch
		found := a.Analyse(&s, e.Text)
		themes, intents := len(found.Themes), len(found.Intents)
		again.Refine(&s, &found)
		require.Equal(t, [2]int{themes, intents}, [2]int{len(found.Themes), len(found.Intents)})
	}
}

// A theme of a deployment's own is never taken back.
func TestOwnThemesStay(t *testing.T) {
	t.Parallel()
	a, err := verbatim.New(verbatim.WithThemes(verbatim.OwnTheme{ID: "flight", Dimension: verbatim.Product, French: []string{"vol"}, English: []string{"flight"}}))
	require.NoError(t, err)
	m := base(t)
	for _, text := range []string{"My flight was delayed again", "What is the number of my flight", "Mon vol est annulé, on attend depuis hier"} {
		var s verbatim.Scratch
		found := a.Analyse(&s, text)
		m.Refine(&s, &found)
		require.True(t, slices.ContainsFunc(found.Themes, func(t verbatim.Theme) bool { return t.ID == "flight" }), text)
	}
}
