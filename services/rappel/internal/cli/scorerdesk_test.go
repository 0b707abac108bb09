package cli

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// scorerCall runs a command of `rappel scorer` against a server that answers so.
func scorerCall(t *testing.T, lang string, handle http.HandlerFunc, in string, args ...string) (string, error) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	var out bytes.Buffer
	root := &cobra.Command{Use: "scorer", SilenceUsage: true, SilenceErrors: true}
	addScorerCommands(root, world(map[string]string{"RAPPEL_LANG": lang, "RAPPEL_AGENT": "sam"}))
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetIn(strings.NewReader(in))
	root.SetArgs(append(args, "--server", server.URL))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

const foundIn37 = `{"analysis":{"status":"ANALYSED","language":"fr","version":"lexicon-1 base-2",
"sentiment":{"label":"NEGATIVE","negative":0.91,"neutral":0.06,"positive":0.03,"evidence":[{"start":9,"end":15},{"start":9,"end":15}]},
"themes":[{"dimension":"RESPONSIVENESS_AFTER_SALES","theme":"delivery_time","polarity":"NEGATIVE","evidence":[{"start":0,"end":8}]},
{"dimension":"OVERALL_EXPERIENCE","theme":"own_theme"}],
"intents":[{"intent":"CHURN_RISK","evidence":[{"start":18,"end":39}]}]},"number":3}`

const words37 = "Toujours retard\n, je vais voir ailleurs"

func TestAnalyse(t *testing.T) {
	t.Parallel()
	var asked string
	handle := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = r.Method + " " + r.URL.Path + " " + string(body)
		_, _ = io.WriteString(w, foundIn37)
	}
	out, err := scorerCall(t, "fr", handle, words37+"\n", "analyse")
	require.NoError(t, err)
	require.Contains(t, asked, "POST /v1/verbatims:analyse")
	require.Equal(t, `Langue       fr
Sentiment    négatif (− 0.91, = 0.06, + 0.03) : « retard »
Thèmes       délai de livraison − (réactivité et après-vente) : « Toujours »
             own theme (expérience globale)
Intentions   risque de départ : « je vais voir ailleurs »
Lu par       lexicon-1 base-2
`, strings.ReplaceAll(out, "\u00a0", " "))
	out, err = scorerCall(t, "en", handle, "", "analyse", "so", "late")
	require.NoError(t, err)
	require.Contains(t, asked, "so late")
	require.Contains(t, out, "Intents      may leave")
	out, err = scorerCall(t, "en", handle, "", "analyse", "late", "-o", "json")
	require.NoError(t, err)
	require.Contains(t, out, `"label": "NEGATIVE"`)
	_, err = scorerCall(t, "en", handle, " ", "analyse")
	require.ErrorContains(t, err, "name a text")
}

func TestCorrect(t *testing.T) {
	t.Parallel()
	var asked string
	handle := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = r.URL.Path + " " + strings.ReplaceAll(string(body), " ", "")
		_, _ = io.WriteString(w, foundIn37)
	}
	out, err := scorerCall(t, "en", handle, "", "correct", "s", "r-1", "--customer", "k", "--sentiment", "negative",
		"--theme", "delivery_time:R:negative", "--theme", "own:g", "--intent", "urgent,churn_risk", "--number", "0", "--verbatim", "1")
	require.NoError(t, err)
	require.Contains(t, out, "Correction 3 is stored.\nLanguage")
	for _, want := range []string{
		"/v1/verbatims:correct", `"survey":"s"`, `"responseId":"r-1"`, `"customerKey":"k"`, `"verbatim":1`, `"by":"sam"`, `"number":0`, `"sentiment":"NEGATIVE"`,
		`"themes":[{"dimension":"RESPONSIVENESS_AFTER_SALES","theme":"delivery_time","polarity":"NEGATIVE"},{"dimension":"OVERALL_EXPERIENCE","theme":"own"}]`,
		`"intents":["URGENT","CHURN_RISK"]`,
	} {
		require.Contains(t, asked, want)
	}
	_, err = scorerCall(t, "en", handle, "", "correct", "s", "r-1", "--no-intents", "--no-themes")
	require.NoError(t, err)
	require.Contains(t, asked, `"correction":{"themes":{},"intents":{}}`)
	for args, want := range map[string]string{
		"s":                            "name a survey and a response",
		"s r-1":                        "say what the verbatim means",
		"s r-1 --sentiment sad":        `"sad" is none of negative, neutral, positive`,
		"s r-1 --intent sue":           `"sue" is none of churn_risk, legal_threat`,
		"s r-1 --theme delivery":       "NAME:P",
		"s r-1 --theme delivery:R:bad": `"bad" is none of negative`,
	} {
		_, err := scorerCall(t, "en", handle, "", append([]string{"correct"}, strings.Fields(args)...)...)
		require.ErrorContains(t, err, want, args)
	}
	refuse := func(w http.ResponseWriter, _ *http.Request) {
		rpc.WriteError(w, rpc.Refused(codes.NotFound, "NO_SUCH_RESPONSE", "none"))
	}
	_, err = scorerCall(t, "fr", refuse, "", "correct", "s", "r-1", "--sentiment", "neutral")
	require.ErrorContains(t, err, "Ce client n'a pas cette réponse")
}

const trainedModel = `{"version":"trained-2","trainedAt":"2026-11-20T09:30:00Z","current":true,"trainedOn":12345,"beforeVersion":"base-1",
"evaluation":{"answers":3000,"auc":0.9612,"macroF1":0.85,"macroF1Three":0.61,"accuracy":0.9,"confusion":[5,1,0,2,3,4,0,1,9]},"before":{"answers":3000,"auc":0.92,"macroF1":0.8,"macroF1Three":0.55,"accuracy":0.8}}`

