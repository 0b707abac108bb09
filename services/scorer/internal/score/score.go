package score

import (
	"errors"
	"fmt"
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// Version is the version of the scoring rules. Raise it when the same answer
// would get another class or satisfaction: events scored anew then have ids of
// their own.
const Version = "2"

// Reader reads verbatims. It is safe for concurrent use.
type Reader interface {
	// Read says what is found in a text, with at most about so many pieces of evidence. The
	// analysis is the caller's to keep and to change.
	Read(text string, evidence int) *eventsv1.VerbatimAnalysis
}

// Options say how a Scorer scores.
type Options struct {
	// Scales are those that surveys declare; nil declares none.
	Scales *metric.Scales
	// Reader reads the verbatims; nil leaves them NOT_ANALYSED.
	Reader Reader
	// Priority are the weights of the priority.
	Priority Priority
	// Certain is from which probability on words contradict a score, 0.5 to 1.
	Certain float64
}

// Scorer scores responses. It is safe for concurrent use.
type Scorer struct{ o Options }

// New returns a Scorer.
func New(o Options) *Scorer { return &Scorer{o} }

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
func (s *Scorer) Score(r *eventsv1.Response) (*eventsv1.Score, error) {
	f, err := s.find(r, &memory{})
	if err != nil {
		return nil, err
	}
	return s.state(f, nil), nil
}

// found is what does not depend on corrections: the answers' scores, and the verbatims as
// the reader found them.
type found struct {
	response *eventsv1.Response
	answers  []*eventsv1.AnswerScore
	worst    *eventsv1.AnswerScore
	texts    []string
	read     []*eventsv1.VerbatimAnalysis
}

// find reads a response. mem has what was read for the same event before.
func (s *Scorer) find(r *eventsv1.Response, mem *memory) (*found, error) {
	if r == nil {
		return nil, &InvalidError{Problems: []string{"there is no response"}}
	}
	f := &found{response: r}
	var problems []string
	for i, a := range r.GetAnswers() {
		scored, err := s.answer(r.GetSurvey(), a)
		if err != nil {
			problems = append(problems, fmt.Sprintf("answers[%d] %s", i, err))
			continue
		}
		if scored != nil {
			f.answers = append(f.answers, scored)
			if f.worst == nil || metric.Worse(scored, f.worst) {
				f.worst = scored
			}
		}
		if a.GetVerbatim() != "" {
			f.texts = append(f.texts, a.GetVerbatim())
			f.read = append(f.read, &eventsv1.VerbatimAnalysis{Question: a.GetQuestion(), Status: eventsv1.VerbatimAnalysis_NOT_ANALYSED})
		}
	}
	if len(problems) > 0 {
		return nil, &InvalidError{Problems: problems}
	}
	if s.o.Reader != nil {
		for i, text := range f.texts {
			f.read[i] = mem.read(s.o.Reader, text, share(len(f.texts)), f.read[i].GetQuestion())
		}
	}
	return f, nil
}

// answer scores one answer; nil without an error is a verbatim.
func (s *Scorer) answer(survey string, a *eventsv1.Answer) (*eventsv1.AnswerScore, error) {
	if a.GetMetric() == eventsv1.Metric_METRIC_UNSPECIFIED {
		switch {
		case a != nil && a.Value != nil:
			return nil, errNoMetric
		case a.GetVerbatim() == "":
			return nil, errNothing
		}
		return nil, nil
	}
	return s.o.Scales.Score(survey, a)
}

// What can be wrong with an answer that has no metric.
var (
	errNothing  = errors.New("has neither a metric nor a verbatim")
	errNoMetric = errors.New("has a value and no metric")
)

// state is the score of what was found, with corrections.
func (s *Scorer) state(f *found, corrections []*eventsv1.AnalysisCorrected) *eventsv1.Score {
	out := &eventsv1.Score{
		Answers: f.answers, WorstClass: f.worst.GetClass(), WorstSatisfaction: f.worst.GetSatisfaction(),
		Verbatims: correctAll(f, corrections),
	}
	out.Priority, out.PriorityParts = s.o.Priority.of(out, f.response.GetAttributes())
	out.Disagreement = disagreement(out, s.o.Certain)
	return out
}
