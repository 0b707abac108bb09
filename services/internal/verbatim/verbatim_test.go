package verbatim_test

import (
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// shipped is one for all tests: it is safe for them to share.
var shipped = sync.OnceValues(func() (*verbatim.Analyser, error) { return verbatim.New() })

func analyser(t testing.TB) *verbatim.Analyser {
	t.Helper()
	a, err := shipped()
	require.NoError(t, err)
	return a
}

// labelled are texts with the label that a careful reader gives them.
var labelled = []struct {
	want  verbatim.Label
	texts []string
}{
	{verbatim.Positive, []string{
		"jamais déçu", "aucun souci", "rien à redire", "sans reproche", "je ne changerai pas", "toujours satisfait",
		"j'ai failli attendre", "pas mal", "pas mauvais du tout", "not bad at all", "can't complain", "couldn't be better",
		"nothing to complain about", "sans aucun problème", "super!Merci", "😀👍", "livraison rapide et soignee, je recommande",
		"Great service and friendly staff", "Je n'ai jamais eu de problème avec eux", "Accueil chaleureux, conseillère à l'écoute.",
		"Thank you for the quick delivery", "TOUT EST PARFAIT", "Never had a problem, highly recommend",
		"Un peu d'attente mais le vendeur était adorable et très compétent",
		"Le technicien est arrivé à l'heure, il a trouvé la panne en dix minutes et m'a tout expliqué. Je suis ravie, merci à lui !",
		"The room was small but spotless, and the lady at the desk could not have been kinder. We will be back.",
	}},
	{verbatim.Negative, []string{
		"Je n'ai toujours pas reçu mon colis", "😡😡", "SERVICE NUL, JE SUIS TRES DECU", "service nul.Jamais de reponse",
		"Le produit ne fonctionne pas et le vendeur n'est pas aimable", "ça marche pas", "Je ne recommande pas",
		"je recommande pas du tout", "j'aurais aimé un accueil plus chaleureux", "The staff was not friendly and the room was dirty",
		"Not very helpful", "pas très content de la livraison", "Aucune réponse du service client depuis 3 semaines",
		"I never received my parcel and nobody answers the phone", "Le plat était froid, le serveur désagréable",
		"They cancelled my flight and I am still waiting for a refund", "Jolie boutique mais vendeuse très impolie",
		"Réseau inexistant chez moi depuis deux mois ; trois appels, trois réponses différentes, et la facture continue d'augmenter.",
		"Great location, but the bed was broken, the bathroom filthy and the manager rude.",
	}},
	{verbatim.Neutral, []string{
		"", " \n ", "RAS", "Rien à signaler", "Nothing.", "N/A", "Rien", "résiliation de mon ANCIEN contrat", "J'ai acheté une lampe.",
		"I bought a lamp on Monday.", "Muy bueno, todo perfecto", "Ottimo servizio, consegna veloce", "Sehr gut, schnelle Lieferung",
	}},
}

func TestLabels(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	for _, l := range labelled {
		for _, text := range l.texts {
			require.Equal(t, l.want.String(), a.Read(text).Sentiment.Label.String(), "%q %+v", text, a.Read(text))
		}
	}
}

// Neither capitals nor lost accents change what a text says.
func TestSpellingChangesNoLabel(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	bare := strings.NewReplacer("é", "e", "è", "e", "ê", "e", "à", "a", "ç", "c", "É", "E", "'", "’")
	for _, l := range labelled {
		for _, text := range l.texts {
			if text == "N/A" {
				continue
			}
			require.Equal(t, l.want.String(), a.Read(bare.Replace(text)).Sentiment.Label.String(), "%q", bare.Replace(text))
			require.Equal(t, l.want.String(), a.Read(strings.ToUpper(text)).Sentiment.Label.String(), "%q", strings.ToUpper(text))
		}
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	for want, texts := range map[string][]string{
		"fr":    {"jamais déçu", "Je suis tres decu du service", "L'agent n'est pas venu", "cest nul"},
		"en":    {"Great service", "I can't complain", "It isn't what I ordered"},
		"mixed": {"Je suis très content de la livraison et du produit. But the phone call with your service was not what I wanted at all."},
		"unknown": {
			"", "😀", "Muy bueno, todo perfecto", "Ottimo servizio, consegna veloce", "Sehr gut, schnelle Lieferung", "Zeer goede service, snelle levering",
			"Muito bom, recomendo", "خدمة ممتازة", "服务很好", "bardzo dobra obsługa",
		},
	} {
		for _, text := range texts {
			require.Equal(t, want, a.Read(text).Language.String(), "%q", text)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"l'agent n’est": "l'|agent|n'|est", "aujourd'hui": "aujourdhui", "isn't it's": "isnt|it|'s", "nul.Jamais": "nul||jamais",
		"3.5 rappel.fr S.A.V. ok": "3.5||sav|ok", "suuuper Œuf": "suuper|oeuf", "peut-être": "peut|etre", ":-) ❤️": ":)|❤", "a\xffb": "a|b",
	} {
		var s verbatim.Scratch
		s.Scan(text)
		var got []string
		for i := range s.Tokens() {
			got = append(got, string(s.Folded(&s.Tokens()[i])))
		}
		require.Equal(t, want, strings.Join(got, "|"), "%q", text)
	}
}

// check holds what is promised of every text.
func check(t require.TestingT, a *verbatim.Analyser, text string) {
	var s verbatim.Scratch
	out := a.Analyse(&s, text)
	require.True(t, out.Sentiment.Score >= -1 && out.Sentiment.Score <= 1)
	require.Equal(t, len(text) > verbatim.MaxText, out.Cut)
	last := int32(0)
	for _, tok := range s.Tokens() {
		require.True(t, last <= tok.Start && tok.Start < tok.End && int(tok.End) <= len(text), "%+v", tok)
		last = tok.End
		require.True(t, utf8.ValidString(text[tok.Start:tok.End]), "%q", text[tok.Start:tok.End])
	}
	checkEvidence(t, a, text, out.Findings)
	seen := map[string]bool{}
	for _, th := range out.Themes {
		require.False(t, seen[th.ID], "%s twice", th.ID)
		seen[th.ID] = true
		require.NotEmpty(t, th.Dimension.String())
		require.NotEmpty(t, th.Evidence)
		checkEvidence(t, a, text, th.Evidence)
	}
	for _, in := range out.Intents {
		require.False(t, seen[in.Intent.String()], "%s twice", in.Intent)
		seen[in.Intent.String()] = true
		require.NotEmpty(t, in.Evidence)
		checkEvidence(t, a, text, in.Evidence)
	}
}

// checkEvidence holds that findings are of the text, between characters, in its
// order, and of the data.
func checkEvidence(t require.TestingT, a *verbatim.Analyser, text string, findings []verbatim.Finding) {
	last := int32(0)
	for _, f := range findings {
		require.True(t, last <= f.Start && f.Start < f.End && int(f.End) <= len(text), "%+v after %d", f, last)
		require.True(t, !utf8.ValidString(text) || utf8.RuneStart(text[f.Start]) && (int(f.End) == len(text) || utf8.RuneStart(text[f.End])))
		require.NotEmpty(t, a.Entry(f.Entry).Text)
		last = f.Start
	}
}

func TestAnyTextIsRead(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	words := strings.Fields("livraison accueil je résilie mon abonnement remboursement rappelez moi never again urgent merci à Nadia 3 jours pas ne plus mais très bon nul. jamais l'agent isn't not good ! ? … 😀 j'aurais aimé S.A.V. rappel.fr \xff é")
	rapid.Check(t, func(r *rapid.T) {
		check(r, a, strings.Join(rapid.SliceOf(rapid.SampledFrom(words)).Draw(r, "words"), rapid.SampledFrom([]string{" ", "", "\n"}).Draw(r, "between")))
		check(r, a, rapid.String().Draw(r, "text"))
	})
	check(t, a, strings.Repeat("é", verbatim.MaxText))
}

func FuzzAnalyse(f *testing.F) {
	a := analyser(f)
	for _, l := range labelled {
		for _, text := range l.texts {
			f.Add(text)
		}
	}
	for _, text := range proven {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, a, text) })
}

func TestAWordCostsNoAllocation(t *testing.T) {
	a := analyser(t)
	var s verbatim.Scratch
	for _, text := range append([]string{labelled[1].texts[17], strings.Repeat("Livraison rapide, je résilie mon contrat. ", 50)}, proven...) {
		a.Analyse(&s, text)
		require.Zero(t, testing.AllocsPerRun(100, func() { a.Analyse(&s, text) }), text)
	}
}

func BenchmarkAnalyse(b *testing.B) {
	a := analyser(b)
	for name, text := range map[string]string{
		"150B":        labelled[1].texts[17],
		"150B/themes": "Livraison très rapide et produit conforme, mais le SAV ne répond pas au téléphone : rappelez-moi, sinon je résilie mon abonnement. Cordialement, Zoé",
		"64KB":        strings.Repeat("Le vendeur n'est pas aimable, mais ", 1900)[:verbatim.MaxText],
		"1MB":         strings.Repeat("Le vendeur n'est pas aimable, mais ", 30000),
	} {
		b.Run(name, func(b *testing.B) {
			var s verbatim.Scratch
			b.ReportAllocs()
			b.SetBytes(int64(min(len(text), verbatim.MaxText)))
			for b.Loop() {
				a.Analyse(&s, text)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verbatims/s")
		})
	}
}
