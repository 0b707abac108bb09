package score

import (
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// DefaultCertain is from which probability on words contradict a score. docs/scoring.md says what it
// comes to.
const DefaultCertain = 0.7

// disagreement compares the classes of all answers with what is certain of the words: all
// good, and a verbatim that is negative; all bad, and a verbatim that is positive while none
// is negative. What is not certain contradicts nothing.
func disagreement(s *eventsv1.Score, certain float64) eventsv1.Disagreement {
	moods := map[metric.Mood]bool{}
	for _, a := range s.GetAnswers() {
		moods[metric.MoodOf(a.GetClass())] = true
	}
	if len(moods) != 1 {
		return eventsv1.Disagreement_DISAGREEMENT_UNSPECIFIED
	}
	negative, positive, doubt := false, false, false
	for _, v := range s.GetVerbatims() {
		f := v.GetSentiment()
		if f == nil {
			continue
		}
		negative = negative || f.GetNegative() >= certain
		positive = positive || f.GetPositive() >= certain
		doubt = doubt || f.GetLabel() == eventsv1.Sentiment_NEGATIVE
	}
	switch {
	case moods[metric.Good] && negative:
		return eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS
	case moods[metric.Bad] && positive && !doubt:
		return eventsv1.Disagreement_BAD_SCORE_GOOD_WORDS
	}
	return eventsv1.Disagreement_DISAGREEMENT_UNSPECIFIED
}
