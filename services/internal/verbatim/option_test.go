package verbatim_test

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

func TestOwnThemes(t *testing.T) {
	t.Parallel()
	plain := analyser(t)
	a, err := verbatim.New(verbatim.WithThemes(
		verbatim.OwnTheme{ID: "loyalty_card", Dimension: verbatim.Product, French: []string{"carte(s) [fidélité|de fidélité]"}, English: []string{"loyalty card(s)"}, File: "own.yaml", Line: 3},
		verbatim.OwnTheme{ID: "strike", Dimension: verbatim.Responsiveness, French: []string{"grève(s)"}, Polarity: -2, File: "own.yaml", Line: 9},
		verbatim.OwnTheme{ID: "delivery_time", Dimension: verbatim.Responsiveness, French: []string{"camionnette"}, File: "own.yaml", Line: 12},
	))
	require.NoError(t, err)
	require.NotEqual(t, plain.Version(), a.Version(), "they are part of what is found")

	themes := map[string]verbatim.Theme{}
	const text = "Carte de fidélité très pratique, livraison pendant la grève. La camionnette était à l'heure"
	for _, th := range a.Read(text).Themes {
		themes[th.ID] = th
	}
	require.Equal(t, verbatim.Positive, themes["loyalty_card"].Polarity)
	require.Equal(t, "Carte de fidélité", text[themes["loyalty_card"].Evidence[0].Start:themes["loyalty_card"].Evidence[0].End])
	require.Equal(t, "own.yaml", a.Entry(themes["loyalty_card"].Evidence[0].Entry).File)
	require.Equal(t, verbatim.Negative, themes["strike"].Polarity)
	require.Equal(t, verbatim.Responsiveness, themes["delivery_time"].Dimension)
	require.Equal(t, plain.Read(text).Sentiment, a.Read(text).Sentiment, "they take nothing from the sentiment")
	require.Contains(t, plain.Read(text).Themes[0].ID, "loyalty", "what is shipped is found beside them")

	require.True(t, slices.ContainsFunc(a.Read("Where is my loyalty card?").Themes, func(th verbatim.Theme) bool { return th.ID == "loyalty_card" }))
}

// The error says everything that is wrong, with its place.
func TestWrongOwnThemesAreAllNamed(t *testing.T) {
	t.Parallel()
	_, err := verbatim.New(verbatim.WithThemes(
		verbatim.OwnTheme{ID: "Wrong Id", Dimension: verbatim.Product, French: []string{"x"}, File: "own.yaml", Line: 1},
		verbatim.OwnTheme{ID: "nothing", Dimension: verbatim.Product, File: "own.yaml", Line: 2},
		verbatim.OwnTheme{ID: "nowhere", French: []string{"x"}, File: "own.yaml", Line: 3},
		verbatim.OwnTheme{ID: "brackets", Dimension: verbatim.Product, French: []string{"a(b", "c~zz", "", "..."}, English: []string{"{none}"}, File: "own.yaml", Line: 4},
		verbatim.OwnTheme{ID: "food", Dimension: verbatim.Overall, French: []string{"y"}, File: "own.yaml", Line: 5},
		verbatim.OwnTheme{ID: "loud", Dimension: verbatim.Product, French: []string{"z"}, Polarity: 7, File: "own.yaml", Line: 6},
		verbatim.OwnTheme{ID: "one", Dimension: verbatim.Product, French: []string{"twice"}, File: "own.yaml", Line: 7},
		verbatim.OwnTheme{ID: "two", Dimension: verbatim.Product, French: []string{"twice"}, File: "own.yaml", Line: 8},
	))
	require.Error(t, err)
	for _, want := range []string{
		`own.yaml:1: theme "Wrong Id": an id is lower case`, `own.yaml:2: theme "nothing": has no terms`, `own.yaml:3: theme "nowhere": has no dimension`,
		`own.yaml:4: theme "brackets": "a(b": brackets must be closed`, `there is no class ~zz`, `own.yaml:4: theme "brackets": an entry is empty`,
		`punctuation is never matched`, `there is no set {none}`, `own.yaml:5: theme "food": is of product_service_quality`, `own.yaml:6: theme "loud": its polarity`,
		`own.yaml:8: theme "two": "twice" is a term of "one" already`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "own.yaml:7")
}

// Data that are wrong name every line.
func TestWrongDataAreAllNamed(t *testing.T) {
	t.Parallel()
	data := fstest.MapFS{}
	files, err := fs.Glob(os.DirFS("data"), "*.tsv")
	require.NoError(t, err)
	for _, f := range files {
		text, err := os.ReadFile("data/" + f)
		require.NoError(t, err)
		data[f] = &fstest.MapFile{Data: text}
	}
	_, err = verbatim.Load(data)
	require.NoError(t, err)

	wrong := strings.Join([]string{"X food\tpain", "P\tpain", "P food 9\tpain", "P food odd\tpain", "G food\tpain", "P food", "G loyalty -2 follows\tno_such_intent", "set wrong\ta(b"}, "\n")
	data["themes.fr.tsv"] = &fstest.MapFile{Data: append([]byte("P food\tpain\n"), wrong...)}
	data["intents.en.tsv"] = &fstest.MapFile{Data: []byte("churn\tleave\nurgent 4\tnow\nurgent very\tnow\nurgent\tn[o\n")}
	_, err = verbatim.Load(data)
	require.Error(t, err)
	for _, want := range []string{
		"themes.fr.tsv:2:", "themes.fr.tsv:3:", "themes.fr.tsv:4:", "themes.fr.tsv:5:", "themes.fr.tsv:6:", "themes.fr.tsv:7:", "themes.fr.tsv:8:", "themes.fr.tsv:9:",
		"intents.en.tsv:1:", "intents.en.tsv:2:", "intents.en.tsv:3:", "intents.en.tsv:4:",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestDimensions(t *testing.T) {
	t.Parallel()
	for letter, name := range map[string]string{"P": "product_service_quality", "C": "communication_relationship", "R": "responsiveness_after_sales", "G": "overall_experience"} {
		d, ok := verbatim.ParseDimension(name)
		require.True(t, ok)
		require.Equal(t, letter, d.Letter())
		byLetter, ok := verbatim.ParseDimension(letter)
		require.True(t, ok)
		require.Equal(t, name, byLetter.String())
	}
	_, ok := verbatim.ParseDimension("")
	require.False(t, ok)
	_, ok = verbatim.ParseDimension("-")
	require.False(t, ok)
}
