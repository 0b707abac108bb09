package verbatim_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// Two lines of one intent that both list a way to say it do not make it twice as sure: the
// heavier one counts. Of two intents, each has its own.
func TestAWayToSayItCountsOnceForAnIntent(t *testing.T) {
	t.Parallel()
	data := fstest.MapFS{}
	files, err := filepath.Glob("data/*.tsv")
	require.NoError(t, err)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		if name := filepath.Base(f); name == "intents.en.tsv" {
			raw = append(raw, "urgent 0.5\tzorb, zorp\nurgent 0.5\tzorb\nurgent 0.5\tzarb\nurgent\tzorp, zirb\nurgent 0.4\tzirb\nsafety 0.5\tzorb\n"...)
		}
		data[filepath.Base(f)] = &fstest.MapFile{Data: raw}
	}
	a, err := verbatim.Load(data)
	require.NoError(t, err)
	for text, want := range map[string][]verbatim.Intent{
		"The screen shows a zorb of mine.":              nil,
		"The screen shows a zorb of mine and a zarb.":   {verbatim.Urgent},
		"The screen shows a zorp of mine.":              {verbatim.Urgent},
		"The screen shows a zirb of mine.":              {verbatim.Urgent},
		"The screen shows a zorb, and there is danger.": {verbatim.Safety},
	} {
		var got []verbatim.Intent
		for _, in := range a.Read(text).Intents {
			got = append(got, in.Intent)
		}
		require.Equal(t, want, got, text)
	}
}
