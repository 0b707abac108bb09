package scorer_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/scorer"
)

// trained runs a training to its end.
func trained(t *testing.T, api scorerv1.ScorerServiceClient, r *scorerv1.TrainModelRequest) (*scorerv1.Model, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stream, err := api.TrainModel(ctx, r)
	require.NoError(t, err)
	for {
		p, err := stream.Recv()
		if err != nil || p.GetModel() != nil {
			return p.GetModel(), err
		}
	}
}

// The deployment's own words, of which the lexicon knows nothing: plouf is bad and zizou is
// good, and so on. A model learns them, is used by a replica without a restart, and its name stands in
// what it says; the one before is put back by hand.
func TestAModelIsTrainedPromotedAndFollowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	replica := on(t, b.bus, scorer.DefaultConfig())
	for i := range 400 {
		words := [2][]string{
			{"plouf", "craboule", "moufte", "tragnol", "bourpif", "glaviot", "scrogne", "vlandu"},
			{"zizou", "bilouche", "farandi", "ouistou", "lumiche", "papouin", "sirolet", "chamade"},
		}[i%2]
		r := revision(fmt.Sprintf("r-%d", i), 1, float64(10*(i%2)), fmt.Sprintf("Le bidule est %s pour nous.", words[i/2%len(words)]))
		r.CustomerKey = fmt.Sprintf("%026d", i)
		b.receive(t, r)
	}
	analyse := func(api scorerv1.ScorerServiceClient) *eventsv1.VerbatimAnalysis {
		resp, err := api.AnalyseText(t.Context(), &scorerv1.AnalyseTextRequest{Text: "Le bidule est plouf pour nous."})
		require.NoError(t, err)
		return resp.GetAnalysis()
	}
	before := analyse(b.api)
	m, err := trained(t, b.api, &scorerv1.TrainModelRequest{By: "sam"})
	require.NoError(t, err)
	require.True(t, m.GetCurrent(), "%v", m)
	require.Greater(t, m.GetEvaluation().GetAuc(), 0.95)
	require.Less(t, m.GetBefore().GetAuc(), 0.8)
	after := analyse(b.api)
	require.Equal(t, eventsv1.Sentiment_NEGATIVE, after.GetSentiment().GetLabel())
	require.Greater(t, after.GetSentiment().GetNegative(), before.GetSentiment().GetNegative()+0.2)
	require.True(t, strings.HasSuffix(after.GetVersion(), " "+m.GetVersion()), after.GetVersion())
	require.Eventually(t, func() bool { return analyse(replica.api).GetVersion() == after.GetVersion() }, 20*time.Second, 5*time.Millisecond)

	b.receive(t, revision("r-new", 1, 5, "C'est plouf."))
	b.quiet(t)
	require.Contains(t, last(b.scores(t, "r-new")).GetScore().GetVerbatims()[0].GetVersion(), m.GetVersion())

	list, err := b.api.ListModels(t.Context(), &scorerv1.ListModelsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetModels(), 2)
	base := list.GetModels()[1].GetVersion()
	require.True(t, strings.HasPrefix(base, "base-"))
	back, err := replica.api.PromoteModel(t.Context(), &scorerv1.PromoteModelRequest{Version: base, By: "sam"})
	require.NoError(t, err)
	require.True(t, back.GetModel().GetCurrent())
	require.Eventually(t, func() bool { return analyse(b.api).GetVersion() == before.GetVersion() }, 20*time.Second, 5*time.Millisecond)
	_, err = b.api.PromoteModel(t.Context(), &scorerv1.PromoteModelRequest{Version: "trained-0"})
	require.Equal(t, "NO_SUCH_MODEL", rpc.Reason(err))

	series := map[string]bool{}
	families, err := b.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				series[f.GetName()+" "+l.GetName()+" "+l.GetValue()] = true
			}
		}
	}
	require.True(t, series["model version "+base])
	require.False(t, series["model version "+m.GetVersion()])
	require.True(t, series["trainings_total result promoted"])
	require.True(t, series["verbatims_total language fr"])
}

func TestWhatModelsAreRefusedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := trained(t, b.api, &scorerv1.TrainModelRequest{})
	require.Equal(t, "TOO_FEW_ANSWERS", rpc.Reason(err))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	_, err = trained(t, b.api, &scorerv1.TrainModelRequest{By: "a b"})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	_, err = b.api.PromoteModel(t.Context(), &scorerv1.PromoteModelRequest{Version: "a.b", By: "?"})
	require.ErrorContains(t, err, "version")
	require.ErrorContains(t, err, "by")
}

// post makes an HTTP call and returns its code and body.
func (b bundle) post(t *testing.T, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+path, strings.NewReader(body))
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func TestTheAPIOverHTTPNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	code, body := b.post(t, "/v1/verbatims:analyse", `{"text":"Livré en retard, je résilie."}`)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, "delivery_time")
	require.Contains(t, body, "CHURN_RISK")
	code, body = b.post(t, "/v1/verbatims:analyse", `{}`)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "text: is required")
	code, body = b.post(t, "/v1/verbatims:correct", `{"survey":"a.b","customerKey":"C-1","verbatim":100,"by":"a b","correction":{
		"themes":{"themes":[{"theme":"délai"},{"theme":"a","dimension":1},{"theme":"a","dimension":1,"evidence":[{}]}]},"intents":{"intents":[1,1]}}}`)
	require.Equal(t, http.StatusBadRequest, code)
	for _, want := range []string{
		"survey", "responseId", "customerKey", "verbatim", "by", "themes[0].theme", "themes[0].dimension",
		"themes[2].theme: is there twice", "themes[2].evidence", "intents[1]: is there twice",
	} {
		require.Contains(t, body, want)
	}
	code, body = b.post(t, "/v1/verbatims:correct", `{}`)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "must say something")
	_, err := b.api.CorrectAnalysis(t.Context(), ask("r-1", "sam", &eventsv1.Correction{
		Sentiment: 7, Intents: &eventsv1.Correction_Intents{Intents: []eventsv1.Intent{0, 99}},
		Themes: &eventsv1.Correction_Themes{Themes: []*eventsv1.ThemeFound{{Theme: "a", Dimension: 1, Polarity: 9}}},
	}))
	for _, want := range []string{"correction.sentiment", "themes[0].polarity", "intents[0]: is no intent", "intents[1]: is no intent"} {
		require.ErrorContains(t, err, want)
	}
	code, body = b.post(t, "/v1/models:train", `{}`)
	require.Contains(t, body, "TOO_FEW_ANSWERS", "%d", code)
}

// What customers write, and who they are, is in no log.
func TestNothingPersonalIsLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 60 {
		b.receive(t, revision(fmt.Sprintf("secret-id-%d", i), 1, float64(i%11), "Phrase très personnelle."))
	}
	_, err := b.api.CorrectAnalysis(t.Context(), ask("secret-id-1", "sam", sad))
	require.NoError(t, err)
	_, _ = trained(t, b.api, &scorerv1.TrainModelRequest{})
	b.quiet(t)
	for _, l := range b.logs.All() {
		text := fmt.Sprint(l.Message, l.ContextMap())
		for _, personal := range []string{"personnelle", "Invented", "secret-id"} {
			require.NotContains(t, text, personal)
		}
	}
}
