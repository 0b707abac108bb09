package scalefile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/metric"
	"github.com/rappel-loop/rappel/services/internal/scalefile"
)

const file = `scales:
  apres-livraison:
    effort: {min: 1, max: 5, better: lower, bad_above: 3, good_below: 2}
    CSAT: {min: 1, max: 3}
  "*":
    CSAT: {min: 0, max: 2}
    CES: {min: 1, max: 7, bad_below: 5, good_above: 5}
`

func answer(m eventsv1.Metric, question string, v float64, s *eventsv1.Scale) *eventsv1.Answer {
	return &eventsv1.Answer{Metric: m, Question: question, Value: &v, Scale: s}
}

func TestTheNearestDeclarationHolds(t *testing.T) {
	t.Parallel()
	scales, err := scalefile.Load("scales.yaml", []byte(file))
	require.NoError(t, err)
	require.Equal(t, 4, scales.Len())
	five := &eventsv1.Scale{Min: 1, Max: 5}
	for _, c := range []struct {
		survey string
		a      *eventsv1.Answer
		class  eventsv1.Class
		rule   string
	}{
		{"apres-livraison", answer(eventsv1.Metric_CES, "effort", 4, nil), eventsv1.Class_HIGH_EFFORT, "apres-livraison CES 1-5, lower is better: below 50 is HIGH_EFFORT"},
		{"apres-livraison", answer(eventsv1.Metric_CES, "effort", 2, nil), eventsv1.Class_NEUTRAL, "apres-livraison CES 1-5, lower is better: 50 to 75 is NEUTRAL"},
		{"apres-livraison", answer(eventsv1.Metric_CES, "effort", 1, nil), eventsv1.Class_LOW_EFFORT, "apres-livraison CES 1-5, lower is better: above 75 is LOW_EFFORT"},
		{"apres-livraison", answer(eventsv1.Metric_CSAT, "x", 2, nil), eventsv1.Class_NEUTRAL, "apres-livraison CSAT 1-3: 40 to 60 is NEUTRAL"},
		{"other", answer(eventsv1.Metric_CSAT, "x", 0, nil), eventsv1.Class_DISSATISFIED, "* CSAT 0-2: below 40 is DISSATISFIED"},
		// 4 of 7 is a satisfaction of 50, and 5 of 66.67: both thresholds stand there.
		{"other", answer(eventsv1.Metric_CES, "", 4, nil), eventsv1.Class_HIGH_EFFORT, "* CES 1-7: below 66.666667 is HIGH_EFFORT"},
		{"other", answer(eventsv1.Metric_CES, "", 5, nil), eventsv1.Class_NEUTRAL, "* CES 1-7: 66.666667 to 66.666667 is NEUTRAL"},
		// What the answer says of itself goes before, and the declared thresholds are not for it.
		{"other", answer(eventsv1.Metric_CSAT, "", 2, five), eventsv1.Class_DISSATISFIED, "CSAT 1-5: below 40 is DISSATISFIED"},
		{"other", answer(eventsv1.Metric_NPS, "", 9, nil), eventsv1.Class_PROMOTER, "NPS 0-10: above 85 is PROMOTER"},
		// The very scale that is declared: its thresholds are meant.
		{"other", answer(eventsv1.Metric_CES, "", 4, &eventsv1.Scale{Min: 1, Max: 7}), eventsv1.Class_HIGH_EFFORT, "* CES 1-7: below 66.666667 is HIGH_EFFORT"},
		{"other", answer(eventsv1.Metric_CES, "", 4, &eventsv1.Scale{Min: 1, Max: 7, Direction: eventsv1.Direction_LOWER_IS_BETTER}), eventsv1.Class_NEUTRAL, "CES 1-7, lower is better: 40 to 60 is NEUTRAL"},
	} {
		got, err := scales.Score(c.survey, c.a)
		require.NoError(t, err)
		require.Equal(t, c.rule, got.GetRule())
		require.Equal(t, c.class, got.GetClass())
	}
	_, err = scales.Score("apres-livraison", answer(eventsv1.Metric_CSAT, "", 5, nil))
	require.ErrorContains(t, err, "outside its scale")
}

func TestEveryFaultIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	_, err := scalefile.Load("scales.yaml", []byte(`scales:
  a.b:
    q: {min: 1, max: 5}
  s:
    q1: {min: 5, max: 1}
    q2: {min: 1}
    q3: {min: 1, max: 5, better: sideways}
    q4: {min: 1, max: 5, better: lower, bad_below: 2}
    q5: {min: 1, max: 5, bad_below: 6}
    q6: {min: 1, max: 5, bad_below: 4, good_above: 2}
    FCR: {min: 0, max: 1, bad_below: 1}
    q7: {min: 1, max: many}
    q8: {min: 1, max: 5, colour: red}
`))
	for _, want := range []string{
		"scales.yaml:3", "is no survey", "scales.yaml:5", "lowest first", "scales.yaml:6", "scales.s.q2.max: is required",
		"scales.yaml:7", "higher or lower", "scales.yaml:8", "write bad_above", "scales.yaml:9", "not on the scale",
		"scales.yaml:10", "leave no room", "scales.yaml:11", "FCR is yes or no", "scales.yaml:12", "scales.yaml:13", "colour",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = scalefile.Load("scales.yaml", nil)
	require.ErrorContains(t, err, "begins with scales:")
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	none, err := scalefile.Open("")
	require.NoError(t, err)
	require.Zero(t, none.Len())
	_, err = scalefile.Open(filepath.Join(t.TempDir(), "missing.yaml"))
	require.ErrorContains(t, err, "scales_file")
	path := filepath.Join(t.TempDir(), "scales.yaml")
	require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	scales, err := scalefile.Open(path)
	require.NoError(t, err)
	require.Equal(t, 4, scales.Len())
}

// With whatever thresholds, a better value is never of a worse class, a value on a
// threshold is in the middle, and turning scale and thresholds round changes nothing.
func TestDeclaredThresholdsAreMonotoneAndTurn(t *testing.T) {
	t.Parallel()
	rank := map[eventsv1.Class]int{eventsv1.Class_DISSATISFIED: 0, eventsv1.Class_NEUTRAL: 1, eventsv1.Class_SATISFIED: 2}
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.IntRange(-50, 50).Draw(t, "lo")
		hi := lo + rapid.IntRange(1, 100).Draw(t, "width")
		on := rapid.IntRange(lo, hi)
		bad := on.Draw(t, "bad")
		good := rapid.IntRange(bad, hi).Draw(t, "good")
		up, down := &metric.Scales{}, &metric.Scales{}
		require.NoError(t, up.Declare("s", "CSAT", metric.Declared{
			Scale: &eventsv1.Scale{Min: float64(lo), Max: float64(hi)},
			Bad:   proto.Float64(float64(bad)), Good: proto.Float64(float64(good)),
		}))
		require.NoError(t, down.Declare("s", "CSAT", metric.Declared{
			Scale: &eventsv1.Scale{Min: float64(lo), Max: float64(hi), Direction: eventsv1.Direction_LOWER_IS_BETTER},
			Bad:   proto.Float64(float64(lo + hi - bad)), Good: proto.Float64(float64(lo + hi - good)),
		}))
		of := func(s *metric.Scales, v int) eventsv1.Class {
			got, err := s.Score("s", answer(eventsv1.Metric_CSAT, "", float64(v), nil))
			require.NoError(t, err)
			return got.GetClass()
		}
		a, b := on.Draw(t, "a"), on.Draw(t, "b")
		require.LessOrEqual(t, rank[of(up, min(a, b))], rank[of(up, max(a, b))])
		require.Equal(t, of(up, a), of(down, lo+hi-a))
		require.Equal(t, eventsv1.Class_NEUTRAL, of(up, bad))
		require.Equal(t, eventsv1.Class_NEUTRAL, of(up, good))
		want := eventsv1.Class_NEUTRAL
		switch {
		case a < bad:
			want = eventsv1.Class_DISSATISFIED
		case a > good:
			want = eventsv1.Class_SATISFIED
		}
		require.Equal(t, want, of(up, a))
	})
}
