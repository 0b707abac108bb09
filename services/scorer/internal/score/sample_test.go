package score_test

import (
	"bufio"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
)

// The classes that sample/README.md counted by hand, on the last revision of
// each response.
func TestTheSampleScoresAsItWasCounted(t *testing.T) {
	t.Parallel()
	counts := map[eventsv1.Metric]map[eventsv1.Class]int{}
	for _, r := range sample(t) {
		s, err := score.Score(r)
		require.NoError(t, err)
		for _, a := range s.GetAnswers() {
			if counts[a.GetMetric()] == nil {
				counts[a.GetMetric()] = map[eventsv1.Class]int{}
			}
			counts[a.GetMetric()][a.GetClass()]++
		}
	}
	require.Equal(t, map[eventsv1.Metric]map[eventsv1.Class]int{
		eventsv1.Metric_NPS:  {eventsv1.Class_DETRACTOR: 45, eventsv1.Class_PASSIVE: 36, eventsv1.Class_PROMOTER: 61},
		eventsv1.Metric_CSAT: {eventsv1.Class_DISSATISFIED: 46, eventsv1.Class_NEUTRAL: 17, eventsv1.Class_SATISFIED: 82},
		eventsv1.Metric_CES:  {eventsv1.Class_HIGH_EFFORT: 26, eventsv1.Class_NEUTRAL: 8, eventsv1.Class_LOW_EFFORT: 36},
		eventsv1.Metric_FCR:  {eventsv1.Class_UNRESOLVED: 24, eventsv1.Class_RESOLVED: 30},
	}, counts)
}

// sample is the last revision of each response of sample/answers.jsonl.
func sample(t *testing.T) map[string]*eventsv1.Response {
	f, err := os.Open("../../../../sample/answers.jsonl")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	last := map[string]*eventsv1.Response{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		r := &eventsv1.Response{}
		require.NoError(t, protojson.Unmarshal(lines.Bytes(), r))
		last[r.GetSurvey()+"\x00"+r.GetId()] = r
	}
	require.NoError(t, lines.Err())
	return last
}
