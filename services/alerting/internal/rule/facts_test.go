package rule_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

func matches(t *testing.T, when string, r *eventsv1.Response, s *eventsv1.Score) bool {
	t.Helper()
	ok, err := compile(t, when).Matches(rule.NewFacts(r, s))
	require.NoError(t, err)
	return ok
}

func TestTheWorstAnswerOfAMetric(t *testing.T) {
	t.Parallel()
	s := &eventsv1.Score{Answers: []*eventsv1.AnswerScore{
		{Question: "a", Metric: eventsv1.Metric_CSAT, Satisfaction: 50},
		{Question: "b", Metric: eventsv1.Metric_CSAT, Satisfaction: 25},
		{Question: "c", Metric: eventsv1.Metric_CSAT, Satisfaction: 25},
		{Question: "d", Metric: eventsv1.Metric_NPS, Satisfaction: 0},
		{Question: "e", Metric: 77, Satisfaction: 0},
	}}
	f := rule.NewFacts(nil, s)
	require.Equal(t, "b", f.Worst(eventsv1.Metric_CSAT).GetQuestion())
	require.Equal(t, "d", f.Worst(eventsv1.Metric_NPS).GetQuestion())
	require.Nil(t, f.Worst(eventsv1.Metric_CES))
	require.Nil(t, f.Worst(eventsv1.Metric_METRIC_UNSPECIFIED))
	require.Nil(t, f.Worst(77))
	require.True(t, matches(t, `csat.question == "b" && has(nps.metric) && !has(ces.metric)`, nil, s))
	require.True(t, matches(t, "fcr.class == Class.CLASS_UNSPECIFIED", nil, s))
}

func TestMayCall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		requested bool
		consent   *eventsv1.Consent
		want      bool
	}{
		{false, nil, true},
		{false, &eventsv1.Consent{}, true},
		{false, &eventsv1.Consent{Callback: proto.Bool(true)}, true},
		{false, &eventsv1.Consent{Callback: proto.Bool(false)}, false},
		{true, &eventsv1.Consent{Callback: proto.Bool(false)}, true},
	} {
		r := &eventsv1.Response{CallbackRequested: c.requested, Consent: c.consent}
		require.Equal(t, c.want, rule.NewFacts(r, nil).MayCall())
		require.Equal(t, c.want, matches(t, "may_call", r, nil))
		require.Equal(t, c.requested, matches(t, "callback_requested", r, nil))
	}
}

func TestConditionsSeeTheResponse(t *testing.T) {
	t.Parallel()
	r := &eventsv1.Response{
		Survey: "s", Channel: "sms", Touchpoint: "delivery", Attributes: map[string]string{"segment": "pro"},
		Customer: &eventsv1.Customer{Language: "fr-FR"},
		Answers:  []*eventsv1.Answer{{Verbatim: "Je vais voir mon AVOCAT."}},
		CallbackSlots: []*eventsv1.Slot{{
			From: &timestamppb.Timestamp{Seconds: 1_795_536_000}, To: &timestamppb.Timestamp{Seconds: 1_795_543_200},
		}},
	}
	for when, want := range map[string]bool{
		`survey == "s" && channel == "sms" && touchpoint == "delivery"`:       true,
		`attributes[?"segment"].orValue("") == "pro"`:                         true,
		`attributes[?"region"].orValue("none") == "none"`:                     true,
		`"region" in attributes && attributes["region"] == "IDF"`:             false,
		`response.customer.language.startsWith("fr")`:                         true,
		`response.answers.exists(a, a.verbatim.matches("(?i)avocat"))`:        true,
		`response.answers.exists(a, a.verbatim.contains("avocat"))`:           false,
		`response.answers.exists(a, has(a.value))`:                            false,
		`response.callback_slots.size() > 0`:                                  true,
		`response.callback_slots.exists(s, s.to - s.from > duration("2h"))`:   false,
		`score.worst_class == Class.CLASS_UNSPECIFIED && !has(score.answers)`: true,
	} {
		require.Equal(t, want, matches(t, when, r, nil), when)
	}
}

func TestAFailureQuotesNothing(t *testing.T) {
	t.Parallel()
	r := &eventsv1.Response{
		Attributes: map[string]string{"spent": "call +33199001010"},
		Answers:    []*eventsv1.Answer{{Verbatim: "+33199001010"}},
	}
	for when, want := range map[string]string{
		"may_call &&\nint(attributes[?'spent'].orValue('0')) > 3":                  "rule r (rules.yaml:6): the condition fails on this response",
		"response.answers[4].verbatim == ''":                                       "rule r (rules.yaml:5): index out of bounds",
		"attributes[survey] == 'x'":                                                "rule r (rules.yaml:5): no such key",
		"1 / response.answers.size() > 0 && 1 / (response.answers.size() - 1) > 0": "rule r (rules.yaml:5): division by zero",
	} {
		ok, err := compile(t, when).Matches(rule.NewFacts(r, nil))
		require.False(t, ok)
		var failure *rule.EvalError
		require.ErrorAs(t, err, &failure)
		require.Equal(t, want, err.Error())
		require.NotContains(t, err.Error(), "9900")
	}
}

// More than the contract allows can reach a rule only by a defect elsewhere;
// the bound holds then too.
func TestTheCostIsWatchedWhileARuleRuns(t *testing.T) {
	t.Parallel()
	r, long := &eventsv1.Response{}, strings.Repeat("x", 60_000)
	for range 4000 {
		r.Answers = append(r.Answers, &eventsv1.Answer{Verbatim: long})
	}
	_, err := compile(t, "response.answers.exists(a, a.verbatim.contains('avocat'))").Matches(rule.NewFacts(r, nil))
	require.EqualError(t, err, "rule r (rules.yaml:4): the condition costs too much on this response")
}

func TestConditionsAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	compiled := compile(t, "has(nps.metric) && nps.satisfaction < 50.0")
	bad := &eventsv1.Score{Answers: []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Satisfaction: 20}}}
	results := make(chan bool)
	for i := range 8 {
		go func() {
			right := true
			for range 200 {
				s := &eventsv1.Score{}
				if i%2 == 0 {
					s = bad
				}
				ok, err := compiled.Matches(rule.NewFacts(nil, s))
				right = right && err == nil && ok == (i%2 == 0)
			}
			results <- right
		}()
	}
	for range 8 {
		require.True(t, <-results)
	}
}
