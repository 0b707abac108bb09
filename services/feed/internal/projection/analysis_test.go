package projection

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// A score that holds a correction has a type of its own, and the number of corrections.
func TestACorrectedScoreSaysSo(t *testing.T) {
	t.Parallel()
	for correction, want := range []feedevent.Type{feedevent.ResponseScored, feedevent.AnalysisCorrected, feedevent.AnalysisCorrected} {
		e := sampleScored(uint32(correction))
		got, err := projector().Scored(origin(subject.Scores, "1"), e)
		require.NoError(t, err)
		require.Equal(t, want, got.Type)
		s := got.Data.(*feedevent.Response).Score
		require.EqualValues(t, correction, s.Correction)
		require.Equal(t, e.GetScore().GetVerbatims()[0].GetStatus().String(), s.Verbatims[0].Status)
		sum := 0.0
		for _, part := range s.PriorityParts {
			sum += part.Points
		}
		require.Equal(t, s.Priority, sum)
	}
	raised := sampleRaised()
	raised.Scored.Correction = 2
	got, err := projector().Raised(origin(subject.Alerts, "1"), raised)
	require.NoError(t, err)
	require.EqualValues(t, 2, got.Data.(*feedevent.Alert).Correction)
}

// What gave a class comes out as the scorer writes it, and nothing else in its place.
func TestRulesOfScoresAreMadeOfNames(t *testing.T) {
	t.Parallel()
	value, scale := 3.5, &eventsv1.Scale{Min: -1, Max: 1e9, Direction: eventsv1.Direction_LOWER_IS_BETTER}
	for m := range eventsv1.Metric_name {
		a := &eventsv1.Answer{Metric: eventsv1.Metric(m), Value: &value}
		if eventsv1.Metric(m) == eventsv1.Metric_CSAT {
			a.Scale = scale
		}
		s, err := metric.Score(a)
		if err != nil {
			continue
		}
		require.Equal(t, s.GetRule(), rule(survey, s))
	}
	of := func(text string) *eventsv1.AnswerScore {
		a := sampleAnswer()
		a.Rule = text
		return a
	}
	for text, comesOut := range map[string]bool{
		"NPS 0-10: below 65 is DETRACTOR":                            true,
		survey + " NPS 0-10: 40 to 66.6 is DETRACTOR":                true,
		"* NPS -10 to -1, lower is better: above 4e+07 is DETRACTOR": true,
		"another NPS 0-10: below 65 is DETRACTOR":                    false,
		"NPS 0-10: below 65 is PROMOTER":                             false,
		"CSAT 0-10: below 65 is DETRACTOR":                           false,
		"NPS 0-10: below 65 is DETRACTOR, says Mme Exemple":          false,
		"Mme Exemple NPS 0-10: below 65 is DETRACTOR":                false,
		"NPS 0-10: camille@example.com is DETRACTOR":                 false,
		"": false,
	} {
		require.Equal(t, comesOut, rule(survey, of(text)) != "", text)
	}
	for text, comesOut := range map[string]bool{
		"lexicon-183c1e18 base-5c0f2a11": true, "lexicon-183c1e18": true, "lexicon-183c1e18 trained-00000000": true,
		"06 39 98 12 34": false, "Mme Exemple": false, "camille-63998123 ": false, "": false,
	} {
		require.Equal(t, comesOut, analysisVersion(text) != "", text)
	}
}

// Labels are told where they are names; the others are for whoever reads the alert.
func TestLabelsAreTokens(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]string{"region": "IDF"}, labels(map[string]string{
		"region": "IDF", "owner": "Sam Exemple", "mail": "sam@example.com", "nothing": "", "not a name": "x",
	}))
	require.Nil(t, labels(map[string]string{"owner": "Sam Exemple"}))
	got, err := projector().Raised(origin(subject.Alerts, "1"), sampleRaised())
	require.NoError(t, err)
	data := got.Data.(*feedevent.Alert)
	require.Equal(t, []string{"lille", "HIGH", "IDF"}, []string{data.Team, data.Severity, data.Labels["region"]})
}

// An answer about an earlier callback is told as that callback's: the event names it, and
// shows the present one beside.
func TestAnAnswerAboutAnEarlierCallbackNamesIt(t *testing.T) {
	t.Parallel()
	e := sampleCallback(eventsv1.CallbackEvent_OPENED)
	e.Type, e.Actor, e.About = eventsv1.CallbackEvent_FOLLOWED_UP, "follow-up", customer+"-2"
	e.Callback.Id, e.Callback.Number = customer+"-3", 3
	e.Past = []*eventsv1.PastCallback{{Id: customer + "-1", ClosedAt: at(1)}, {Id: customer + "-2", ClosedAt: at(2), Recovery: &eventsv1.Recovery{
		Survey: "apres-rappel", ResponseId: "r-2002", Revision: 1, Metric: eventsv1.Metric_NPS, Before: proto.Float64(20), After: proto.Float64(90), Verbatim: "Merci.",
	}}}
	got, err := projector().Callback(origin(subject.Callbacks, "1"), e)
	require.NoError(t, err)
	require.Equal(t, customer+"-2", got.Subject)
	data := got.Data.(*feedevent.Callback)
	require.Equal(t, customer+"-3", data.CallbackID)
	require.Nil(t, data.Recovery)
	require.Equal(t, customer+"-2", data.About.CallbackID)
	require.Equal(t, at(2).AsTime(), data.About.ClosedAt)
	require.Equal(t, []float64{20, 90}, []float64{*data.About.Recovery.Before, *data.About.Recovery.After})
	body, err := json.Marshal(got.Event)
	require.NoError(t, err)
	require.NotContains(t, string(body), "Merci")
	require.NotContains(t, string(body), customer+"-1", "the others before stay where they are")

	e.Past = nil // forgotten since
	got, err = projector().Callback(origin(subject.Callbacks, "1"), e)
	require.NoError(t, err)
	require.Equal(t, &feedevent.Earlier{CallbackID: customer + "-2"}, got.Data.(*feedevent.Callback).About)
}

// What comes after the call: the reason says that it is unanswered, the callback when the
// next is opened.
func TestWhatIsUnansweredIsTold(t *testing.T) {
	t.Parallel()
	e := sampleCallback(eventsv1.CallbackEvent_COMPLETED)
	r := e.Callback.Reasons[0]
	r.Unanswered, r.Correction, r.Disagreement = true, 3, eventsv1.Disagreement_GOOD_SCORE_BAD_WORDS
	e.Callback.NextAt, e.Callback.GivenCents = at(12), 2000
	got, err := projector().Callback(origin(subject.Callbacks, "1"), e)
	require.NoError(t, err)
	data := got.Data.(*feedevent.Callback)
	require.Equal(t, at(12).AsTime(), data.NextAt)
	require.EqualValues(t, 3500, data.GivenCents+data.Goodwill.Cents)
	reason := data.Reasons[0]
	require.True(t, reason.Unanswered)
	require.EqualValues(t, 3, reason.Correction)
	require.Equal(t, []string{"NEGATIVE", "GOOD_SCORE_BAD_WORDS", "delivery_time", "REFUND_ASKED"},
		[]string{reason.Sentiment, reason.Disagreement, reason.Themes[0].Theme, reason.Intents[0]})
	require.Equal(t, 74.0, reason.RecoveryPriority)
}
