package verbatim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A negation, another's name or another's contract takes an intent away.
func TestWhatIsDeniedIsNoIntent(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	for _, pair := range [][2]string{
		{"Je résilie mon contrat", "Je ne résilie pas mon contrat"},
		{"Je vais résilier mon contrat", "Je ne vais pas résilier mon contrat"},
		{"Je change de banque", "Je ne change pas de banque"},
		{"Je résilie mon contrat", "Ma voisine dit : je résilie mon contrat"},
		{"Demande de résiliation", "Demande de résiliation de mon ancien contrat"},
		{"I am leaving you", "I am not leaving you"},
		{"I want to cancel my contract", "I do not want to cancel my contract"},
		{"I closed my account", "I never closed my account"},
		{"Rappelez-moi", "Pas besoin de me rappeler"},
		{"C'est urgent", "Rien d'urgent"},
		{"Je demande le remboursement", "Je ne demande pas le remboursement"},
	} {
		_, plain := found(a, pair[0])
		_, denied := found(a, pair[1])
		require.NotEmpty(t, plain, pair[0])
		require.NotEqual(t, plain, denied, pair[1])
	}
}

// A negation turns what is said of a theme, and the theme stays.
func TestANegationTurnsATheme(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	for _, w := range strings.Fields("aimable poli serviable accueillant professionnel compétent") {
		plain, _ := found(a, fmt.Sprintf("Le vendeur est %s", w))
		not, _ := found(a, fmt.Sprintf("Le vendeur n'est pas %s", w))
		require.Equal(t, "C+ C-", plain+" "+not, w)
	}
	for _, w := range strings.Fields("friendly helpful polite kind courteous") {
		plain, _ := found(a, fmt.Sprintf("The waiter was %s", w))
		not, _ := found(a, fmt.Sprintf("The waiter was not %s", w))
		require.Equal(t, "C+ C-", plain+" "+not, w)
	}
}

// Neither capitals nor lost accents nor another apostrophe change what is found.
func TestSpellingChangesNoTopic(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	bare := strings.NewReplacer("é", "e", "è", "e", "ê", "e", "à", "a", "ç", "c", "É", "E", "ô", "o", "û", "u", "î", "i", "â", "a", "ï", "i", "'", "’")
	for row := range strings.Lines(strings.TrimSpace(topicCases(t))) {
		text := strings.TrimSpace(strings.SplitN(row, "|", 3)[2])
		for _, other := range []string{bare.Replace(text), strings.ToUpper(text)} {
			if strings.Contains(text, " Nadia ") || strings.Contains(text, " Anna ") {
				continue // what is a name, only capitals tell
			}
			wantThemes, wantIntents := found(a, text)
			themes, intents := found(a, other)
			require.Equal(t, [2]string{wantThemes, wantIntents}, [2]string{themes, intents}, other)
		}
	}
}

// Who is named changes nothing.
func TestNamesChangeNoTopic(t *testing.T) {
	t.Parallel()
	a := analyser(t)
	for _, text := range []string{"Merci à %s pour son accueil", "La conseillère %s a été adorable", "Thank you to %s at the front desk"} {
		themes, intents := found(a, fmt.Sprintf(text, "Amina"))
		for _, name := range []string{"Thibault", "Kowalczyk", "Zoé"} {
			otherThemes, otherIntents := found(a, fmt.Sprintf(text, name))
			require.Equal(t, [2]string{themes, intents}, [2]string{otherThemes, otherIntents}, name)
		}
	}
}
