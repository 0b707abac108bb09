package keyfile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/keyfile"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// FuzzLoad holds what must be true of any file: it is refused with what is wrong and where,
// or it holds keys, which stand in it as they can be written again.
func FuzzLoad(f *testing.F) {
	entry, err := keyfile.Entry{Name: "shop", Surveys: []string{"s"}, Rate: 2, Burst: 3}.YAML()
	require.NoError(f, err)
	for _, s := range []string{"keys:\n" + entry, "keys: []", "", "keys:\n  - {name: a, sha256: x, not_after: 2027-01-01T00:00:00Z}", "keys: &a [*a]", "{keys: {a: b}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := keyfile.Load("keys.yaml", text)
		if err != nil {
			var refused *strictyaml.Error
			require.ErrorAs(t, err, &refused)
			require.NotEmpty(t, refused.Lines())
			require.Empty(t, entries)
			return
		}
		require.NotEmpty(t, entries)
		again := "keys:\n"
		for _, e := range entries {
			one, err := e.YAML()
			require.NoError(t, err)
			again += one
		}
		same, err := keyfile.Load("keys.yaml", []byte(again))
		require.NoError(t, err, again)
		require.Len(t, same, len(entries))
		for i := range same {
			require.Equal(t, entries[i].Hash, same[i].Hash)
			require.Equal(t, entries[i].Surveys, same[i].Surveys)
			require.Equal(t, entries[i].Channels, same[i].Channels)
			require.WithinDuration(t, entries[i].NotAfter, same[i].NotAfter, 1e9)
		}
	})
}