func TestTrainAndModels(t *testing.T) {
	t.Parallel()
	var asked []string
	handle := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path+" "+strings.ReplaceAll(string(body), " ", ""))
		switch r.URL.Path {
		case "/v1/models:train":
			_, _ = io.WriteString(w, `{"result":{"read":"0","toRead":"16000"}}`+"\n"+`{"result":{"read":"16000","toRead":"16000","labelled":12345,"pass":3,"passes":8}}`+
				"\n"+`{"result":{"read":"16000","toRead":"16000","labelled":12345,"pass":8,"passes":8,"model":`+trainedModel+`}}`+"\n")
		case "/v1/models":
			_, _ = io.WriteString(w, `{"models":[`+trainedModel+`,{"version":"base-1"}]}`)
		default:
			_, _ = io.WriteString(w, `{"model":`+trainedModel+`}`)
		}
	}
	out, err := scorerCall(t, "en", handle, "", "train")
	require.NoError(t, err)
	require.Contains(t, out, "learning, pass 8 of 8\n")
	require.Contains(t, out, "On 3,000 answers that were held out:")
	require.Regexp(t, `base-1 +0\.920 +0\.800 +0\.550 +0\.800`, out)
	require.Regexp(t, `neutral or uncertain +2 +3 +4`, out)
	require.Contains(t, out, "trained-2 is in use now: it is better.")
	out, err = scorerCall(t, "fr", handle, "", "train", "--dry-run", "--by", "max")
	require.NoError(t, err)
	require.Contains(t, out, "trained-2 n'a pas été conservé.")
	require.Contains(t, out, "0,961")
	out, err = scorerCall(t, "fr", handle, "", "models")
	require.NoError(t, err)
	require.Regexp(t, `trained-2 +en service +`, out)
	require.Regexp(t, `base-1 +porté par le programme`, out)
	_, err = scorerCall(t, "fr", handle, "", "promote", "trained-2")
	require.NoError(t, err)
	require.Equal(t, []string{
		`POST /v1/models:train {"by":"sam"}`, `POST /v1/models:train {"by":"max","dryRun":true}`, "GET /v1/models ", `POST /v1/models/trained-2:promote {"by":"sam"}`,
	}, asked)
	_, err = scorerCall(t, "en", handle, "", "promote")
	require.ErrorContains(t, err, "name one model")

	_, err = scorerCall(t, "en", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"result":{}}`+"\n"+`{"error":{"code":9,"message":"there are 3","details":[{"@type":"x","reason":"TOO_FEW_ANSWERS"}]}}`)
	}, "", "train")
	require.ErrorContains(t, err, "too little to learn from. (there are 3)")
	_, err = scorerCall(t, "en", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"result":{}}`) }, "", "train")
	require.ErrorContains(t, err, "without a model")
}

// A line says what corrections have taught, and another which part stays as it was.
func TestTrainSaysWhatCorrectionsTaught(t *testing.T) {
	t.Parallel()
	with := func(fields, evaluation, before string) string {
		m := strings.Replace(trainedModel, `"beforeVersion"`, fields+`,"beforeVersion"`, 1)
		m = strings.Replace(m, `"evaluation":{`, `"evaluation":{`+evaluation, 1)
		return strings.Replace(m, `"before":{`, `"before":{`+before, 1)
	}
	for name, m := range map[string]string{
		"taught": with(`"corrections":1248,"sentimentKept":true`, `"themesCorrected":42,"dimensionsF1":0.81,"intentsCorrected":21,"intentsF1":0.75,`,
			`"themesCorrected":42,"dimensionsF1":0.44,"intentsCorrected":21,"intentsF1":0.7,`),
		"few":  with(`"corrections":25`, "", ""),
		"kept": with(`"corrections":25,"topicsKept":true`, `"themesCorrected":9,"dimensionsF1":0.5,`, `"themesCorrected":9,"dimensionsF1":0.5,`),
		"none": with(`"topicsKept":true`, "", ""),
	} {
		for _, lang := range []string{"fr", "en"} {
			out, err := scorerCall(t, lang, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `{"result":{"model":`+m+"}}\n")
			}, "", "train")
			require.NoError(t, err)
			golden(t, "scorer-train-"+name+"-"+lang, out)
		}
	}
}

// Both languages say everything, of the same names.
func TestTheScorerSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]any{{frenchScorer, englishScorer}, {frenchTopics, englishTopics}} {
		fr, en := reflect.ValueOf(pair[0]), reflect.ValueOf(pair[1])
		for i := range fr.NumField() {
			name := fr.Type().Field(i).Name
			require.False(t, fr.Field(i).IsZero() || en.Field(i).IsZero(), name)
			if fr.Field(i).Kind() == reflect.Map {
				for _, k := range fr.Field(i).MapKeys() {
					require.True(t, en.Field(i).MapIndex(k).IsValid() && !en.Field(i).MapIndex(k).IsZero(), "%s %v", name, k)
				}
				require.Equal(t, fr.Field(i).Len(), en.Field(i).Len(), name)
			}
			if fr.Field(i).Kind() == reflect.Slice {
				require.Equal(t, fr.Field(i).Len(), en.Field(i).Len(), name)
			}
		}
	}
	require.Equal(t, []string{"analyse", "correct", "models", "promote", "train"}, slices.Sorted(maps.Keys(frenchScorer.Commands)))
}
