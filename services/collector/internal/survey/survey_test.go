package survey_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/survey"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

const least = `survey: s
title: {fr: a, en: b}
question: {id: q, metric: NPS, text: {fr: a, en: b}}
follow_up: {any: {fr: pourquoi, en: why}}
thanks: {bad: {fr: bad, en: bad}, any: {fr: merci, en: thanks}}
`

func parse(t *testing.T, text string) *survey.Survey {
	t.Helper()
	s, err := survey.Parse([]byte(text))
	require.NoError(t, err)
	return s
}

func TestTheSamplesAreRight(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../../sample/surveys/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		s, err := survey.Load(f)
		require.NoError(t, err, f)
		require.Equal(t, s.Name+".yaml", filepath.Base(f))
	}
}

func TestWhatComesNextGoesByTheAnswer(t *testing.T) {
	t.Parallel()
	s := parse(t, least+"callback: {for: [bad], text: {fr: a, en: b}}\n")
	require.Equal(t, 30, s.ValidDays)
	for v, want := range map[int]metric.Mood{0: metric.Bad, 6: metric.Bad, 7: metric.Middle, 8: metric.Middle, 9: metric.Good, 10: metric.Good, 11: metric.NoMood} {
		require.Equal(t, want, s.Question.Mood(v), v)
	}
	require.Equal(t, "bad", s.Thanks.Of(metric.Bad).In(survey.English))
	require.Equal(t, "merci", s.Thanks.Of(metric.Good).In(survey.French))
	require.True(t, s.Callback.Offered(metric.Bad))
	require.False(t, s.Callback.Offered(metric.Good))
	require.Len(t, s.Question.Values(), 11)
	require.Nil(t, s.Question.Answer(3).GetScale(), "the metric's own")
	effort := parse(t, strings.Replace(least, "metric: NPS", "metric: CES, scale: {min: 1, max: 5, direction: lower_is_better}", 1))
	require.Equal(t, metric.Bad, effort.Question.Mood(5))
	require.Equal(t, metric.Good, effort.Question.Mood(1))
	require.InDelta(t, 5, effort.Question.Answer(3).GetScale().GetMax(), 0)
}

// On a Friday afternoon: what is left of it is not a whole span, Saturday is half a day,
// Wednesday a holiday.
func TestTimesToBeCalled(t *testing.T) {
	t.Parallel()
	s := parse(t, least+`callback: {text: {fr: a, en: b}, week: {mon-fri: ["09:00-12:00", "14:00-18:00"], sat: ["09:00-12:00"]}, holidays: [FR], days: 6}`)
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	var got []string
	for _, span := range s.Callback.Times(time.Date(2026, 11, 6, 15, 0, 0, 0, paris)) {
		got = append(got, span.From.In(paris).Format("Mon 15:04"))
	}
	require.Equal(t, []string{"Sat 09:00", "Mon 09:00", "Mon 14:00", "Tue 09:00", "Tue 14:00", "Thu 09:00", "Thu 14:00"}, got)
	require.Empty(t, parse(t, least+"callback: {text: {fr: a, en: b}}").Callback.Times(time.Now()))
}

func TestEveryMistakeOfASurveyIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "it is empty",
		"survey: [":              "line 1",
		least + "x: 1":           "line 6: x is not known here",
		least + "---\nsurvey: t": "more than one document",
		strings.Replace(least, "survey: s", "survey: a b", 1):                             "survey: must be 1 to 64 letters",
		strings.Replace(least, "{fr: a, en: b}", "{fr: a}", 1):                            "title: must be given in both languages",
		strings.Replace(least, "metric: NPS, ", "", 1):                                    "question.metric: is required",
		strings.Replace(least, "NPS", "NPX", 1):                                           "question.metric: must be NPS, CSAT, CES or FCR",
		strings.Replace(least, "NPS", "NPS, scale: {min: 0, max: 100}", 1):                "question.scale: must go from min to max",
		strings.Replace(least, "NPS", "CSAT, labels: {9: {fr: a, en: b}}", 1):             "question.labels.9: is not on the scale",
		strings.Replace(least, "id: q", "id: why", 1):                                     "question.id: must not be why",
		strings.Replace(least, "any: {fr: merci, en: thanks}", "good: {fr: a, en: b}", 1): "thanks: must be given for bad, middle and good, or for any",
		least + "more: [{id: q, text: {fr: a, en: b}}]":                                   "more[0].id: stands twice",
		least + "callback: {text: {fr: a, en: b}, for: [angry], zone: Mars, days: 99}":    "callback.zone: is no time zone",
		least + "callback: {text: {fr: a, en: b}, week: {mon: [9-12]}, holidays: [XX]}":   "callback.week: ",
		least + "privacy: {fr: 'javascript:x', en: 'https://x.example'}":                  "privacy: must be an address",
		least + "open: {embed: [https://shop.example, shop.example]}":                     "open.embed[1]: must be an origin",
		least + "open: {touchpoint: " + strings.Repeat("x", 65) + "}":                     "open.touchpoint: must have at most 64 characters",
		least + "open: {embed: [" + strings.Repeat("https://shop.example,", 21) + "]}":    "open.embed: has 21 origins",
		least + "open: {origins: []}":                                                     "origins is not known here",
		least + "valid_days: 400":                                                         "valid_days: must be 1 to 366",
	} {
		_, err := survey.Parse([]byte(text))
		var problems survey.Problems
		require.ErrorAs(t, err, &problems, text)
		require.ErrorContains(t, err, want)
	}
}

// What an origin is stands in a header that says who may frame the page.
func TestWhoMayFrameASurvey(t *testing.T) {
	t.Parallel()
	require.Empty(t, parse(t, least).Framers())
	require.Empty(t, parse(t, least+"open: {}").Framers())
	all := parse(t, least+`open: {embed: ["https://shop.example", "http://127.0.0.1:8090"]}`).Framers()
	require.Equal(t, []string{"https://shop.example", "http://127.0.0.1:8090"}, all)
	for _, bad := range []string{
		"*", "https://*.shop.example", "https://shop.example/", "https://shop.example/x", "ftp://shop.example", "https://Shop.example",
		"https://shop.example; script-src *", "https://shop.example https://x.example", "https://a@shop.example", "https://", "'self'", "null",
	} {
		_, err := survey.Parse([]byte(least + `open: {embed: ["` + bad + `"]}`))
		require.ErrorContains(t, err, "open.embed[0]: must be an origin", bad)
	}
}

func TestWhatAnOpenAnswerIsOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"open: {}": {"web", ""},
		"open: {channel: kiosk, touchpoint: checkout}":                                 {"kiosk", "checkout"},
		"channel: email\ntouchpoint: delivery\nopen: {}":                               {"email", "delivery"},
		"channel: email\ntouchpoint: delivery\nopen: {channel: web, touchpoint: site}": {"web", "site"},
	} {
		s := parse(t, least+text)
		require.Equal(t, want, []string{s.OpenChannel(), s.OpenTouchpoint()}, text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(least)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := survey.Parse([]byte(text))
		if err == nil {
			_ = s.Callback.Times(time.Unix(1_800_000_000, 0))
			return
		}
		var problems survey.Problems
		require.ErrorAs(t, err, &problems)
	})
}
