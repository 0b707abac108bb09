package rule_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

func TestConditionsSeeWhatWasFoundInTheWords(t *testing.T) {
	t.Parallel()
	s := &eventsv1.Score{
		Priority: 82.5, Disagreement: eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS,
		Verbatims: []*eventsv1.VerbatimAnalysis{
			{Sentiment: &eventsv1.Sentiment{Label: eventsv1.Sentiment_POSITIVE}},
			{
				Sentiment: &eventsv1.Sentiment{Label: eventsv1.Sentiment_NEGATIVE, Negative: 0.9},
				Themes:    []*eventsv1.ThemeFound{{Theme: "delivery_time", Dimension: eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES}, {Theme: "own"}},
				Intents:   []*eventsv1.IntentFound{{Intent: eventsv1.Intent_LEGAL_THREAT}, {Intent: eventsv1.Intent_URGENT}},
			},
			{Intents: []*eventsv1.IntentFound{{Intent: eventsv1.Intent_URGENT}}},
		},
	}
	for when, want := range map[string]bool{
		`sentiment == "negative"`:                                                    true,
		`sentiment in ["neutral", "positive"]`:                                       false,
		`"legal_threat" in intents && intents.size() == 2`:                           true,
		`"safety" in intents`:                                                        false,
		`intents.exists(i, i in ["churn_risk", "urgent"])`:                           true,
		`"delivery_time" in themes && "own" in themes`:                               true,
		`"responsiveness_after_sales" in dimensions`:                                 true,
		`score.priority >= 80.0`:                                                     true,
		`disagreement && score.disagreement == Disagreement.GOOD_SCORE_BAD_WORDS`:    true,
		`score.verbatims.exists(v, v.sentiment.negative > 0.8)`:                      true,
		`score.verbatims.exists(v, v.themes.exists(t, t.theme.startsWith("deliv")))`: true,
	} {
		require.Equal(t, want, matches(t, when, nil, s), when)
	}
	for when, want := range map[string]bool{
		`sentiment == ""`: true, `intents.size() + themes.size() + dimensions.size() == 0`: true, `disagreement`: false, `score.priority == 0.0`: true,
	} {
		require.Equal(t, want, matches(t, when, nil, nil), when)
	}
}

func TestAWordThatAFactNeverIsIsRefused(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]string{
		`"legal" in intents`:               `"legal" is never in intents: possible are churn_risk, legal_threat`,
		`"LEGAL_THREAT" in intents`:        "never in intents",
		`sentiment == "bad"`:               `"bad" is never in sentiment: possible are negative, neutral, positive`,
		`"sad" == sentiment`:               "never in sentiment",
		`sentiment in ["negative", "sad"]`: `"sad" is never in sentiment`,
		`"R" in dimensions`:                "never in dimensions",
	} {
		_, err := rule.Load("rules.yaml", []byte("version: 1\nrules:\n  - name: r\n    when: |\n      "+when+"\n"), rule.Options{})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "rules.yaml:5")
	}
}
