package scorer_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// customerKey is that of the nth customer.
func customerKey(n int) string {
	const digits = "abcdefghijklmnopqrstuvwxyz234567"
	k := []byte(key)
	for i := len(k) - 1; n > 0; i-- {
		k[i], n = digits[n%32], n/32
	}
	return string(k)
}

// receiveOf stores an answer of the nth customer.
func (b bundle) receiveOf(t *testing.T, n int, nps float64, text string) string {
	t.Helper()
	r := revision(fmt.Sprintf("r-%d", n), 1, nps, text)
	r.CustomerKey = customerKey(n)
	r.Bucket = subject.BucketOf(r.GetCustomerKey())
	b.receive(t, r)
	return r.GetResponse().GetId()
}

func (b bundle) analyse(t *testing.T, text string) *eventsv1.VerbatimAnalysis {
	t.Helper()
	resp, err := b.api.AnalyseText(t.Context(), &scorerv1.AnalyseTextRequest{Text: text})
	require.NoError(t, err)
	return resp.GetAnalysis()
}

// Some dozens of corrections say that a word which no rule knows is about the product. The
// next text with it is, and says that a model found it. They say nothing of intents, nor of
// how texts sound: both stay as they were. With the same corrections again nothing is new.
func TestCorrectionsTeachADimension(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		corrections int
	}{{"few are held out", 45}, {"enough are held out", 150}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for i := range 300 {
				b.receiveOf(t, i, float64(10*(i%2)), []string{"Très déçu, c'est une honte", "Parfait, merci beaucoup à tous"}[i%2])
			}
			product := &eventsv1.Correction{Themes: &eventsv1.Correction_Themes{Themes: []*eventsv1.ThemeFound{
				{Dimension: eventsv1.Dimension_PRODUCT_SERVICE_QUALITY, Theme: "own_zinzolin"},
			}}}
			for i := range c.corrections {
				text := fmt.Sprintf([]string{"Le zinzolin du perron %d", "Encore ce zinzolin mardi %d", "Vu le zinzolin dans le hall %d", "Deux zinzolins sur la table %d"}[i%4], i)
				id := b.receiveOf(t, 1000+i, 5, text)
				r := ask(id, "sam", product)
				r.CustomerKey = customerKey(1000 + i)
				_, err := b.api.CorrectAnalysis(t.Context(), r)
				require.NoError(t, err)
			}
			const text, other = "Ce zinzolin du couloir", "Très déçu, je résilie et je veux être remboursé, rappelez-moi"
			before, otherBefore := b.analyse(t, text), b.analyse(t, other)
			require.Empty(t, before.GetThemes())
			m, err := trained(t, b.api, &scorerv1.TrainModelRequest{By: "sam"})
			require.NoError(t, err)
			t.Log(m)
			require.True(t, m.GetCurrent())
			require.True(t, m.GetSentimentKept())
			require.False(t, m.GetTopicsKept())
			require.Zero(t, m.GetTrainedOn(), "the sentiment is that of what ships")
			held := int(m.GetEvaluation().GetThemesCorrected())
			require.EqualValues(t, c.corrections-held, m.GetCorrections())
			require.Zero(t, m.GetEvaluation().GetIntentsCorrected())
			require.Less(t, m.GetBefore().GetDimensionsF1(), 0.7)
			require.Greater(t, m.GetEvaluation().GetDimensionsF1(), 0.9)
			require.InDelta(t, m.GetBefore().GetAuc(), m.GetEvaluation().GetAuc(), 0)

			after := b.analyse(t, text)
			require.Contains(t, after.GetVersion(), m.GetVersion())
			require.Len(t, after.GetThemes(), 1)
			require.Equal(t, eventsv1.Dimension_PRODUCT_SERVICE_QUALITY, after.GetThemes()[0].GetDimension())
			evidence := after.GetThemes()[0].GetEvidence()
			require.NotEmpty(t, evidence)
			require.Equal(t, "model", evidence[0].GetEntry())
			require.Contains(t, text[evidence[0].GetStart():evidence[0].GetEnd()], "zinzolin")
			require.Empty(t, after.GetIntents())
			require.Equal(t, before.GetSentiment().GetNegative(), after.GetSentiment().GetNegative())
			otherAfter := b.analyse(t, other)
			require.Equal(t, otherBefore.GetSentiment().String(), otherAfter.GetSentiment().String())
			require.Equal(t, fmt.Sprint(otherBefore.GetIntents()), fmt.Sprint(otherAfter.GetIntents()))
			require.NotEmpty(t, otherAfter.GetIntents())

			again, err := trained(t, b.api, &scorerv1.TrainModelRequest{By: "sam"})
			require.NoError(t, err)
			require.False(t, again.GetCurrent(), "nothing is new")
			require.Contains(t, b.analyse(t, text).GetVersion(), m.GetVersion())
		})
	}
}
