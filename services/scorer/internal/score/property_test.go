package score_test

import (
	"math/big"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

var metrics = []eventsv1.Metric{eventsv1.Metric_NPS, eventsv1.Metric_CSAT, eventsv1.Metric_CES, eventsv1.Metric_FCR}

// thousandth is n thousandths, as a customer's decimal would be read.
func thousandth(n int) float64 {
	v, err := strconv.ParseFloat(strconv.Itoa(n)+"e-3", 64)
	if err != nil {
		panic(err)
	}
	return v
}

// question is a metric on a scale, in thousandths so that it can be computed
// exactly beside.
type question struct {
	metric eventsv1.Metric
	lo, hi int
	lower  bool
}

func drawQuestion(t *rapid.T) question {
	lo := rapid.IntRange(-100_000, 100_000).Draw(t, "lo")
	return question{
		metric: rapid.SampledFrom(metrics).Draw(t, "metric"),
		lo:     lo, hi: lo + rapid.IntRange(1_000, 100_000).Draw(t, "width"),
		lower: rapid.Bool().Draw(t, "lower"),
	}
}

func (q question) scale() *eventsv1.Scale {
	d := eventsv1.Direction_HIGHER_IS_BETTER
	if q.lower {
		d = eventsv1.Direction_LOWER_IS_BETTER
	}
	return &eventsv1.Scale{Min: thousandth(q.lo), Max: thousandth(q.hi), Direction: d}
}

func (q question) draw(t *rapid.T) int { return rapid.IntRange(q.lo, q.hi).Draw(t, "value") }

func (q question) score(t *rapid.T, v int) *eventsv1.AnswerScore {
	return one(t, q.metric, thousandth(v), q.scale())
}

// exact is the satisfaction without any rounding.
func (q question) exact(v int) *big.Rat {
	above := v - q.lo
	if q.lower {
		above = q.hi - v
	}
	return big.NewRat(int64(above)*100, int64(q.hi-q.lo))
}

// rank orders a metric's classes from worst to best.
func rank(m eventsv1.Metric, c eventsv1.Class) int {
	for i, k := range classesOf[m] {
		if k == c {
			return i
		}
	}
	return -1
}

func TestSatisfactionStaysOnTheScaleAndIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		a, b := q.draw(t), q.draw(t)
		if (a > b) != q.lower {
			a, b = b, a
		}
		worse, better := q.score(t, a), q.score(t, b)
		require.GreaterOrEqual(t, worse.GetSatisfaction(), 0.0)
		require.LessOrEqual(t, better.GetSatisfaction(), 100.0)
		require.LessOrEqual(t, worse.GetSatisfaction(), better.GetSatisfaction())
		require.LessOrEqual(t, rank(q.metric, worse.GetClass()), rank(q.metric, better.GetClass()))
	})
}

func TestDirectionFlipsTheScale(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		v := q.draw(t)
		flipped := q
		flipped.lower = !q.lower
		require.InDelta(t, 100, q.score(t, v).GetSatisfaction()+flipped.score(t, v).GetSatisfaction(), 2e-6)
		// The mirror image of a value on the flipped scale is the value itself.
		require.Equal(t, q.score(t, v).GetClass(), flipped.score(t, q.lo+q.hi-v).GetClass())
	})
}

// The class is the one that exact arithmetic on the decimals gives, on every
// threshold and beside it.
func TestClassIsExact(t *testing.T) {
	t.Parallel()
	thresholds := [...][2]int64{
		eventsv1.Metric_NPS: {65, 85}, eventsv1.Metric_CSAT: {40, 60}, eventsv1.Metric_CES: {40, 60}, eventsv1.Metric_FCR: {50, 50},
	}
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		at := thresholds[q.metric]
		v := q.draw(t)
		if rapid.Bool().Draw(t, "near a threshold") {
			pick := at[rapid.IntRange(0, 1).Draw(t, "which")]
			v = q.lo + int(pick)*(q.hi-q.lo)/100 + rapid.IntRange(-1, 1).Draw(t, "off by")
		}
		want := 1
		switch s := q.exact(v); {
		case s.Cmp(big.NewRat(at[0], 1)) < 0:
			want = 0
		case s.Cmp(big.NewRat(at[1], 1)) > 0:
			want = 2
		}
		require.Equal(t, classesOf[q.metric][want], q.score(t, v).GetClass())
	})
}

// Asking the same question on a stretched and shifted scale changes nothing.
func TestAffineChangeOfScaleKeepsTheClass(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t)
		v := q.draw(t)
		by, shift := rapid.IntRange(1, 9).Draw(t, "by"), rapid.IntRange(-50_000, 50_000).Draw(t, "shift")
		other := question{metric: q.metric, lo: q.lo*by + shift, hi: q.hi*by + shift, lower: q.lower}
		a, b := q.score(t, v), other.score(t, v*by+shift)
		require.Equal(t, a.GetClass(), b.GetClass())
		require.InDelta(t, a.GetSatisfaction(), b.GetSatisfaction(), 2e-6)
	})
}

func FuzzScore(f *testing.F) {
	for _, r := range []*eventsv1.Response{
		{},
		{Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: proto.Float64(2)}, {Verbatim: "non"}}},
		{Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_CES, Value: proto.Float64(5), Scale: &eventsv1.Scale{Min: 1, Max: 5, Direction: 2}}}},
	} {
		b, err := proto.Marshal(r)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &eventsv1.Response{}
		if proto.Unmarshal(b, r) != nil {
			return
		}
		s, err := plain.Score(r)
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.LessOrEqual(t, len(s.GetAnswers()), len(r.GetAnswers()))
		for _, a := range s.GetAnswers() {
			require.True(t, a.GetSatisfaction() >= 0 && a.GetSatisfaction() <= 100)
			require.NotEqual(t, eventsv1.Class_CLASS_UNSPECIFIED, a.GetClass())
		}
	})
}
