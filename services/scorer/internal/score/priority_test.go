package score_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
)

func TestPriorityAddsUp(t *testing.T) {
	t.Parallel()
	p := score.DefaultPriority()
	p.Attribute, p.Values = "segment", map[string]float64{"pro": 10}
	s := score.New(score.Options{Reader: &words{}, Priority: p, Certain: score.DefaultCertain})
	r := said(2, "honteux, mon avocat", "mon avocat encore")
	r.Attributes = map[string]string{"segment": "pro"}
	got, err := s.Score(r)
	require.NoError(t, err)
	parts := map[string]float64{}
	sum := 0.0
	for _, part := range got.GetPriorityParts() {
		parts[part.GetFactor()] = part.GetPoints()
		sum += part.GetPoints()
	}
	// An NPS of 2 is a satisfaction of 20; the worst verbatim is 0.95 negative; the legal
	// threat counts once.
	require.Equal(t, map[string]float64{"class": 35, "satisfaction": 12, "sentiment": 19, "intents": 20, "value": 10}, parts)
	require.InDelta(t, 96, got.GetPriority(), 1e-9)
	require.InDelta(t, sum, got.GetPriority(), 1e-9)

	p.Values["pro"] = 90
	got, err = score.New(score.Options{Reader: &words{}, Priority: p}).Score(r)
	require.NoError(t, err)
	require.InDelta(t, 100, got.GetPriority(), 0, "it is kept within 0 and 100")

	got, err = s.Score(said(10, "parfait"))
	require.NoError(t, err)
	require.Zero(t, got.GetPriority())
	require.Empty(t, got.GetPriorityParts())
	got, err = s.Score(&eventsv1.Response{Answers: []*eventsv1.Answer{{Verbatim: "honteux"}}})
	require.NoError(t, err)
	require.InDelta(t, 19, got.GetPriority(), 1e-9, "words alone count, too")
}

func TestEveryWeightIsChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, score.DefaultPriority().Validate())
	p := score.DefaultPriority()
	p.Bad, p.Sentiment, p.IntentsMost = -1, 101, math.NaN()
	p.Intents = map[string]float64{"legal": 1, "safety": 200}
	p.Values = map[string]float64{"pro": -3}
	err := p.Validate()
	for _, want := range []string{"bad: -1", "sentiment: 101", "intents_most: NaN", "intents.legal: there is no such intent; there are churn_risk", "intents.safety: 200", "values.pro", "attribute: is required"} {
		require.ErrorContains(t, err, want)
	}
}
