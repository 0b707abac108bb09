package reading_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
)

func reader(t testing.TB) *reading.Reader {
	t.Helper()
	a, err := verbatim.New()
	require.NoError(t, err)
	m, err := model.Base()
	require.NoError(t, err)
	return reading.New(a, m)
}

// all is the evidence of an analysis.
func all(v *eventsv1.VerbatimAnalysis) (e []*eventsv1.Evidence) {
	e = append(e, v.GetSentiment().GetEvidence()...)
	for _, t := range v.GetThemes() {
		e = append(e, t.GetEvidence()...)
	}
	for _, i := range v.GetIntents() {
		e = append(e, i.GetEvidence()...)
	}
	return e
}

func TestWhatIsFoundInAText(t *testing.T) {
	t.Parallel()
	r := reader(t)
	text := "Déçu : livré en retard 😡, ma commande n'est toujours pas là. Je résilie, mon avocat vous écrira !"
	v := r.Read(text, 64)
	require.Equal(t, eventsv1.VerbatimAnalysis_ANALYSED, v.GetStatus())
	require.Equal(t, "fr", v.GetLanguage())
	require.Equal(t, r.Version(), v.GetVersion())
	require.Regexp(t, `^lexicon-[0-9a-f]{8} base-[0-9a-f]{8}$`, v.GetVersion())
	require.Equal(t, eventsv1.Sentiment_NEGATIVE, v.GetSentiment().GetLabel())
	s := v.GetSentiment()
	require.InDelta(t, 1, s.GetNegative()+s.GetNeutral()+s.GetPositive(), 1e-5)
	var intents []eventsv1.Intent
	for _, i := range v.GetIntents() {
		intents = append(intents, i.GetIntent())
	}
	require.Contains(t, intents, eventsv1.Intent_CHURN_RISK)
	require.Contains(t, intents, eventsv1.Intent_LEGAL_THREAT)
	require.Contains(t, themes(v), "delivery_time")
	for _, e := range all(v) {
		require.Less(t, e.GetStart(), e.GetEnd())
		require.True(t, utf8.ValidString(text[e.GetStart():e.GetEnd()]), "between characters")
		require.NotEmpty(t, e.GetEntry())
	}
	require.False(t, v.GetCut())
	require.Equal(t, "unknown", r.Read("Поставка опоздала", 64).GetLanguage())
}

func themes(v *eventsv1.VerbatimAnalysis) (names []string) {
	for _, t := range v.GetThemes() {
		names = append(names, t.GetTheme())
	}
	return names
}

// However long and furious: so many pieces of evidence, the strongest, in order.
func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	r := reader(t)
	text := strings.Repeat("Bof. Moyen. C'est une honte absolue, livré en retard, très déçu, mon avocat, je résilie. ", 800)
	for _, most := range []int{1, 2, 8, 10, 64} {
		v := r.Read(text, most)
		require.True(t, v.GetCut())
		require.LessOrEqual(t, len(all(v)), max(2, most), "at %d", most)
		last := uint32(0)
		for _, e := range v.GetSentiment().GetEvidence() {
			require.GreaterOrEqual(t, e.GetStart(), last)
			last = e.GetStart()
		}
		if most == 64 {
			require.Len(t, v.GetSentiment().GetEvidence(), 32)
			for _, e := range v.GetSentiment().GetEvidence() {
				require.LessOrEqual(t, e.GetPolarity(), -1.0, "%v", e)
			}
		}
		require.NotEmpty(t, v.GetThemes(), "what is found is told without evidence, too")
	}
}

// The model may change while texts are read; each analysis is by one of them, whole.
func TestTheModelChangesUnderReaders(t *testing.T) {
	t.Parallel()
	r := reader(t)
	base, err := model.Base()
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			if i%2 == 0 {
				r.Use(sure{})
			} else {
				r.Use(base)
			}
		}
	}()
	for range 200 {
		v := r.Read("Parfait, merci beaucoup !", 8)
		if strings.HasSuffix(v.GetVersion(), " sure") {
			require.InDelta(t, 1, v.GetSentiment().GetNegative(), 0)
			require.Equal(t, eventsv1.Sentiment_NEGATIVE, v.GetSentiment().GetLabel())
		} else {
			require.Equal(t, eventsv1.Sentiment_POSITIVE, v.GetSentiment().GetLabel())
		}
	}
	<-done
}

// sure is a model that is certain of the worst.
type sure struct{}

func (sure) Version() string                                          { return "sure" }
func (sure) Predict(*verbatim.Scratch, *verbatim.Analysis) [3]float64 { return [3]float64{1, 0, 0} }
func (sure) Refine(*verbatim.Scratch, *verbatim.Analysis)             {}
func (sure) Verdict([3]float64) model.Verdict                         { return model.Verdict{Score: -1, Class: model.Negative} }

// BenchmarkRead is the full analysis of a verbatim of 150 bytes, with the model, on one core.
func BenchmarkRead(b *testing.B) {
	r := reader(b)
	const text = "Livré avec trois jours de retard, personne au téléphone, et le carton était ouvert. Le vendeur était pourtant aimable, mais jamais plus chez eux."
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r.Read(text, 64)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verbatims/s")
}
