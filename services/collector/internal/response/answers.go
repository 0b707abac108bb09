package response

import (
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// maxScale bounds both ends of a scale, either side of zero.
const maxScale = 1_000_000

type span struct{ min, max float64 }

// defaultScale is the scale on which a metric is read when none is declared; ok
// is false for what is no metric.
func defaultScale(m eventsv1.Metric) (s span, ok bool) {
	switch m {
	case eventsv1.Metric_NPS:
		return span{0, 10}, true
	case eventsv1.Metric_CSAT:
		return span{1, 5}, true
	case eventsv1.Metric_CES:
		return span{1, 7}, true
	case eventsv1.Metric_FCR:
		return span{0, 1}, true
	case eventsv1.Metric_METRIC_UNSPECIFIED:
	}
	return span{}, false
}

func (c *checker) answers(r *eventsv1.Response) {
	switch n := len(r.GetAnswers()); {
	case n == 0:
		c.add("answers", "is required: at least one answer")
		return
	case n > MaxAnswers:
		c.add("answers", fmt.Sprintf("are %d, at most %d are taken", n, MaxAnswers))
		return
	}
	before := len(c.found)
	c.within = "answers"
	for i, a := range r.GetAnswers() {
		c.index = i
		c.answer(a)
	}
	c.within = ""
	if len(c.found) == before && len(r.GetAnswers()) > 1 {
		c.sameQuestions(r)
	}
}

// answer checks one answer: a metric with its value, or a verbatim.
func (c *checker) answer(a *eventsv1.Answer) {
	if a == nil {
		c.add("", neither)
		return
	}
	before := len(c.found)
	a.Question = c.line(".question", a.GetQuestion(), MaxLabel)
	a.Verbatim = c.block(".verbatim", a.GetVerbatim(), MaxVerbatim)
	tooLong := len(c.found) > before && a.GetVerbatim() == ""
	metric := a.GetMetric() != eventsv1.Metric_METRIC_UNSPECIFIED
	switch {
	case (metric || a.Value != nil) && a.GetVerbatim() != "":
		c.add("", "has a metric and a verbatim; make two answers of it")
	case metric || a.Value != nil:
		c.metric(a)
	case a.GetScale() != nil:
		c.add(".scale", "belongs to a metric with its value")
	case a.GetVerbatim() == "" && !tooLong:
		c.add("", neither)
	}
}

const neither = "needs a metric with its value, or a verbatim"

func (c *checker) metric(a *eventsv1.Answer) {
	scale, known := defaultScale(a.GetMetric())
	switch {
	case a.GetMetric() == eventsv1.Metric_METRIC_UNSPECIFIED:
		c.add(".metric", "is required beside a value")
	case !known:
		c.add(".metric", "must be one of NPS, CSAT, CES, FCR")
	}
	if a.GetScale() != nil {
		declared, ok := c.scale(a.GetScale())
		scale, known = declared, known && ok
	}
	switch {
	case a.Value == nil:
		c.add(".value", "is required beside a metric")
	case !finite(a.GetValue()):
		c.add(".value", "must be a finite number")
	case known:
		c.value(a, scale)
	}
}

// value checks a finite value against its scale.
func (c *checker) value(a *eventsv1.Answer, s span) {
	nps, _ := defaultScale(eventsv1.Metric_NPS)
	v := a.GetValue() + 0 // so that -0 is 0
	a.Value = proto.Float64(v)
	switch {
	case v < s.min || v > s.max:
		c.add(".value", fmt.Sprintf("%v is outside the scale %v to %v", v, s.min, s.max))
	case a.GetMetric() == eventsv1.Metric_FCR && v != 0 && v != 1:
		c.add(".value", fmt.Sprintf("%v must be 1 (settled at the first contact) or 0 (not)", v))
	case a.GetMetric() == eventsv1.Metric_NPS && s == nps && v != math.Trunc(v):
		c.add(".value", fmt.Sprintf("%v must be a whole number", v))
	}
}

func (c *checker) scale(s *eventsv1.Scale) (span, bool) {
	before := len(c.found)
	for _, end := range []struct {
		name  string
		value *float64
	}{{".min", &s.Min}, {".max", &s.Max}} {
		if *end.value += 0; !finite(*end.value) || math.Abs(*end.value) > maxScale {
			c.add(".scale"+end.name, fmt.Sprintf("must be a number from -%d to %d", maxScale, maxScale))
		}
	}
	if len(c.found) == before && s.GetMin() >= s.GetMax() {
		c.add(".scale", "min must be less than max")
	}
	if _, known := eventsv1.Direction_name[int32(s.GetDirection())]; !known {
		c.add(".scale.direction", "must be one of HIGHER_IS_BETTER, LOWER_IS_BETTER")
	}
	return span{s.GetMin(), s.GetMax()}, len(c.found) == before
}

// sameQuestions refuses two different answers to one question: one of them would
// be lost. The same one given twice is kept once.
func (c *checker) sameQuestions(r *eventsv1.Response) {
	first := firsts{keys: make([]answerKey, 0, len(r.GetAnswers()))}
	kept := r.GetAnswers()[:0:0]
	var keys keyer
	for i, a := range r.GetAnswers() {
		j, twice := first.place(keys.of(a))
		switch {
		case !twice:
			kept = append(kept, a)
		case !proto.Equal(a, r.GetAnswers()[j]):
			c.add(fmt.Sprintf("answers[%d]", i), fmt.Sprintf("answers the same question as answers[%d]; give each a question of its own", j))
		}
	}
	r.Answers = kept
}

// firsts finds keys given before. There are at most 100, and mostly three: a map
// would cost more than it saves.
type firsts struct{ keys []answerKey }

func (f *firsts) place(k answerKey) (int, bool) {
	i := slices.Index(f.keys, k)
	f.keys = append(f.keys, k)
	return i, i >= 0
}
