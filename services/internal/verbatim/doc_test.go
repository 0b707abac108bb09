package verbatim_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

const (
	docs  = "../../../docs/verbatims.md"
	begin = "<!-- printed by go test ./services/internal/verbatim -run TestDoc -update -->\n"
	end   = "<!-- end -->\n"
)

// The table of themes in docs/verbatims.md is that of the data.
func TestDocThemes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("| dimension | themes |\n|---|---|\n")
	known := analyser(t).ThemesKnown()
	for d := verbatim.Product; d <= verbatim.Overall; d++ {
		var ids []string
		for _, th := range known {
			if th.Dimension == d {
				ids = append(ids, "`"+th.ID+"`")
			}
		}
		fmt.Fprintf(&b, "| %s `%s` | %s |\n", d.Letter(), d, strings.Join(ids, " "))
	}
	page, err := os.ReadFile(docs)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(page), begin)
	require.True(t, ok, "the page has lost the place of its table")
	old, after, ok := strings.Cut(rest, end)
	require.True(t, ok, "the page has lost the end of its table")
	if *update {
		require.NoError(t, os.WriteFile(docs, []byte(before+begin+b.String()+end+after), 0o600))
		return
	}
	require.Equal(t, b.String(), old, "run: scripts/generate")
}
