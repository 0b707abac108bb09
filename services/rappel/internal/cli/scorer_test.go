package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func scorerSays(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := Scorer()
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{}, args...)) // never nil, which is os.Args
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

const scored = "id,lang,date,scale,score,segment,text\n" +
	"1,fr,,star5,5,,Très bon accueil\n2,fr,,star5,1,,\"Service nul, jamais de réponse\"\n3,fr,,star5,3,,J'ai acheté une lampe\n" +
	"4,en,,sentiment3,negative,,The staff was rude\n5,en,,sentiment3,positive,,\n"

func TestTextsAreComparedWithTheirScores(t *testing.T) {
	t.Parallel()
	path := file(t, "known.csv", scored)
	out, err := scorerSays(t, "eval", path)
	require.NoError(t, err)
	golden(t, "scorer-eval", regexp.MustCompile("lexicon-[0-9a-f]{8}").ReplaceAllString(out, "lexicon-VERSION"))
	out, err = scorerSays(t, "eval", path, path, "-o", "json")
	require.NoError(t, err)
	var report evalReport
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Len(t, report.Files, 2)
	require.Equal(t, 8, report.Mean.Rows)
	require.Equal(t, 1.0, *report.Mean.AUC)
	require.Equal(t, [][]int{{2, 0, 0}, {0, 1, 0}, {0, 0, 1}}, [][]int(report.Files[0].Confusion))
}

func TestWhatCannotBeCompared(t *testing.T) {
	t.Parallel()
	out, err := scorerSays(t)
	require.NoError(t, err)
	golden(t, "help-scorer", out)
	out, err = scorerSays(t, "eval", "--help")
	require.NoError(t, err)
	golden(t, "help-scorer-eval", out)
	for want, args := range map[string][]string{
		"name a file":               {"eval"},
		"must be text or json":      {"eval", "x.csv", "-o", "xml"},
		"no such file":              {"eval", filepath.Join(t.TempDir(), "x.csv")},
		"has no column scale":       {"eval", file(t, "a.csv", "score,text\n1,a\n")},
		`a.csv:2: score "7" on sca`: {"eval", file(t, "a.csv", "scale,score,text\nstar5,7,a\n")},
	} {
		_, err := scorerSays(t, args...)
		require.ErrorContains(t, err, want)
	}
}
