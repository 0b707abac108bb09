package alertstate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func TestLabels(t *testing.T) {
	t.Parallel()
	e := raise(1, 0, eventsv1.Severity_SEVERITY_UNSPECIFIED)
	e.Team = "care"
	e.Labels = map[string]string{"region": "IDF", "severity": "none", "theme": "own", "empty": ""}
	e.Answer = &eventsv1.AnswerScore{Metric: eventsv1.Metric_NPS, Value: 2, Class: eventsv1.Class_DETRACTOR}
	want := map[string]string{
		"kind": "response", "rule": "detractor", "severity": "medium", "team": "care", "survey": "apres-livraison", "touchpoint": "delivery",
		"channel": "email", "customer": strings.Repeat("a", 26), "queue": "default", "metric": "NPS", "class": "detractor", "region": "IDF", "theme": "own",
	}
	require.Equal(t, want, labels(e))

	e.Scored.Score = &eventsv1.Score{Verbatims: []*eventsv1.VerbatimAnalysis{{Themes: []*eventsv1.ThemeFound{
		{Theme: "price", Dimension: eventsv1.Dimension_PRODUCT_SERVICE_QUALITY, Polarity: eventsv1.Sentiment_POSITIVE},
	}}, {Themes: []*eventsv1.ThemeFound{
		{Theme: "delivery_time", Dimension: eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES, Polarity: eventsv1.Sentiment_NEGATIVE},
		{Theme: "welcome", Dimension: eventsv1.Dimension_COMMUNICATION_RELATIONSHIP, Polarity: eventsv1.Sentiment_NEGATIVE},
	}}}}
	want["theme"], want["dimension"] = "delivery_time", "responsiveness_after_sales"
	require.Equal(t, want, labels(e), "the first that is spoken of badly")

	e.Scored.Score.Verbatims = e.Scored.Score.Verbatims[:1]
	want["theme"], want["dimension"] = "price", "product_service_quality"
	require.Equal(t, want, labels(e), "else the first")
}

func TestASourcesWordThatLooksLikeAPersonIsNoLabel(t *testing.T) {
	t.Parallel()
	e := raise(1, 0, eventsv1.Severity_LOW)
	e.Scored.Received.Response.Channel = "someone@example.org"
	e.Scored.Received.Response.Touchpoint = "+33 6 12 34 56 78"
	all := labels(e)
	require.NotContains(t, all, "channel")
	require.NotContains(t, all, "touchpoint")
	e.Scored.Received.Response.Channel = strings.Repeat("x", maxSourced+1)
	require.NotContains(t, labels(e), "channel")
}
