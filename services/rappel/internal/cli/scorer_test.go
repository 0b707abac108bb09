package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func scorerSays(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := scorerCommand(world(map[string]string{"RAPPEL_LANG": "en"}))
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{}, args...)) // never nil, which is os.Args
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

const scored = "id,lang,date,scale,score,segment,text\n" +
	"1,fr,,star5,5,,Très bon accueil\n2,fr,,star5,1,,\"Service nul, jamais de réponse\"\n3,fr,,star5,3,,RAS\n" +
	"4,en,,sentiment3,negative,,The staff was rude\n5,en,,sentiment3,positive,,\n"

// versions are of the data, and change with them.
var versions = regexp.MustCompile("(lexicon|base|trained)-[0-9a-f]{8}")

func TestTextsAreComparedWithTheirScores(t *testing.T) {
	t.Parallel()
	path := file(t, "known.csv", scored)
	for name, flags := range map[string][]string{"scorer-eval": nil, "scorer-eval-lexicon": {"--lexicon-only"}} {
		out, err := scorerSays(t, append([]string{"eval", path}, flags...)...)
		require.NoError(t, err)
		golden(t, name, versions.ReplaceAllString(out, "$1-VERSION"))
	}
	out, err := scorerSays(t, "eval", path, path, "-o", "json")
	require.NoError(t, err)
	var report evalReport
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Regexp(t, "^lexicon-[0-9a-f]{8} base-[0-9a-f]{8}$", report.Version)
	require.Len(t, report.Files, 2)
	require.Equal(t, 8, report.Mean.Rows)
	require.Equal(t, 1.0, *report.Mean.AUC)
	require.Equal(t, 3, report.Files[0].ConfusionTwo[0][0]+report.Files[0].ConfusionTwo[0][1]+report.Files[0].ConfusionTwo[1][1])
	require.Nil(t, report.Files[0].Sentiment)
	require.Nil(t, report.Files[0].Themes)
}

const labelledRows = "scale,score,text,sentiment,themes,churn,urgent\n" +
	"star5,5,Très bon accueil,pos,C,0,0\n,,\"Service nul, jamais de réponse. Je résilie mon contrat.\",neg,R,1,0\nstar5,3,Ça va,neu,\"P, R\",,\n"

func TestLabelsAreComparedWhereAFileHasThem(t *testing.T) {
	t.Parallel()
	out, err := scorerSays(t, "eval", file(t, "labelled.csv", labelledRows), "-o", "json")
	require.NoError(t, err)
	var report evalReport
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	m := report.Files[0]
	require.Equal(t, 3, m.Rows)
	require.Equal(t, 3, m.Sentiment.Rows)
	require.Equal(t, 1, m.Sentiment.Confusion[0][0])
	require.Equal(t, found{Precision: 1, Recall: 1, F1: 1, Right: 1}, *m.Themes.Letters["C"])
	require.Equal(t, 1, m.Themes.Letters["P"].Missed)
	require.Equal(t, 1, m.Churn.Right+m.Churn.Missed)
	require.Equal(t, 2, m.Urgent.Right+m.Urgent.Missed+m.Urgent.Wrong+2)
	text, err := scorerSays(t, "eval", file(t, "labelled.csv", labelledRows))
	require.NoError(t, err)
	golden(t, "scorer-eval-labelled", versions.ReplaceAllString(text, "$1-VERSION"))
}

func TestWhatIsFoundIsCounted(t *testing.T) {
	t.Parallel()
	var f found
	for _, c := range [][2]bool{{true, true}, {true, true}, {true, false}, {false, true}, {false, false}} {
		f.add(c[0], c[1])
	}
	require.Equal(t, found{Precision: 2.0 / 3, Recall: 2.0 / 3, F1: 2.0 / 3, Right: 2, Wrong: 1, Missed: 1}, *f.work())
	require.Zero(t, new(found).work().F1)
}

// answersOf are so many answers, half of them of two odd words that the lexicon
// does not know.
func answersOf(n int) string {
	var b strings.Builder
	b.WriteString("scale,score,text,customer\n")
	for i := range n {
		fmt.Fprintf(&b, "star5,5,Un zinzolin d'exception %d,%d\nstar5,1,Un palimpseste encore %d,x%d\nstar5,3,Un colis de plus,y%d\n", i, i, i, i, i)
	}
	return b.String()
}

func TestAModelIsTrainedAndUsed(t *testing.T) {
	t.Parallel()
	answers := file(t, "answers.csv", answersOf(120))
	path := filepath.Join(t.TempDir(), "model.bin")
	out, err := scorerSays(t, "train", answers, "--out", path)
	require.NoError(t, err)
	require.Regexp(t, "trained on [0-9]+ answers; on the [0-9]+ that were held out", out)
	test := file(t, "new.csv", "scale,score,text\nstar5,1,Quel palimpseste\nstar5,5,Quel zinzolin\n")
	for _, flags := range [][]string{{"--model", path}, {"--train", answers}, {"--train", answers + "," + answers}} {
		out, err = scorerSays(t, append([]string{"eval", test, "-o", "json"}, flags...)...)
		require.NoError(t, err)
		var report evalReport
		require.NoError(t, json.Unmarshal([]byte(out), &report))
		require.Contains(t, report.Version, "trained-")
		require.Equal(t, 1.0, *report.Mean.AUC, "%v", flags)
		require.Equal(t, flags[0] == "--train", report.TrainedRows > 0)
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	t.Parallel()
	out, err := scorerSays(t)
	require.NoError(t, err)
	golden(t, "help-scorer", out)
	out, err = scorerSays(t, "eval", "--help")
	require.NoError(t, err)
	golden(t, "help-scorer-eval", out)
	out, err = scorerSays(t, "train", "--help")
	require.NoError(t, err)
	golden(t, "help-scorer-train", out)
	for want, args := range map[string][]string{
		"name a file":               {"eval"},
		"--out FILE":                {"train", "x.csv"},
		"too few answers":           {"train", file(t, "few.csv", scored), "--out", filepath.Join(t.TempDir(), "m")},
		"exclude each other":        {"eval", "x.csv", "--train", "y.csv", "--lexicon-only"},
		"not a model":               {"eval", file(t, "b.csv", scored), "--model", file(t, "m.bin", "weights")},
		`a.csv:2: sentiment "good"`: {"eval", file(t, "a.csv", "scale,score,text,sentiment\n,,a,good\n")},
		`a.csv:2: churn "maybe"`:    {"eval", file(t, "a.csv", "scale,score,text,churn\nstar5,1,a,maybe\n")},
		"must be text or json":      {"eval", "x.csv", "-o", "xml"},
		"no such file":              {"eval", filepath.Join(t.TempDir(), "x.csv")},
		"has no column scale":       {"eval", file(t, "a.csv", "score,text\n1,a\n")},
		`a.csv:2: score "7" on sca`: {"eval", file(t, "a.csv", "scale,score,text\nstar5,7,a\n")},
	} {
		_, err := scorerSays(t, args...)
		require.ErrorContains(t, err, want)
	}
}
