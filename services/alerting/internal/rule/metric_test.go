package rule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

const metricsHead = "version: 1\nrules: [{name: a, when: may_call}]\nmetrics:\n"

func metrics(t *testing.T, text string) []*rule.Metric {
	t.Helper()
	set, err := rule.Load("rules.yaml", []byte(metricsHead+text), rule.Options{})
	require.NoError(t, err)
	return set.Metrics
}

func TestAWholeMetricRule(t *testing.T) {
	t.Parallel()
	m := metrics(t, `
  - name: urgent_share
    description: {fr: Plus d'urgences., en: More that is urgent.}
    measure: share
    of: touchpoint == "delivery"
    share: '"urgent" in intents'
    by: [survey, theme, attributes.region]
    window: 24h
    against: {last: 28d}
    rises_by: 7.5
    at_least: 40
    confidence: 0.99
    back_for: 12h
    severity: high
    notify: true
    team: logistics
    labels: {region: IDF}
`)[0]
	require.Equal(t, "urgent_share", m.Name)
	require.Equal(t, "More that is urgent.", m.Description["en"])
	require.Equal(t, rule.Share, m.Measure)
	require.Equal(t, `touchpoint == "delivery"`, m.Of.When)
	require.Equal(t, []string{"survey", "theme", "attributes.region"}, m.By)
	require.Equal(t, "region", rule.Label(m.By[2]))
	require.Equal(t, "store_id", rule.Label("attributes.store-id"))
	require.Equal(t, 24*time.Hour, m.Window)
	require.Equal(t, rule.Last, m.Against)
	require.Equal(t, 28*24*time.Hour, m.Last)
	require.Equal(t, 29*24*time.Hour, m.Reach())
	require.True(t, m.Rises)
	require.InDelta(t, 7.5, m.Move, 0)
	require.Equal(t, 40, m.AtLeast)
	require.InDelta(t, 0.99, m.Confidence, 0)
	require.Equal(t, 12*time.Hour, m.BackFor)
	require.Equal(t, eventsv1.Severity_HIGH, m.Severity)
	require.True(t, m.Notify)
	require.Equal(t, "logistics", m.Team)
	require.Equal(t, map[string]string{"region": "IDF"}, m.Labels)
}

func TestWhatAMetricRuleDoesNotSay(t *testing.T) {
	t.Parallel()
	all := metrics(t, `
  - {name: m1, measure: NPS, window: 8h, drops_by: 10}
  - {name: m2, measure: count, window: 1d, drops_by: 50}
  - {name: m3, measure: count, window: 90m, above: 20}
  - {name: m4, measure: CSAT, window: 24h, below: 70}
`)
	require.Equal(t, rule.Previous, all[0].Against)
	require.Equal(t, 30, all[0].AtLeast)
	require.InDelta(t, 0.999, all[0].Confidence, 0)
	require.Equal(t, 2*time.Hour, all[0].BackFor)
	require.Equal(t, eventsv1.Severity_MEDIUM, all[0].Severity)
	require.False(t, all[0].Rises)
	require.Equal(t, rule.Weeks, all[1].Against)
	require.Equal(t, 4, all[1].Weeks)
	require.Equal(t, 10, all[1].AtLeast)
	require.Equal(t, rule.Bar, all[2].Against)
	require.Zero(t, all[2].AtLeast)
	require.Zero(t, all[2].Confidence)
	require.Equal(t, rule.Bar, all[3].Against)
	require.InDelta(t, 70, all[3].Move, 0)
	set, err := rule.Load("rules.yaml", []byte("version: 1\nrules: [{name: a, when: may_call}]\nmetrics: []\n"), rule.Options{})
	require.NoError(t, err)
	require.Empty(t, set.Metrics)
}

