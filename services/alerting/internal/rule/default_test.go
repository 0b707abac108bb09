package rule_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

func defaults(t *testing.T) *rule.Set {
	t.Helper()
	set, err := rule.Load(rule.DefaultFile, rule.DefaultText, rule.Options{})
	require.NoError(t, err)
	return set
}

func TestTheShippedRulesAreComplete(t *testing.T) {
	t.Parallel()
	plans := map[string]int32{}
	about := map[string]eventsv1.Metric{}
	severities := map[string]eventsv1.Severity{}
	for _, r := range defaults(t).Rules {
		require.NotEmpty(t, r.Description["fr"], r.Name)
		require.NotEmpty(t, r.Description["en"], r.Name)
		require.Equal(t, "default", r.Callback.GetQueue())
		plans[r.Name], about[r.Name], severities[r.Name] = r.Callback.GetPriority(), r.About, r.Severity
	}
	require.Equal(t, map[string]int32{"callback_requested": 80, "detractor": 60, "low_csat": 60, "high_effort": 50}, plans)
	require.Equal(t, map[string]eventsv1.Metric{
		"callback_requested": eventsv1.Metric_METRIC_UNSPECIFIED, "detractor": eventsv1.Metric_NPS,
		"low_csat": eventsv1.Metric_CSAT, "high_effort": eventsv1.Metric_CES,
	}, about)
	require.Equal(t, map[string]eventsv1.Severity{
		"callback_requested": eventsv1.Severity_MEDIUM, "detractor": eventsv1.Severity_HIGH,
		"low_csat": eventsv1.Severity_HIGH, "high_effort": eventsv1.Severity_MEDIUM,
	}, severities)
}

// Each shipped rule on every class, with and without leave to call.
func TestTheShippedRules(t *testing.T) {
	t.Parallel()
	score := func(m eventsv1.Metric, c eventsv1.Class) *eventsv1.Score {
		return &eventsv1.Score{Answers: []*eventsv1.AnswerScore{{Metric: m, Class: c}}}
	}
	no := &eventsv1.Consent{Callback: proto.Bool(false)}
	for name, c := range map[string]struct {
		response *eventsv1.Response
		score    *eventsv1.Score
		want     []string
	}{
		"detractor":           {nil, score(eventsv1.Metric_NPS, eventsv1.Class_DETRACTOR), []string{"detractor"}},
		"passive":             {nil, score(eventsv1.Metric_NPS, eventsv1.Class_PASSIVE), nil},
		"promoter":            {nil, score(eventsv1.Metric_NPS, eventsv1.Class_PROMOTER), nil},
		"dissatisfied":        {nil, score(eventsv1.Metric_CSAT, eventsv1.Class_DISSATISFIED), []string{"low_csat"}},
		"neutral":             {nil, score(eventsv1.Metric_CSAT, eventsv1.Class_NEUTRAL), nil},
		"satisfied":           {nil, score(eventsv1.Metric_CSAT, eventsv1.Class_SATISFIED), nil},
		"high effort":         {nil, score(eventsv1.Metric_CES, eventsv1.Class_HIGH_EFFORT), []string{"high_effort"}},
		"middling effort":     {nil, score(eventsv1.Metric_CES, eventsv1.Class_NEUTRAL), nil},
		"low effort":          {nil, score(eventsv1.Metric_CES, eventsv1.Class_LOW_EFFORT), nil},
		"not settled":         {nil, score(eventsv1.Metric_FCR, eventsv1.Class_UNRESOLVED), nil},
		"no score":            {nil, nil, nil},
		"asked, no score":     {&eventsv1.Response{CallbackRequested: true}, nil, []string{"callback_requested"}},
		"asked, and promoter": {&eventsv1.Response{CallbackRequested: true}, score(eventsv1.Metric_NPS, eventsv1.Class_PROMOTER), []string{"callback_requested"}},
		"refused":             {&eventsv1.Response{Consent: no}, score(eventsv1.Metric_NPS, eventsv1.Class_DETRACTOR), nil},
		"refused, low CSAT":   {&eventsv1.Response{Consent: no}, score(eventsv1.Metric_CSAT, eventsv1.Class_DISSATISFIED), nil},
		"refused, effort":     {&eventsv1.Response{Consent: no}, score(eventsv1.Metric_CES, eventsv1.Class_HIGH_EFFORT), nil},
		"refused, but asked": {
			&eventsv1.Response{Consent: no, CallbackRequested: true}, score(eventsv1.Metric_NPS, eventsv1.Class_DETRACTOR),
			[]string{"callback_requested", "detractor"},
		},
		"two answers, one bad": {nil, &eventsv1.Score{Answers: []*eventsv1.AnswerScore{
			{Metric: eventsv1.Metric_CSAT, Class: eventsv1.Class_SATISFIED, Satisfaction: 100},
			{Metric: eventsv1.Metric_CSAT, Class: eventsv1.Class_DISSATISFIED, Satisfaction: 25},
		}}, []string{"low_csat"}},
	} {
		var got []string
		for _, r := range defaults(t).Rules {
			ok, err := r.Matches(rule.NewFacts(c.response, c.score))
			require.NoError(t, err)
			if ok {
				got = append(got, r.Name)
			}
		}
		require.Equal(t, c.want, got, name)
	}
}
