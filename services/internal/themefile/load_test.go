package themefile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/themefile"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

const file = `themes:
  - id: loyalty_card
    dimension: G
    fr: [carte de fidélité, points fidélité]
    en: loyalty card
  - id: locker
    dimension: responsiveness_after_sales
    fr: [casier(s), consigne(s)]
    polarity: -1
`

func open(t *testing.T, text string) (*verbatim.Analyser, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "themes.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return themefile.Open(path)
}

func TestThemesOfOnesOwnAreFound(t *testing.T) {
	t.Parallel()
	a, err := open(t, file)
	require.NoError(t, err)
	found := map[string]verbatim.Dimension{}
	for _, theme := range a.Read("Les casiers sont loin, et mes points fidélité ont disparu.").Themes {
		found[theme.ID] = theme.Dimension
	}
	require.Equal(t, verbatim.Overall, found["loyalty_card"])
	require.Equal(t, verbatim.Responsiveness, found["locker"])
	plain, err := themefile.Open("")
	require.NoError(t, err)
	require.NotEqual(t, plain.Version(), a.Version())
}

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	_, err := open(t, "themes:\n  - id: a\n    dimension: X\n    polarity: 9\n  - fr: [b]\n    colour: red\n")
	for _, want := range []string{"themes.yaml:3", "must be P, C, R or G", "themes.yaml:4", "-3 to 3", "themes[1].id: is required", "colour"} {
		require.ErrorContains(t, err, want)
	}
	// What the words mean is checked as well, with the line.
	_, err = open(t, "themes:\n  - id: Not An Id\n    dimension: P\n    fr: [x]\n  - id: none\n    dimension: P\n")
	require.ErrorContains(t, err, "themes.yaml:2")
	require.ErrorContains(t, err, "themes.yaml:5")
	_, err = open(t, "")
	require.ErrorContains(t, err, "begins with themes:")
	_, err = themefile.Open(filepath.Join(t.TempDir(), "missing"))
	require.ErrorContains(t, err, "themes_file")
}
