package response_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// A declared scale makes valid what the metric's own would refuse, stands in the response,
// and does not touch what the source says.
func TestDeclaredScalesAreSaidInTheAnswer(t *testing.T) {
	t.Parallel()
	n, err := response.NewNormaliser("FR")
	require.NoError(t, err)
	scales := &metric.Scales{}
	require.NoError(t, scales.Declare(metric.EverySurvey, "CSAT", metric.Declared{Scale: &eventsv1.Scale{Min: 0, Max: 2}}))
	given := func() *eventsv1.Response {
		return &eventsv1.Response{Survey: "s", Answers: []*eventsv1.Answer{
			{Metric: eventsv1.Metric_CSAT, Question: "a", Value: proto.Float64(0)},
			{Metric: eventsv1.Metric_CSAT, Question: "b", Value: proto.Float64(4), Scale: &eventsv1.Scale{Min: 1, Max: 5}},
			{Metric: eventsv1.Metric_NPS, Value: proto.Float64(9)},
			{Verbatim: "bien"},
		}}
	}
	_, wrong := n.Normalise(given(), time.Now())
	require.Len(t, wrong, 1, "0 is outside 1 to 5")
	sub, wrong := n.WithScales(scales).Normalise(given(), time.Now())
	require.Empty(t, wrong)
	answers := sub.Response.GetAnswers()
	require.InDelta(t, 2, answers[0].GetScale().GetMax(), 0)
	require.Equal(t, eventsv1.Direction_HIGHER_IS_BETTER, answers[0].GetScale().GetDirection())
	require.InDelta(t, 5, answers[1].GetScale().GetMax(), 0)
	require.Nil(t, answers[2].GetScale())
	require.Nil(t, answers[3].GetScale())
}