// Each wrong key of a metric rule is named, with its line.
func TestWrongMetricRules(t *testing.T) {
	t.Parallel()
	const good = "measure: NPS, window: 24h, drops_by: 10"
	for name, c := range map[string]struct{ text, want string }{
		"no list":           {"  {}\n", "rules.yaml:4:3: metrics: must be a list"},
		"nothing":           {"  - {}\n", "rules.yaml:4:5: measure: is required"},
		"unknown key":       {"  - {name: m, colour: red, " + good + "}\n", "rules.yaml:4:15: metric m: colour: is not known here"},
		"a rule's name":     {"  - {name: a, " + good + "}\n", "name: is taken by the rule on line 2"},
		"a name twice":      {"  - {name: m, " + good + "}\n  - {name: m, " + good + "}\n", "rules.yaml:5:12: metric m: name: is taken by the rule on line 4"},
		"measure":           {"  - {name: m, measure: nps, window: 24h, drops_by: 10}\n", "metric m: measure: must be NPS, CSAT, CES, FCR, count or share"},
		"condition":         {"  - {name: m, of: surveyy == 'x', " + good + "}\n", "rules.yaml:4:19: metric m: undeclared reference to 'surveyy'"},
		"condition's trap":  {"  - {name: m, of: nps.value < 3.0, " + good + "}\n", "nps.value is 0 when nothing was asked"},
		"share without":     {"  - {name: m, measure: share, window: 24h, drops_by: 10}\n", "share: is the condition of measure: share"},
		"share beside":      {"  - {name: m, share: may_call, " + good + "}\n", "share: is the condition of measure: share"},
		"by what":           {"  - {name: m, by: [surveys], " + good + "}\n", "metric m: by[0]: must be survey, touchpoint, channel, theme, dimension or attributes.NAME"},
		"by an attribute":   {"  - {name: m, by: [attributes.], " + good + "}\n", "by[0]: must be survey"},
		"by twice":          {"  - {name: m, by: [theme, theme], " + good + "}\n", "by[1]: theme is there twice"},
		"by a taken label":  {"  - {name: m, by: [attributes.severity], " + good + "}\n", "by[0]: alerts would have a label \"severity\" of it"},
		"by no label":       {"  - {name: m, by: [attributes.1er], " + good + "}\n", "by[0]: alerts would have a label \"1er\" of it"},
		"by one label":      {"  - {name: m, by: [attributes.a-b, attributes.a_b], " + good + "}\n", "by[1]: a_b is there twice"},
		"by four":           {"  - {name: m, by: [theme, survey, channel, touchpoint], " + good + "}\n", "by: holds more than 3"},
		"window":            {"  - {name: m, measure: NPS, window: 24, drops_by: 10}\n", "window: must be a time in whole minutes like 90m, 4h or 7d, 15m to 28d"},
		"short window":      {"  - {name: m, measure: NPS, window: 10m, drops_by: 10}\n", "window: must be a time"},
		"window of seconds": {"  - {name: m, measure: NPS, window: 20m30s, drops_by: 10}\n", "window: must be a time in whole minutes"},
		"against what":      {"  - {name: m, against: yesterday, " + good + "}\n", "against: must be previous, {last: 28d} or {weeks: 4}"},
		"against two":       {"  - {name: m, against: {last: 7d, weeks: 2}, " + good + "}\n", "against: must be previous"},
		"against nothing":   {"  - {name: m, against: {}, " + good + "}\n", "against: must be previous"},
		"too many weeks":    {"  - {name: m, against: {weeks: 9}, " + good + "}\n", "against.weeks: must be a whole number from 1 to 8"},
		"weeks of a month":  {"  - {name: m, against: {weeks: 2}, measure: NPS, window: 14d, drops_by: 10}\n", "window: must be at most a week"},
		"short baseline":    {"  - {name: m, against: {last: 12h}, " + good + "}\n", "against.last: must be at least as long as the window"},
		"too far back":      {"  - {name: m, against: {last: 90d}, " + good + "}\n", "against: window and what it is compared with reach back 91d"},
		"too many windows":  {"  - {name: m, against: {last: 28d}, measure: NPS, window: 30m, drops_by: 10}\n", "window: reaches back more than 768 windows"},
		"no move":           {"  - {name: m, measure: NPS, window: 24h}\n", "needs one of drops_by, rises_by, below and above, and has 0"},
		"two moves":         {"  - {name: m, rises_by: 10, " + good + "}\n", "needs one of drops_by, rises_by, below and above, and has 2"},
		"bar and against":   {"  - {name: m, measure: NPS, window: 24h, below: 10, against: previous}\n", "below: is a fixed bar"},
		"move of nothing":   {"  - {name: m, measure: NPS, window: 24h, drops_by: 0}\n", "drops_by: must be a number from 1 to 200"},
		"move of a share":   {"  - {name: m, measure: CSAT, window: 24h, drops_by: 150}\n", "drops_by: must be a number from 1 to 100"},
		"bar of NPS":        {"  - {name: m, measure: NPS, window: 24h, below: -101}\n", "below: must be a number from -100 to 100"},
		"bar of CSAT":       {"  - {name: m, measure: CSAT, window: 24h, above: -1}\n", "above: must be a number from 0 to 100"},
		"few":               {"  - {name: m, at_least: 4, " + good + "}\n", "at_least: must be a whole number from 5 to 1000000"},
		"confidence":        {"  - {name: m, confidence: 99.9, " + good + "}\n", "confidence: must be a number from 0.9 to 0.999999"},
		"certain count":     {"  - {name: m, measure: count, window: 24h, above: 5, confidence: 0.99}\n", "confidence: goes with no bar for a count"},
		"count of a day":    {"  - {name: m, measure: count, window: 24h, against: previous, drops_by: 50}\n", "against: a count goes with the hour and the day of the week"},
		"long back_for":     {"  - {name: m, back_for: 48h, " + good + "}\n", "back_for: must be at most as long as the window"},
		"severity":          {"  - {name: m, severity: bad, " + good + "}\n", "severity: must be low"},
		"callback":          {"  - {name: m, callback: {queue: q}, " + good + "}\n", "callback: is not known here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, strings.Join(problems(t, metricsHead+c.text), "\n"), c.want)
		})
	}
	many := metricsHead + strings.Repeat("  - {}\n", 101)
	require.Contains(t, strings.Join(problems(t, many), "\n"), "this is the metric too many: a file holds at most 100")
}

