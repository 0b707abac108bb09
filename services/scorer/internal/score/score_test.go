package score_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
)

func TestDefaultScalesAreSaidInTheScore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		metric eventsv1.Metric
		lo, hi float64
	}{
		{eventsv1.Metric_NPS, 0, 10}, {eventsv1.Metric_CSAT, 1, 5}, {eventsv1.Metric_CES, 1, 7}, {eventsv1.Metric_FCR, 0, 1},
	} {
		worst, best := one(t, c.metric, c.lo, nil), one(t, c.metric, c.hi, nil)
		want := &eventsv1.Scale{Min: c.lo, Max: c.hi, Direction: eventsv1.Direction_HIGHER_IS_BETTER}
		require.True(t, proto.Equal(want, worst.GetScale()))
		require.InDelta(t, 0, worst.GetSatisfaction(), 0)
		require.InDelta(t, 100, best.GetSatisfaction(), 0)
	}
}

func TestValuesOnAndBesideAThreshold(t *testing.T) {
	t.Parallel()
	scale := func(lo, hi float64) *eventsv1.Scale { return &eventsv1.Scale{Min: lo, Max: hi} }
	for _, c := range []struct {
		metric eventsv1.Metric
		value  float64
		scale  *eventsv1.Scale
		class  eventsv1.Class
		sat    float64
	}{
		{eventsv1.Metric_NPS, 6.4, nil, eventsv1.Class_DETRACTOR, 64},
		{eventsv1.Metric_NPS, 6.5, nil, eventsv1.Class_PASSIVE, 65},
		{eventsv1.Metric_NPS, 8.5, nil, eventsv1.Class_PASSIVE, 85},
		{eventsv1.Metric_NPS, 8.6, nil, eventsv1.Class_PROMOTER, 86},
		{eventsv1.Metric_CSAT, 4, scale(0, 10), eventsv1.Class_NEUTRAL, 40},
		{eventsv1.Metric_CSAT, 6, scale(0, 10), eventsv1.Class_NEUTRAL, 60},
		{eventsv1.Metric_CSAT, 3.9, scale(0, 10), eventsv1.Class_DISSATISFIED, 39},
		{eventsv1.Metric_CSAT, 6.1, scale(0, 10), eventsv1.Class_SATISFIED, 61},
		// In binary, (4.6-1)/9*100 is a little less than 40.
		{eventsv1.Metric_CSAT, 4.6, scale(1, 10), eventsv1.Class_NEUTRAL, 40},
		{eventsv1.Metric_CSAT, 4.599, scale(1, 10), eventsv1.Class_DISSATISFIED, 39.988889},
		{eventsv1.Metric_CSAT, 0.3, scale(0.1, 0.6), eventsv1.Class_NEUTRAL, 40},
		{eventsv1.Metric_CES, 3.4, nil, eventsv1.Class_NEUTRAL, 40},
		{eventsv1.Metric_CES, 4.6, nil, eventsv1.Class_NEUTRAL, 60},
		{eventsv1.Metric_FCR, 0.5, nil, eventsv1.Class_RESOLVED, 50},
		{eventsv1.Metric_FCR, 0.49, nil, eventsv1.Class_UNRESOLVED, 49},
		{eventsv1.Metric_CSAT, -2, scale(-5, 5), eventsv1.Class_DISSATISFIED, 30},
	} {
		got := one(t, c.metric, c.value, c.scale)
		require.Equal(t, c.class, got.GetClass(), "%v %v", c.metric, c.value)
		require.InDelta(t, c.sat, got.GetSatisfaction(), 0, "%v %v", c.metric, c.value)
	}
}

func TestNegativeZeroIsZero(t *testing.T) {
	t.Parallel()
	require.False(t, math.Signbit(one(t, eventsv1.Metric_NPS, math.Copysign(0, -1), nil).GetSatisfaction()))
}

func TestWorstAnswer(t *testing.T) {
	t.Parallel()
	nps := func(v float64) *eventsv1.Answer { return &eventsv1.Answer{Metric: eventsv1.Metric_NPS, Value: &v} }
	csat := func(v float64) *eventsv1.Answer { return &eventsv1.Answer{Metric: eventsv1.Metric_CSAT, Value: &v} }
	ces := func(v float64) *eventsv1.Answer { return &eventsv1.Answer{Metric: eventsv1.Metric_CES, Value: &v} }
	fcr := func(v float64) *eventsv1.Answer { return &eventsv1.Answer{Metric: eventsv1.Metric_FCR, Value: &v} }
	for _, c := range []struct {
		name    string
		answers []*eventsv1.Answer
		class   eventsv1.Class
		sat     float64
	}{
		{"severity before satisfaction", []*eventsv1.Answer{csat(3), nps(6)}, eventsv1.Class_DETRACTOR, 60},
		{"then the lowest", []*eventsv1.Answer{nps(6), csat(1), ces(2)}, eventsv1.Class_DISSATISFIED, 0},
		{"then the first", []*eventsv1.Answer{csat(1), nps(0), fcr(0)}, eventsv1.Class_DISSATISFIED, 0},
		{"middle before good", []*eventsv1.Answer{nps(10), csat(4), nps(8)}, eventsv1.Class_PASSIVE, 80},
		{"all good", []*eventsv1.Answer{nps(10), csat(4), fcr(1)}, eventsv1.Class_SATISFIED, 75},
		{"not settled", []*eventsv1.Answer{nps(10), fcr(0)}, eventsv1.Class_UNRESOLVED, 0},
		{"no metric", []*eventsv1.Answer{{Verbatim: "Bonjour"}}, eventsv1.Class_CLASS_UNSPECIFIED, 0},
	} {
		s, err := plain.Score(&eventsv1.Response{Answers: c.answers})
		require.NoError(t, err, c.name)
		require.Equal(t, c.class, s.GetWorstClass(), c.name)
		require.InDelta(t, c.sat, s.GetWorstSatisfaction(), 0, c.name)
	}
}

