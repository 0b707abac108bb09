package training

import (
	"unicode/utf8"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// Thresholds of a label, on the scale of satisfaction. They are the same for all metrics: an
// NPS of 7 is passive and no call for applause, but its words are those of somebody who is
// rather content.
const (
	dissatisfied = 40
	satisfied    = 60
)

// maxBytes is how much of a text is learnt from.
const maxBytes = 2000

// label is the class of a response's verbatims: that of the mean satisfaction of its scores.
// Without a score there is none, nor where one answer is good and another bad: nobody knows
// which of them the words are about.
func (t *Trainer) label(r *eventsv1.Response) (model.Class, bool) {
	sum, n, bad, good := 0.0, 0.0, false, false
	for _, a := range r.GetAnswers() {
		if a.GetMetric() == eventsv1.Metric_METRIC_UNSPECIFIED {
			continue
		}
		s, err := t.deps.Scales.Score(r.GetSurvey(), a)
		if err != nil {
			return 0, false
		}
		sum, n = sum+s.GetSatisfaction(), n+1
		bad = bad || s.GetSatisfaction() < dissatisfied
		good = good || s.GetSatisfaction() > satisfied
	}
	switch mean := sum / max(n, 1); {
	case n == 0, bad && good:
		return 0, false
	case mean < dissatisfied:
		return model.Negative, true
	case mean > satisfied:
		return model.Positive, true
	}
	return model.Neutral, true
}

// classOf is what somebody said; ok is false where they said nothing of the sentiment.
func classOf(l eventsv1.Sentiment_Label) (c model.Class, ok bool) {
	switch l {
	case eventsv1.Sentiment_NEGATIVE:
		return model.Negative, true
	case eventsv1.Sentiment_NEUTRAL:
		return model.Neutral, true
	case eventsv1.Sentiment_POSITIVE:
		return model.Positive, true
	case eventsv1.Sentiment_LABEL_UNSPECIFIED:
	}
	return 0, false
}

// cut is the beginning of a text, at a character's edge.
func cut(text string) string {
	if len(text) <= maxBytes {
		return text
	}
	end := maxBytes
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