// What two rules gather is the same only where nothing of it differs.
func TestWhatARuleGathers(t *testing.T) {
	t.Parallel()
	of := func(text string) string { return metrics(t, "  - {name: m, "+text+"}\n")[0].Gathers() }
	base := of("measure: NPS, window: 24h, drops_by: 10")
	require.Equal(t, base, of("measure: NPS, window: 24h, rises_by: 20, at_least: 50, confidence: 0.99, severity: low"))
	for _, other := range []string{
		"measure: CSAT, window: 24h, drops_by: 10", "measure: NPS, window: 48h, drops_by: 10", "measure: NPS, window: 24h, drops_by: 10, against: {last: 2d}",
		"measure: NPS, window: 24h, drops_by: 10, of: may_call", "measure: NPS, window: 24h, drops_by: 10, by: [survey]",
	} {
		require.NotEqual(t, base, of(other), other)
	}
}

// What the index leaves out would not have counted.
func TestTheIndexOfMetricRulesLeavesOutNothingThatCounts(t *testing.T) {
	t.Parallel()
	set, err := rule.Load("rules.yaml", []byte(metricsHead+`
  - {name: m1, measure: NPS, window: 24h, drops_by: 10}
  - {name: m2, measure: NPS, of: survey == "s", window: 24h, drops_by: 10}
  - {name: m3, measure: CSAT, of: channel == "email" || channel == "sms", window: 24h, drops_by: 10}
  - {name: m4, measure: count, window: 24h, above: 10}
  - {name: m5, measure: share, share: survey == "s", of: has(nps.metric), window: 24h, rises_by: 10}
`), rule.Options{})
	require.NoError(t, err)
	names := func(survey, channel string, classes ...eventsv1.Class) (got []string) {
		score := &eventsv1.Score{}
		for _, c := range classes {
			m := eventsv1.Metric_NPS
			if c == eventsv1.Class_SATISFIED {
				m = eventsv1.Metric_CSAT
			}
			score.Answers = append(score.Answers, &eventsv1.AnswerScore{Metric: m, Class: c})
		}
		counted, failures := set.Count(rule.NewFacts(&eventsv1.Response{Survey: survey, Channel: channel}, score))
		require.Empty(t, failures)
		for _, c := range counted {
			sign := map[rule.Sign]string{rule.Good: "+", rule.Bad: "-"}[c.Sign]
			got = append(got, c.Metric.Name+sign)
		}
		return got
	}
	require.Equal(t, []string{"m4"}, names("s", "email"))
	require.Equal(t, []string{"m1-", "m2-", "m4", "m5+"}, names("s", "web", eventsv1.Class_DETRACTOR))
	require.Equal(t, []string{"m1+", "m4", "m5"}, names("t", "web", eventsv1.Class_PROMOTER))
	require.Equal(t, []string{"m1", "m3+", "m4", "m5"}, names("t", "sms", eventsv1.Class_PASSIVE, eventsv1.Class_SATISFIED))
	require.Equal(t, []string{"m3+", "m4"}, names("s", "sms", eventsv1.Class_SATISFIED))
}

// It would be false, or true, of everybody without a word.
func TestAMetricCannotAskAboutHistory(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"of: history.called_within(7), measure: NPS", "share: size(history.answers(30)) > 1, measure: share"} {
		_, err := rule.Load("test", []byte("version: 1\nrules: [{name: r, when: may_call}]\nmetrics:\n  - {name: m, "+key+", window: 24h, drops_by: 20}\n"), rule.Options{})
		require.ErrorContains(t, err, "history, which figures know nothing of", key)
	}
}
