package score

import eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"

// Evidence is kept in bounds: an event must stay far below what a stream takes, and a
// response may have a hundred verbatims.
const (
	mostEvidence  = 64   // of a verbatim
	leastEvidence = 8    // of a verbatim among many
	allEvidence   = 1024 // of a response
)

// share is how much evidence each of n verbatims may have.
func share(n int) int { return min(mostEvidence, max(leastEvidence, allEvidence/max(n, 1))) }

// memory has what was read for one event: a text that stands in the revision before as well
// is read once.
type memory struct{ seen []reading }

type reading struct {
	text     string
	evidence int
	found    *eventsv1.VerbatimAnalysis
}

func (m *memory) read(r Reader, text string, evidence int, question string) *eventsv1.VerbatimAnalysis {
	for _, was := range m.seen {
		if was.text == text && was.evidence == evidence {
			return again(was.found, question)
		}
	}
	v := r.Read(text, evidence)
	v.Question = question
	m.seen = append(m.seen, reading{text, evidence, v})
	return v
}

// again is an analysis for a text that stands there twice.
func again(v *eventsv1.VerbatimAnalysis, question string) *eventsv1.VerbatimAnalysis {
	if v.GetQuestion() == question {
		return v
	}
	return &eventsv1.VerbatimAnalysis{
		Question: question, Status: v.GetStatus(), Language: v.GetLanguage(), Sentiment: v.GetSentiment(),
		Themes: v.GetThemes(), Intents: v.GetIntents(), Version: v.GetVersion(), Cut: v.GetCut(),
	}
}

// bare is a score without evidence: good to be compared with, and not to be shown.
func bare(s *eventsv1.Score) *eventsv1.Score {
	out := &eventsv1.Score{
		Answers: s.GetAnswers(), WorstClass: s.GetWorstClass(), WorstSatisfaction: s.GetWorstSatisfaction(),
		Priority: s.GetPriority(), PriorityParts: s.GetPriorityParts(), Disagreement: s.GetDisagreement(),
	}
	for _, v := range s.GetVerbatims() {
		out.Verbatims = append(out.Verbatims, bareAnalysis(v))
	}
	return out
}

func bareAnalysis(v *eventsv1.VerbatimAnalysis) *eventsv1.VerbatimAnalysis {
	out := &eventsv1.VerbatimAnalysis{
		Question: v.GetQuestion(), Status: v.GetStatus(), Language: v.GetLanguage(),
		Version: v.GetVersion(), Cut: v.GetCut(), CorrectedBy: v.GetCorrectedBy(),
	}
	if s := v.GetSentiment(); s != nil {
		out.Sentiment = &eventsv1.Sentiment{Label: s.GetLabel(), Negative: s.GetNegative(), Neutral: s.GetNeutral(), Positive: s.GetPositive()}
	}
	for _, t := range v.GetThemes() {
		out.Themes = append(out.Themes, &eventsv1.ThemeFound{Dimension: t.GetDimension(), Theme: t.GetTheme(), Polarity: t.GetPolarity()})
	}
	for _, i := range v.GetIntents() {
		out.Intents = append(out.Intents, &eventsv1.IntentFound{Intent: i.GetIntent()})
	}
	return out
}
