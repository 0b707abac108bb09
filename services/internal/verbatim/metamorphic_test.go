package verbatim_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

var update = flag.Bool("update", false, "write the golden file anew; then read it")

// A negation turns or weakens; a word of degree does not weaken.
func TestOperatorsDoWhatTheyShould(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	score := func(format, word string) float64 { return a.Read(fmt.Sprintf(format, word)).Sentiment.Score }
	for _, w := range strings.Fields("aimable gentil rapide efficace propre agréable satisfait sale bruyant lent désagréable malpoli fragile") {
		plain, not, very := score("Le vendeur est %s", w), score("Le vendeur n'est pas %s", w), score("Le vendeur est très %s", w)
		require.NotZero(t, plain, w)
		require.Less(t, not*plain, plain*plain, w)
		require.GreaterOrEqual(t, very*plain, plain*plain, w)
	}
	for _, w := range strings.Fields("friendly helpful clean efficient happy rude dirty slow unreliable broken noisy") {
		plain, not, very := score("The desk was %s", w), score("The desk was not %s", w), score("The desk was very %s", w)
		require.NotZero(t, plain, w)
		require.Less(t, not*plain, plain*plain, w)
		require.GreaterOrEqual(t, very*plain, plain*plain, w)
	}
}

func TestNamesChangeNothing(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	for _, text := range []string{"%s a été très aimable, merci", "%s never called me back", "Je n'ai pas aimé la façon dont %s m'a répondu"} {
		want := a.Read(fmt.Sprintf(text, "Amina")).Sentiment
		for _, name := range []string{"Thibault", "Mme Nguyen", "Zoé", "Kowalczyk"} {
			require.Equal(t, want, a.Read(fmt.Sprintf(text, name)).Sentiment, name)
		}
	}
}

// proven are texts whose themes and intents stand in the golden file, too.
var proven = []string{
	"Livraison rapide, produit conforme, je recommande",
	"Très déçue 😡 : la crème brûlée était tiède, et le maître d’hôtel désagréable",
	"ÉTÉ GÂCHÉ. Sans eau chaude depuis trois jours… Rappelez-moi dès que possible !",
	"Je résilie mon abonnement et j’exige le remboursement, sinon je saisis le médiateur.",
	"Accueil, chambre, petit-déjeuner : tout était parfait",
	"Bon produit, mais délai interminable… « Désolé », dit-on à Zoé",
	"Merci à Amélie pour sa patience, ce serait bien d’ouvrir le dimanche",
	"Great food — but the waiter was rude, never again!",
	"Naïve of me: I’m taking my business elsewhere, please call me back",
	"Remboursement reçu en deux jours, je ne changerai pas",
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	var b strings.Builder
	for _, l := range labelled {
		for _, text := range l.texts {
			got := a.Read(text)
			if len(got.Findings) < 2 {
				continue
			}
			fmt.Fprintf(&b, "%s\n  %s %s\n", text, got.Language, got.Sentiment.Label)
			for _, f := range got.Findings {
				e := a.Entry(f.Entry)
				fmt.Fprintf(&b, "  %d-%d %q %s %s: %.1f -> %.2f %s\n", f.Start, f.End, text[f.Start:f.End], e.File, e.Text, f.Strength, f.Polarity,
					strings.Join(slices.Collect(f.Rules.All()), " "))
			}
		}
	}
	for _, text := range proven {
		out := a.Read(text)
		fmt.Fprintf(&b, "%s\n", text)
		prove := func(what string, evidence []verbatim.Finding) {
			fmt.Fprintf(&b, "  %s\n", what)
			for _, f := range evidence {
				e := a.Entry(f.Entry)
				fmt.Fprintf(&b, "    %d-%d %q %s %s: %.2f\n", f.Start, f.End, text[f.Start:f.End], e.File, e.Text, f.Polarity)
			}
		}
		for _, th := range out.Themes {
			prove(strings.TrimSpace(fmt.Sprintf("%s %s %s", th.Dimension.Letter(), th.ID, th.Polarity)), th.Evidence)
		}
		for _, in := range out.Intents {
			prove(in.Intent.String(), in.Evidence)
		}
	}
	const path = "testdata/evidence.golden"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./internal/verbatim -update writes it")
	require.Equal(t, string(want), b.String())
}
