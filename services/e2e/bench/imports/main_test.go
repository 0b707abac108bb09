package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The short form of the bench, as a test: a file goes through the real program, which is
// killed amid it by kill -9, and each row is counted once.
func TestAnImportGoesOnAfterKill9(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, err := build(t.Context(), dir, "../../../rappel/cmd/rappel")
	require.NoError(t, err)
	r := &run{rows: 12_000, dir: dir, program: program, say: io.Discard}
	figures, err := r.whole(t.Context())
	require.NoError(t, err)
	for _, f := range figures {
		if f.Name == "rows when it was killed" {
			require.Less(t, f.Value, 12_000.0, "amid the import")
			return
		}
	}
	require.Fail(t, "it was not killed")
}

func TestWhatAFileHolds(t *testing.T) {
	t.Parallel()
	require.Equal(t, expected{rows: 3000, stored: 2994, duplicates: 3, refused: 3}, expect(3000))
	var out strings.Builder
	require.NoError(t, printTable(&out, []figure{{"rate", 1757.3, "rows/s"}}))
	require.Contains(t, out.String(), "1757 rows/s")
	require.ErrorContains(t, bench(t.Context(), 10, "table"), "-n")
	require.ErrorContains(t, bench(t.Context(), 10, "xml"), "-o")
}
