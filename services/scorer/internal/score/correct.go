package score

import (
	"slices"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// correctAll are the verbatims with corrections: of each text the last.
func correctAll(f *found, corrections []*eventsv1.AnalysisCorrected) []*eventsv1.VerbatimAnalysis {
	if len(corrections) == 0 {
		return f.read
	}
	out := slices.Clone(f.read)
	for i, text := range f.texts {
		for _, c := range slices.Backward(corrections) {
			if c.GetText() == text {
				out[i] = Correct(f.read[i], c.GetCorrection(), c.GetBy())
				break
			}
		}
	}
	return out
}

// Correct is an analysis with a correction. What the correction does not speak of stays as
// it was found; a theme or an intent that was found, too, keeps its evidence.
func Correct(v *eventsv1.VerbatimAnalysis, c *eventsv1.Correction, by string) *eventsv1.VerbatimAnalysis {
	out := again(v, "\x00") // a copy of its own
	out.Question, out.Status, out.CorrectedBy = v.GetQuestion(), eventsv1.VerbatimAnalysis_CORRECTED, by
	if c.GetSentiment() != eventsv1.Sentiment_LABEL_UNSPECIFIED {
		out.Sentiment = said(c.GetSentiment(), v.GetSentiment().GetEvidence())
	}
	if c.GetThemes() != nil {
		out.Themes = nil
		for _, t := range c.GetThemes().GetThemes() {
			out.Themes = append(out.Themes, theme(t, v.GetThemes()))
		}
	}
	if c.GetIntents() != nil {
		out.Intents = nil
		for _, i := range c.GetIntents().GetIntents() {
			out.Intents = append(out.Intents, intent(i, v.GetIntents()))
		}
	}
	return out
}

// said is a sentiment that somebody is certain of.
func said(l eventsv1.Sentiment_Label, evidence []*eventsv1.Evidence) *eventsv1.Sentiment {
	s := &eventsv1.Sentiment{Label: l, Evidence: evidence}
	switch l {
	case eventsv1.Sentiment_NEGATIVE:
		s.Negative = 1
	case eventsv1.Sentiment_POSITIVE:
		s.Positive = 1
	case eventsv1.Sentiment_NEUTRAL, eventsv1.Sentiment_LABEL_UNSPECIFIED:
		s.Neutral = 1
	}
	return s
}

func theme(t *eventsv1.ThemeFound, was []*eventsv1.ThemeFound) *eventsv1.ThemeFound {
	out := &eventsv1.ThemeFound{Dimension: t.GetDimension(), Theme: t.GetTheme(), Polarity: t.GetPolarity()}
	for _, w := range was {
		if w.GetTheme() == t.GetTheme() && w.GetDimension() == t.GetDimension() {
			out.Evidence = w.GetEvidence()
		}
	}
	return out
}

func intent(i eventsv1.Intent, was []*eventsv1.IntentFound) *eventsv1.IntentFound {
	for _, w := range was {
		if w.GetIntent() == i {
			return w
		}
	}
	return &eventsv1.IntentFound{Intent: i}
}
