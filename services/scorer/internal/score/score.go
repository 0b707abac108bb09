package score

import (
	"errors"
	"fmt"
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// InvalidError says why a response cannot be scored. The collector validates what it
// takes, so this is a defect or an event from elsewhere, and no retry mends it.
type InvalidError struct {
	// Problems names every one, by the answer's place, without personal data.
	Problems []string
}

// Error lists the problems.
func (e *InvalidError) Error() string { return "cannot be scored: " + strings.Join(e.Problems, "; ") }

// Score says what the answers of a response mean. It returns an *InvalidError that
// names every bad answer when there is one: half a score would pass for a whole.
// The response is not changed.
func Score(r *eventsv1.Response) (*eventsv1.Score, error) {
	if r == nil {
		return nil, &InvalidError{Problems: []string{"there is no response"}}
	}
	s := &eventsv1.Score{}
	var worst *eventsv1.AnswerScore
	var problems []string
	for i, a := range r.GetAnswers() {
		scored, err := answer(a)
		if err != nil {
			problems = append(problems, fmt.Sprintf("answers[%d] %s", i, err))
			continue
		}
		if scored != nil {
			s.Answers = append(s.Answers, scored)
			if worst == nil || metric.Worse(scored, worst) {
				worst = scored
			}
		}
		if a.GetVerbatim() != "" {
			s.Verbatims = append(s.Verbatims, &eventsv1.VerbatimAnalysis{
				Question: a.GetQuestion(), Status: eventsv1.VerbatimAnalysis_NOT_ANALYSED,
			})
		}
	}
	if len(problems) > 0 {
		return nil, &InvalidError{Problems: problems}
	}
	s.WorstClass, s.WorstSatisfaction = worst.GetClass(), worst.GetSatisfaction()
	return s, nil
}

// answer scores one answer; nil without an error is a verbatim.
func answer(a *eventsv1.Answer) (*eventsv1.AnswerScore, error) {
	if a.GetMetric() == eventsv1.Metric_METRIC_UNSPECIFIED {
		switch {
		case a != nil && a.Value != nil:
			return nil, errNoMetric
		case a.GetVerbatim() == "":
			return nil, errNothing
		}
		return nil, nil
	}
	return metric.Score(a)
}

// What can be wrong with an answer that has no metric.
var (
	errNothing  = errors.New("has neither a metric nor a verbatim")
	errNoMetric = errors.New("has a value and no metric")
)
