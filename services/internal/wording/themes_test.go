package wording_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/wording"
)

// Each theme that the shipped data find has a name in both languages, and no other has.
func TestEveryThemeHasANameInBothLanguages(t *testing.T) {
	t.Parallel()
	shipped := map[string]bool{}
	for _, file := range []string{"themes.fr.tsv", "themes.en.tsv"} {
		f, err := os.Open("../verbatim/data/" + file)
		require.NoError(t, err)
		for lines := bufio.NewScanner(f); lines.Scan(); {
			head, _, _ := strings.Cut(lines.Text(), "\t")
			if words := strings.Fields(head); len(words) > 1 && strings.Contains("PCRG", words[0]) {
				shipped[words[1]] = true
			}
		}
		require.NoError(t, f.Close())
	}
	for _, language := range []string{"fr", "en"} {
		for theme := range shipped {
			require.NotEmpty(t, wording.Themes(language)[theme], "%s: %s", language, theme)
		}
		require.Len(t, wording.Themes(language), len(shipped), language)
	}
}
