package verbatim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rappel-loop/rappel/services/internal/testkit/docpage"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
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
	docpage.Holds(t, "../../../docs/verbatims.md", "<!-- printed by go test ./services/internal/verbatim -run TestDoc -update -->", b.String(), *update)
}
