package model

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/corpus"
)

// corpusExamples are the corpus's rows.
func corpusExamples(t *testing.T) []Example {
	t.Helper()
	rows, err := corpus.All()
	require.NoError(t, err)
	out := make([]Example, len(rows))
	for i, r := range rows {
		out[i] = Example{Text: r.Text, Class: Neutral}
		switch {
		case r.Score < 3:
			out[i].Class = Negative
		case r.Score > 3:
			out[i].Class = Positive
		}
	}
	return out
}

// What ships is what the corpus comes to. Compared is what is read of it: compressors
// change.
func TestDocReferenceIsOfTheCorpus(t *testing.T) {
	t.Parallel()
	a, err := verbatim.New()
	require.NoError(t, err)
	made := referenceOf(a, corpusExamples(t)).encode()
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile("reference.bin", made, 0o600))
		return
	}
	require.Equal(t, decodeReference(made), shippedReference(), "run: go test ./services/internal/verbatim/model -run TestDoc -update")
	for l, entries := range shippedReference() {
		require.Greater(t, len(entries), 5000, "language %d", l)
	}
}

func TestAReferenceThatIsDamagedIsNone(t *testing.T) {
	t.Parallel()
	for _, data := range [][]byte{nil, []byte("?"), encodedReference[:len(encodedReference)/2], (&reference{}).encode()} {
		require.Empty(t, decodeReference(data)[0])
		require.Empty(t, decodeReference(data)[1])
	}
}