func TestAnswersAndVerbatimsKeepTheirOrderAndQuestions(t *testing.T) {
	t.Parallel()
	r := &eventsv1.Response{Answers: []*eventsv1.Answer{
		{Question: "q1", Metric: eventsv1.Metric_NPS, Value: proto.Float64(3)},
		{Question: "q2", Verbatim: "Trop long."},
		{Question: "q3", Metric: eventsv1.Metric_CSAT, Value: proto.Float64(7), Scale: &eventsv1.Scale{Min: 1, Max: 10}},
		{Verbatim: "Too slow."},
	}}
	before := proto.Clone(r)
	got, err := plain.Score(r)
	require.NoError(t, err)
	want := &eventsv1.Score{
		Answers: []*eventsv1.AnswerScore{
			{
				Question: "q1", Metric: eventsv1.Metric_NPS, Value: 3, Class: eventsv1.Class_DETRACTOR, Satisfaction: 30,
				Rule:  "NPS 0-10: below 65 is DETRACTOR",
				Scale: &eventsv1.Scale{Min: 0, Max: 10, Direction: eventsv1.Direction_HIGHER_IS_BETTER},
			},
			{
				Question: "q3", Metric: eventsv1.Metric_CSAT, Value: 7, Class: eventsv1.Class_SATISFIED, Satisfaction: 66.666667,
				Rule:  "CSAT 1-10: above 60 is SATISFIED",
				Scale: &eventsv1.Scale{Min: 1, Max: 10, Direction: eventsv1.Direction_HIGHER_IS_BETTER},
			},
		},
		WorstClass: eventsv1.Class_DETRACTOR, WorstSatisfaction: 30,
		Verbatims: []*eventsv1.VerbatimAnalysis{
			{Question: "q2", Status: eventsv1.VerbatimAnalysis_NOT_ANALYSED},
			{Status: eventsv1.VerbatimAnalysis_NOT_ANALYSED},
		},
	}
	require.True(t, proto.Equal(want, got), "got %v", got)
	require.True(t, proto.Equal(before, r), "the response was changed")
}

func TestWhatCannotBeScoredIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	answer := func(v float64, s *eventsv1.Scale) *eventsv1.Answer {
		return &eventsv1.Answer{Metric: eventsv1.Metric_NPS, Value: &v, Scale: s, Question: "secret-question"}
	}
	for _, c := range []struct {
		want string
		bad  *eventsv1.Answer
	}{
		{"not a finite number", answer(math.NaN(), nil)},
		{"not a finite number", answer(math.Inf(1), nil)},
		{"outside its scale", answer(11, nil)},
		{"outside its scale", answer(-0.1, nil)},
		{"lowest first", answer(1, &eventsv1.Scale{Min: 5, Max: 1})},
		{"lowest first", answer(1, &eventsv1.Scale{Min: 1, Max: 1})},
		{"lowest first", answer(1, &eventsv1.Scale{Min: math.NaN(), Max: 1})},
		{"lowest first", answer(1, &eventsv1.Scale{Min: math.Inf(-1), Max: 1})},
		{"lowest first", answer(1, &eventsv1.Scale{Min: -math.MaxFloat64, Max: math.MaxFloat64})},
		{"direction", answer(1, &eventsv1.Scale{Min: 0, Max: 1, Direction: 9})},
		{"no value", &eventsv1.Answer{Metric: eventsv1.Metric_CSAT}},
		{"no metric", &eventsv1.Answer{Value: proto.Float64(3)}},
		{"does not know", &eventsv1.Answer{Metric: 99, Value: proto.Float64(3)}},
		{"neither", &eventsv1.Answer{}},
		{"neither", nil},
	} {
		s, err := plain.Score(&eventsv1.Response{Answers: []*eventsv1.Answer{answer(5, nil), c.bad, c.bad}})
		require.Nil(t, s)
		var invalid *score.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Len(t, invalid.Problems, 2)
		require.Contains(t, invalid.Problems[0], "answers[1] ")
		require.Contains(t, invalid.Problems[1], "answers[2] ")
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "secret-question")
	}
	_, err := plain.Score(nil)
	require.Error(t, err)
}
