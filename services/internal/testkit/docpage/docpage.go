// Package docpage holds the printed tables of docs/ to what prints them. It is for tests.
package docpage

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// End is the line that ends every printed table.
const End = "<!-- end -->"

// Holds requires that a page has a text between a line and the next End, or, with update,
// writes it there.
func Holds(t testing.TB, path, begin, text string, update bool) {
	t.Helper()
	page, err := os.ReadFile(path) //nolint:gosec // a page of this repository
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(page), begin+"\n")
	require.True(t, ok, "%s has lost the line %q", path, begin)
	was, after, ok := strings.Cut(rest, End)
	require.True(t, ok, "%s has lost the end of what is printed after %q", path, begin)
	if text = strings.TrimSuffix(text, "\n") + "\n"; update {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+"\n"+text+End+after), 0o600))
		return
	}
	require.Equal(t, text, was, "print it anew: run this test with -update")
}
