package score_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
)

var at = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// plain scores without a reader.
var plain = score.New(score.Options{})

func received(nps float64) *eventsv1.ResponseReceived {
	return &eventsv1.ResponseReceived{
		EventId: "e-1", Revision: 1, CustomerKey: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Bucket: "0af",
		Response: response(nps),
	}
}

func response(nps float64) *eventsv1.Response {
	return &eventsv1.Response{Id: "r-1", Survey: "s", Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &nps}}}
}

func TestEventIsDeterministicButForItsTime(t *testing.T) {
	t.Parallel()
	a, err := plain.Event(received(2), nil, at)
	require.NoError(t, err)
	b, err := plain.Event(received(2), nil, at.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, "s"+score.Version+"-e-1", a.GetEventId())
	require.Equal(t, at, a.GetScoredAt().AsTime())
	b.ScoredAt = a.GetScoredAt()
	require.True(t, proto.Equal(a, b))
	require.Nil(t, a.GetPreviousScore())
	require.Equal(t, score.Version, a.GetScorerVersion())
}

func TestEventScoresTheRevisionBefore(t *testing.T) {
	t.Parallel()
	r := received(9)
	r.Revision, r.Previous = 2, response(0)
	e, err := plain.Event(r, nil, at)
	require.NoError(t, err)
	require.Equal(t, eventsv1.Class_PROMOTER, e.GetScore().GetWorstClass())
	require.Equal(t, eventsv1.Class_DETRACTOR, e.GetPreviousScore().GetWorstClass())
}

func TestACorrectionDoesNotSufferFromTheMistake(t *testing.T) {
	t.Parallel()
	r := received(9)
	r.Revision, r.Previous = 2, response(99)
	e, err := plain.Event(r, nil, at)
	require.NoError(t, err)
	require.Equal(t, eventsv1.Class_PROMOTER, e.GetScore().GetWorstClass())
	require.Nil(t, e.GetPreviousScore())
}

func TestAnEventWithoutAPlaceIsRefused(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*eventsv1.ResponseReceived){
		"event_id":  func(r *eventsv1.ResponseReceived) { r.EventId = "" },
		"survey":    func(r *eventsv1.ResponseReceived) { r.Response.Survey = "a.b" },
		"bucket":    func(r *eventsv1.ResponseReceived) { r.Bucket = "XYZ" },
		"answers[0": func(r *eventsv1.ResponseReceived) { r.Response = response(11) },
	} {
		r := received(2)
		spoil(r)
		_, err := plain.Event(r, nil, at)
		var invalid *score.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.ErrorContains(t, err, want)
	}
	_, err := plain.Event(&eventsv1.ResponseReceived{}, nil, at)
	var invalid *score.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Problems, 3)
}
