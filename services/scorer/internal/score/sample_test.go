package score_test

import (
	"bufio"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// The classes that sample/README.md counted by hand, on the last revision of
// each response.
func TestTheSampleScoresAsItWasCounted(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	for _, r := range sample(t) {
		s, err := plain.Score(r)
		require.NoError(t, err)
		for _, a := range s.GetAnswers() {
			counts[a.GetMetric().String()+" "+a.GetClass().String()]++
		}
	}
	require.Equal(t, map[string]int{
		"NPS DETRACTOR": 45, "NPS PASSIVE": 36, "NPS PROMOTER": 61,
		"CSAT DISSATISFIED": 46, "CSAT NEUTRAL": 17, "CSAT SATISFIED": 82,
		"CES HIGH_EFFORT": 26, "CES NEUTRAL": 8, "CES LOW_EFFORT": 36,
		"FCR UNRESOLVED": 24, "FCR RESOLVED": 30,
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
