package score_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
)

// words is a reader that knows a few words, and counts what it reads.
type words struct{ read int }

func (w *words) Read(text string, _ int) *eventsv1.VerbatimAnalysis {
	w.read++
	v := &eventsv1.VerbatimAnalysis{Status: eventsv1.VerbatimAnalysis_ANALYSED, Language: "fr", Version: "words"}
	evidence := []*eventsv1.Evidence{{Start: 0, End: uint32(len(text)), Entry: text}}
	v.Sentiment = &eventsv1.Sentiment{Label: eventsv1.Sentiment_NEUTRAL, Neutral: 1, Evidence: evidence}
	switch {
	case strings.Contains(text, "honteux"):
		v.Sentiment = &eventsv1.Sentiment{Label: eventsv1.Sentiment_NEGATIVE, Negative: 0.95, Neutral: 0.05, Evidence: evidence}
	case strings.Contains(text, "parfait"):
		v.Sentiment = &eventsv1.Sentiment{Label: eventsv1.Sentiment_POSITIVE, Positive: 0.95, Neutral: 0.05, Evidence: evidence}
	}
	if strings.Contains(text, "avocat") {
		v.Intents = []*eventsv1.IntentFound{{Intent: eventsv1.Intent_LEGAL_THREAT, Evidence: evidence}}
	}
	if strings.Contains(text, "retard") {
		v.Themes = []*eventsv1.ThemeFound{{Dimension: eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES, Theme: "delivery_time", Evidence: evidence}}
	}
	return v
}

func reading() (*score.Scorer, *words) {
	w := &words{}
	return score.New(score.Options{Reader: w, Priority: score.DefaultPriority(), Certain: score.DefaultCertain}), w
}

func said(nps float64, texts ...string) *eventsv1.Response {
	r := response(nps)
	for _, text := range texts {
		r.Answers = append(r.Answers, &eventsv1.Answer{Verbatim: text})
	}
	return r
}

func corrected(text string, c *eventsv1.Correction) *eventsv1.AnalysisCorrected {
	return &eventsv1.AnalysisCorrected{Text: text, By: "sam", Correction: c}
}

var (
	negative = &eventsv1.Correction{Sentiment: eventsv1.Sentiment_NEGATIVE}
	legal    = &eventsv1.Correction{Intents: &eventsv1.Correction_Intents{Intents: []eventsv1.Intent{eventsv1.Intent_LEGAL_THREAT}}}
	nothing  = &eventsv1.Correction{Intents: &eventsv1.Correction_Intents{}, Themes: &eventsv1.Correction_Themes{}}
)

func TestACorrectionTakesThePlaceOfWhatItSpeaksOf(t *testing.T) {
	t.Parallel()
	s, _ := reading()
	r := received(9)
	r.Response = said(9, "en retard, mon avocat")
	plainly, err := s.Score(r.GetResponse())
	require.NoError(t, err)
	e, err := s.Event(r, []*eventsv1.AnalysisCorrected{corrected("en retard, mon avocat", negative)}, at)
	require.NoError(t, err)
	v := e.GetScore().GetVerbatims()[0]
	require.Equal(t, eventsv1.VerbatimAnalysis_CORRECTED, v.GetStatus())
	require.Equal(t, "sam", v.GetCorrectedBy())
	require.InDelta(t, 1, v.GetSentiment().GetNegative(), 0)
	require.NotEmpty(t, v.GetSentiment().GetEvidence())
	require.Len(t, v.GetThemes(), 1, "what is not spoken of stays")
	require.Greater(t, e.GetScore().GetPriority(), plainly.GetPriority())
	require.Equal(t, eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS, e.GetScore().GetDisagreement())
	require.Equal(t, "s"+score.Version+"-e-1-c1", e.GetEventId())
	require.EqualValues(t, 1, e.GetCorrection())

	e, err = s.Event(r, []*eventsv1.AnalysisCorrected{
		corrected("en retard, mon avocat", negative), corrected("en retard, mon avocat", nothing), corrected("other words", legal),
	}, at)
	require.NoError(t, err)
	v = e.GetScore().GetVerbatims()[0]
	require.Equal(t, eventsv1.Sentiment_NEUTRAL, v.GetSentiment().GetLabel(), "the last counts, whole")
	require.Empty(t, v.GetThemes())
	require.Empty(t, v.GetIntents())
}

// Every state that may have been seen stands in the event, once and without evidence.
func TestAnEventSaysWhichStatesItTakesThePlaceOf(t *testing.T) {
	t.Parallel()
	s, w := reading()
	r := received(2)
	r.Revision, r.Previous, r.Response = 2, said(9, "en retard"), said(2, "en retard")
	corrections := []*eventsv1.AnalysisCorrected{
		corrected("en retard", negative), corrected("somewhere else", legal), corrected("en retard", legal), corrected("en retard", legal),
	}
	e, err := s.Event(r, corrections, at)
	require.NoError(t, err)
	require.Equal(t, 1, w.read, "the same text is read once")
	var before, now []*eventsv1.Score
	for _, was := range e.GetEarlier() {
		if was.GetRevisionBefore() {
			before = append(before, was.GetScore())
		} else {
			now = append(now, was.GetScore())
		}
		require.Empty(t, was.GetScore().GetVerbatims()[0].GetSentiment().GetEvidence())
	}
	require.Len(t, before, 2, "as found, and negative; the last is previous_score")
	require.Len(t, now, 2)
	require.Equal(t, eventsv1.Class_PROMOTER, before[0].GetWorstClass())
	require.Equal(t, eventsv1.Class_DETRACTOR, now[0].GetWorstClass())
	require.Equal(t, eventsv1.Sentiment_NEGATIVE, now[1].GetVerbatims()[0].GetSentiment().GetLabel())
	require.Empty(t, now[1].GetVerbatims()[0].GetIntents())
	require.NotEmpty(t, e.GetPreviousScore().GetVerbatims()[0].GetIntents())
	require.NotEmpty(t, e.GetScore().GetVerbatims()[0].GetThemes()[0].GetEvidence())

	again, err := s.Event(r, corrections, at)
	require.NoError(t, err)
	require.True(t, proto.Equal(e, again))
	without, err := s.Event(r, nil, at)
	require.NoError(t, err)
	require.Empty(t, without.GetEarlier())
}

func TestScoreAndWordsDisagreeOnlyWhereBothAreClear(t *testing.T) {
	t.Parallel()
	s, _ := reading()
	for _, c := range []struct {
		r    *eventsv1.Response
		want eventsv1.Disagreement
	}{
		{said(9, "c'est honteux"), eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS},
		{said(9, "parfait", "c'est honteux"), eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS},
		{said(0, "parfait"), eventsv1.Disagreement_BAD_SCORE_GOOD_WORDS},
		{said(0, "parfait", "c'est honteux"), 0},
		{said(9, "parfait"), 0},
		{said(8, "c'est honteux"), 0},
		{said(9, "bof"), 0},
		{said(9), 0},
		{&eventsv1.Response{Answers: []*eventsv1.Answer{{Verbatim: "c'est honteux"}}}, 0},
	} {
		got, err := s.Score(c.r)
		require.NoError(t, err)
		require.Equal(t, c.want, got.GetDisagreement(), c.r)
	}
}
