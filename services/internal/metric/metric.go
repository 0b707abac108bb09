// Package metric reads what a customer answered on a scale: how satisfied that is, and
// which class. docs/scoring.md says why each threshold is where it is. It is pure.
package metric

import (
	"strconv"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Score reads one answer to a metric on its own scale, or on the metric's. The error
// says what is wrong with it and repeats nothing of it.
func Score(a *eventsv1.Answer) (*eventsv1.AnswerScore, error) {
	return (*Scales)(nil).Score("", a)
}

// Score reads one answer to a metric of a survey on its own scale, else on the one that is
// declared for it, else on the metric's. The error says what is wrong with it and repeats
// nothing of it.
func (s *Scales) Score(survey string, a *eventsv1.Answer) (*eventsv1.AnswerScore, error) {
	b, known := bandsOf(a.GetMetric())
	if !known {
		return nil, errMetric
	}
	if a.Value == nil {
		return nil, errNoValue
	}
	declared, whose := s.of(survey, a)
	scale, err := ScaleOf(a.GetMetric(), firstScale(a.GetScale(), declared.Scale))
	if err != nil {
		return nil, err
	}
	sat, err := satisfaction(a.GetValue(), scale)
	if err != nil {
		return nil, err
	}
	if whose != "" && same(scale, declared.Scale) {
		b = b.with(declared)
	} else {
		whose = ""
	}
	class, why := b.class(sat)
	return &eventsv1.AnswerScore{
		Question: a.GetQuestion(), Metric: a.GetMetric(), Value: a.GetValue(), Scale: scale,
		Class: class, Satisfaction: sat, Rule: rule(whose, a.GetMetric(), scale, why, class),
	}, nil
}

// rule says what gave a class, as `CSAT 1-5: below 40 is DISSATISFIED`.
func rule(whose string, m eventsv1.Metric, s *eventsv1.Scale, why string, class eventsv1.Class) string {
	b := make([]byte, 0, 96)
	if whose != "" {
		b = append(append(b, whose...), ' ')
	}
	b = append(append(b, m.String()...), ' ')
	b = strconv.AppendFloat(b, s.GetMin(), 'g', -1, 64)
	if s.GetMax() < 0 {
		b = append(b, " to "...)
	} else {
		b = append(b, '-')
	}
	b = strconv.AppendFloat(b, s.GetMax(), 'g', -1, 64)
	if s.GetDirection() == eventsv1.Direction_LOWER_IS_BETTER {
		b = append(b, ", lower is better"...)
	}
	b = append(append(b, ": "...), why...)
	return string(append(append(b, " is "...), class.String()...))
}
