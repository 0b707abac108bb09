// Package metric reads what a customer answered on a scale: how satisfied that is, and
// which class. docs/scoring.md says why each threshold is where it is. It is pure.
package metric

import eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"

// Score reads one answer to a metric on its own scale, or on the metric's. The error
// says what is wrong with it and repeats nothing of it.
func Score(a *eventsv1.Answer) (*eventsv1.AnswerScore, error) {
	b, known := bandsOf(a.GetMetric())
	if !known {
		return nil, errMetric
	}
	if a.Value == nil {
		return nil, errNoValue
	}
	scale, err := ScaleOf(a.GetMetric(), a.GetScale())
	if err != nil {
		return nil, err
	}
	sat, err := satisfaction(a.GetValue(), scale)
	if err != nil {
		return nil, err
	}
	return &eventsv1.AnswerScore{
		Question: a.GetQuestion(), Metric: a.GetMetric(), Value: a.GetValue(), Scale: scale,
		Class: b.class(sat), Satisfaction: sat,
	}, nil
}
