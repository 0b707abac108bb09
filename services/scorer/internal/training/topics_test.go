package training_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
	"github.com/rappel-loop/rappel/services/scorer/internal/training"
)

// correct stores a correction of the nth customer.
func (w *world) correct(n, number int, text string, c *eventsv1.Correction) {
	w.Helper()
	e := &eventsv1.AnalysisCorrected{
		EventId: fmt.Sprint("k-", n, "-", number), Survey: "s", ResponseId: fmt.Sprintf("r-%d", n), CustomerKey: fmt.Sprintf("c-%d", n), Bucket: "0af",
		Text: text, Correction: c, Number: uint32(number),
	}
	_, err := w.bus.Publish(w.Context(), bus.Event{Subject: subject.Correction("s", "0af"), ID: e.GetEventId(), Body: e})
	require.NoError(w, err)
}

func about(dims ...eventsv1.Dimension) *eventsv1.Correction {
	c := &eventsv1.Correction{Themes: &eventsv1.Correction_Themes{}}
	for _, d := range dims {
		c.Themes.Themes = append(c.Themes.Themes, &eventsv1.ThemeFound{Dimension: d, Theme: "own"})
	}
	return c
}

// Of each text the last correction counts, whole; what it does not speak of is not said to be
// absent; what a later version of the contract knows is passed over. Corrections without a
// sentiment change no label.
func TestWhatCorrectionsSayOfTopics(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.answers(200)
	w.topics = toy{"base-1", 0, ""}
	for i := range 150 {
		text := fmt.Sprintf("Parfait, merci à toute l'équipe %d.", i)
		w.correct(2*i, 1, text, &eventsv1.Correction{Intents: &eventsv1.Correction_Intents{Intents: []eventsv1.Intent{eventsv1.Intent_URGENT, 99}}})
		switch i % 3 {
		case 0:
			w.correct(2*i, 2, text, about(2, 2, 77))
		case 1:
			w.correct(2*i, 2, text, &eventsv1.Correction{Sentiment: eventsv1.Sentiment_NEGATIVE}) // of topics, nothing
		}
	}
	_, err := w.train(training.Order{DryRun: true})
	require.NoError(t, err)
	require.InDelta(t, 80, len(w.corrections), 15)
	for _, c := range w.corrections {
		var i int
		_, err := fmt.Sscanf(c.Text, "Parfait, merci à toute l'équipe %d.", &i)
		require.NoError(t, err)
		require.NotEqual(t, 1, i%3)
		if i%3 == 0 {
			require.Equal(t, model.Labelled{Text: c.Text, Group: c.Group, IntentsUnsaid: true, Dimensions: []verbatim.Dimension{2, 2}}, c)
		} else {
			require.Equal(t, model.Labelled{Text: c.Text, Group: c.Group, DimensionsUnsaid: true, Intents: []verbatim.Intent{verbatim.Urgent}}, c)
		}
	}
	for _, x := range w.taught {
		var i int
		if _, err := fmt.Sscanf(x.Text, "Parfait, merci à toute l'équipe %d.", &i); err == nil && (i >= 150 || i%3 != 1) {
			require.False(t, x.Corrected)
			require.Equal(t, model.Positive, x.Class)
		}
	}
	first := w.corrections
	_, err = w.train(training.Order{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, first, w.corrections, "in the same order")
}

// Each part of a model is put to use where it is better, and keeps the other from nothing.
func TestEachPartIsComparedByItself(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.answers(200)
	w.next = toy{"trained-bad", 0, ""} // no better than what ships
	w.topics = toy{"base-1", 0, "C"}
	product := about(eventsv1.Dimension_PRODUCT_SERVICE_QUALITY)
	for i := range 20 {
		w.correct(2*i, 1, fmt.Sprintf("Parfait, merci à toute l'équipe %d.", i), product)
	}
	step := func(version string, current, sentimentKept, topicsKept bool) *eventsv1.ModelEvent {
		t.Helper()
		e, err := w.train(training.Order{})
		require.NoError(t, err)
		require.Equal(t, []any{version, current, sentimentKept, topicsKept}, []any{e.GetVersion(), e.GetCurrent(), e.GetSentimentKept(), e.GetTopicsKept()})
		return e
	}
	e := step("trained-bad", false, false, true)
	require.Nil(t, w.corrections, "too few to teach")
	require.Zero(t, e.GetCorrections())
	for i := 20; i < 60; i++ {
		w.correct(2*i, 1, fmt.Sprintf("Parfait, merci à toute l'équipe %d.", i), product)
	}
	// Few are held out: it is enough to do no worse on them, and nothing is where P is.
	e = step("from-1_C", true, true, false)
	require.Zero(t, e.GetTrainedOn())
	taught := e.GetCorrections()
	require.NotZero(t, taught)
	require.Less(t, e.GetEvaluation().GetThemesCorrected(), uint32(20))
	step("trained-bad_C", false, false, false) // the same again: both as they were trained
	// Put back by hand, it stays so until something else is learnt.
	_, err := w.registry.Promote(t.Context(), "base-1", "sam")
	require.NoError(t, err)
	step("trained-bad_C", false, false, false)
	w.topics = toy{"base-1", 0, "P"}
	e = step("from-1_P", true, true, false)
	require.InDelta(t, 1, e.GetEvaluation().GetDimensionsF1(), 0)
	require.Zero(t, e.GetBefore().GetDimensionsF1())
	// Worse on those few.
	w.topics = toy{"base-1", 0, "R"}
	step("trained-bad_R", false, false, false)
	// The sentiment is better, and takes over what corrections have taught.
	w.next = toy{"trained-good", 1, ""}
	e = step("trained-good_P", true, false, true)
	require.Equal(t, taught, e.GetCorrections())
	require.NotZero(t, e.GetTrainedOn())
	require.InDelta(t, 1, e.GetEvaluation().GetDimensionsF1(), 0)
	// Enough are held out: it must be better by the margin.
	for i := 60; i < 200; i++ {
		w.correct(2*i, 1, fmt.Sprintf("Parfait, merci à toute l'équipe %d.", i), about(1, 4))
	}
	w.next = toy{"trained-bad", 0, ""}
	step("trained-bad_R", false, false, false)
	w.topics = toy{"base-1", 0, "PG"}
	e = step("trained-good_PG", true, true, false)
	require.GreaterOrEqual(t, e.GetEvaluation().GetThemesCorrected(), uint32(20))
	require.Greater(t, e.GetEvaluation().GetDimensionsF1(), e.GetBefore().GetDimensionsF1()+0.05)
	using, _ := w.registry.Using()
	require.Equal(t, "trained-good_PG", using.Version())
}
