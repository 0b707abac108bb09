package survey_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/survey"
	"github.com/rappel-loop/rappel/services/internal/metric"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

const least = `survey: s
title: {fr: a, en: b}
question: {id: q, metric: NPS, text: {fr: a, en: b}}
follow_up: {any: {fr: pourquoi, en: why}}
thanks: {bad: {fr: bad, en: bad}, any: {fr: merci, en: thanks}}
`

func parse(t *testing.T, text string) *survey.Survey {
	t.Helper()
	s, err := survey.Parse("s.yaml", []byte(text))
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
	const all = "callback, channel, consent, follow_up, from, intro, more, open, privacy, purpose, question, survey, thanks, title, touchpoint, valid_days"
	instead := func(old, text string) string {
		require.Contains(t, least, old)
		return strings.Replace(least, old, text, 1)
	}
	for text, want := range map[string]string{
		"":                       "s.yaml: is empty: it needs survey, title, question, follow_up and thanks",
		"# nothing\n":            "s.yaml: is empty: ",
		"survey: [":              "s.yaml:1: not YAML: ",
		"survey":                 "s.yaml:1: must hold " + all,
		least + "x: 1":           "s.yaml:6: x: is not known here; possible are " + all,
		least + "survey: t":      "s.yaml:6: survey: stands twice, first on line 1",
		least + "---\nsurvey: t": "s.yaml:6: a second document begins here",
		"from: {fr: a, en: b}":   "s.yaml:1: follow_up: is required",

		instead("survey: s", "survey: a b"):                              "s.yaml:1: survey: must be 1 to 64 letters",
		instead("survey: s", "survey:"):                                  "s.yaml:1: survey: must not be empty",
		instead("{fr: a, en: b}", "{fr: a}"):                             "s.yaml:2: title: must be given in both languages, as {fr: …, en: …}",
		instead("{fr: a, en: b}", "a"):                                   "s.yaml:2: title: must be given in both languages",
		instead("{fr: a, en: b}", "{fr: a, en: ' '}"):                    "s.yaml:2: title.en: must not be empty",
		instead("{fr: a, en: b}", "{fr: a, en: b, de: c}"):               "s.yaml:2: title.de: is not known here; possible are en, fr",
		instead("pourquoi", strings.Repeat("x", 2001)):                   "s.yaml:4: follow_up.any.fr: must have at most 2000 characters",
		instead("any: {fr: merci, en: thanks}", "good: {fr: a, en: b}"):  "s.yaml:5: thanks: must be given for bad, middle and good, or for any",
		least + "consent:":                                               "s.yaml:6: consent: must be given in both languages",
		least + "privacy: {fr: 'javascript:x', en: 'https://x.example'}": "s.yaml:6: privacy.fr: must be an address",
		least + "channel:":                                               "s.yaml:6: channel: must not be empty",
		least + "touchpoint: [a]":                                        "s.yaml:6: touchpoint: must be a text",
		least + "valid_days: 400":                                        "s.yaml:6: valid_days: must be a whole number from 1 to 366",

		instead("metric: NPS, ", ""):                                                            "s.yaml:3: question.metric: is required: the first question is on a scale",
		instead("metric: NPS, ", "low: {fr: a, en: b}, "):                                       "s.yaml:3: question.metric: is required where there is a scale",
		instead("NPS", "NPX"):                                                                   "s.yaml:3: question.metric: must be NPS, CSAT, CES or FCR",
		instead("NPS", "NPS, scale: {min: 0, max: 100}"):                                        "s.yaml:3: question.scale: must go from min to max, higher, in at most 11 values",
		instead("NPS", "NPS, scale: {min: 5, max: 5}"):                                          "s.yaml:3: question.scale: must go from min to max",
		instead("NPS", "NPS, scale: {min: 0, max: 10, direction: up}"):                          "s.yaml:3: question.scale.direction: must be higher_is_better or lower_is_better",
		instead("NPS", "NPS, scale: {min: one, max: 10}"):                                       "s.yaml:3: question.scale.min: must be a whole number from -1000000 to 1000000",
		instead("NPS", "NPS, scale: "):                                                          "s.yaml:3: question.scale: must hold direction, max, min, as name: value",
		instead("NPS", "CSAT, labels: {9: {fr: a, en: b}}"):                                     "s.yaml:3: question.labels.9: is not on the scale",
		instead("NPS", "CSAT, labels: {one: {fr: a, en: b}}"):                                   "s.yaml:3: question.labels.one: is no value of a scale",
		instead("NPS", "CSAT, labels: {1: {fr: a}}"):                                            "s.yaml:3: question.labels.1: must be given in both languages",
		instead("NPS", "CES, labels: {5: {fr: a, en: b}}, scale: {max: 4}"):                     "s.yaml:3: question.labels.5: is not on the scale",
		instead("id: q", "id: why"):                                                             "s.yaml:3: question.id: must not be why",
		instead("id: q, ", ""):                                                                  "s.yaml:3: question.id: is required",
		least + "more: [{id: q, text: {fr: a, en: b}}]":                                         "s.yaml:6: more[0].id: stands twice, first on line 3",
		least + "more: [{id: r}]":                                                               "s.yaml:6: more[0].text: is required",
		least + "more:\n" + strings.Repeat("  - {text: {fr: a, en: b}}\n", 11):                  "s.yaml:7: more: has 11 questions, at most 10 are asked",
		least + "callback:":                                                                     "s.yaml:6: callback: must hold days, for, holidays, text, week, zone, as name: value",
		least + "callback: {for: [bad]}":                                                        "s.yaml:6: callback.text: is required",
		least + "callback: {text: {fr: a, en: b}, for: [good, angry]}":                          "s.yaml:6: callback.for[1]: must be bad, middle or good",
		least + "callback: {text: {fr: a, en: b}, zone: Mars}":                                  "s.yaml:6: callback.zone: is no time zone",
		least + "callback: {text: {fr: a, en: b}, days: 99}":                                    "s.yaml:6: callback.days: must be a whole number from 1 to 14",
		least + "callback: {text: {fr: a, en: b}, holidays: [FR, XX]}":                          `s.yaml:6: callback.holidays[1]: "XX" is no country`,
		least + "callback: {text: {fr: a, en: b}, week: {mon: [9-12]}}":                         `s.yaml:6: callback.week.mon[0]: "9-12" is no period`,
		least + "callback: {text: {fr: a, en: b}, week: {day: [9-12]}}":                         `s.yaml:6: callback.week.day: "day" is no day`,
		least + "callback: {text: {fr: a, en: b}, week: {mon: ['09:00-12:00', '11:00-13:00']}}": "s.yaml:6: callback.week: mon: 09:00-12:00 overlaps 11:00-13:00",

		least + "open:": "s.yaml:6: open: must hold something; open: {} opens it and says no more",
		least + "open: {embed: [https://shop.example, shop.example]}":                  "s.yaml:6: open.embed[1]: must be an origin",
		least + "open: {touchpoint: " + strings.Repeat("x", 65) + "}":                  "s.yaml:6: open.touchpoint: must have at most 64 characters",
		least + "open: {embed: [" + strings.Repeat("https://shop.example,", 21) + "]}": "s.yaml:6: open.embed: has 21 origins",
		least + "open: {embed: }":     "s.yaml:6: open.embed: must be a list",
		least + "open: {origins: []}": "s.yaml:6: open.origins: is not known here; possible are channel, embed, touchpoint",
	} {
		_, err := survey.Parse("s.yaml", []byte(text))
		var refused *strictyaml.Error
		require.ErrorAs(t, err, &refused, text)
		require.Contains(t, err.Error(), want, text)
	}
}

func TestAllMistakesOfASurveyAreNamedInTheFilesOrder(t *testing.T) {
	t.Parallel()
	_, err := survey.Parse("surveys/s.yaml", []byte(`title: {fr: a}
colour: red
more:
  - id: q
    text: {fr: a, en: b}
    labels: {1: {fr: a, en: b}}
  - id: r
    metric: CSAT
    text: b
    labels:
      9: {fr: a, en: b}
question:
  id: q
  scale: {min: 1, max: 100}
  text: {fr: a, en: ""}
callback:
  for: [angry]
  week:
    mon-fri:
      - 9-12
      - 09:00-12:00
      - 11:00-13:00
    someday: [later]
  days: many
open:
`))
	require.Error(t, err)
	require.Equal(t, []string{
		"surveys/s.yaml:1: survey: is required",
		"surveys/s.yaml:1: follow_up: is required",
		"surveys/s.yaml:1: thanks: is required",
		"surveys/s.yaml:1: title: must be given in both languages, as {fr: …, en: …}",
		"surveys/s.yaml:2: colour: is not known here; possible are callback, channel, consent, follow_up, from, intro, more, open, privacy, purpose, question, survey, thanks, title, touchpoint, valid_days",
		"surveys/s.yaml:4: more[0].metric: is required where there is a scale",
		"surveys/s.yaml:9: more[1].text: must be given in both languages, as {fr: …, en: …}",
		"surveys/s.yaml:11: more[1].labels.9: is not on the scale",
		"surveys/s.yaml:13: question.metric: is required where there is a scale",
		"surveys/s.yaml:13: question.id: stands twice, first on line 4",
		"surveys/s.yaml:14: question.scale: must go from min to max, higher, in at most 11 values",
		"surveys/s.yaml:15: question.text.en: must not be empty",
		"surveys/s.yaml:17: callback.text: is required",
		"surveys/s.yaml:17: callback.for[0]: must be bad, middle or good",
		"surveys/s.yaml:19: callback.week: mon: 09:00-12:00 overlaps 11:00-13:00; tue: 09:00-12:00 overlaps 11:00-13:00; " +
			"wed: 09:00-12:00 overlaps 11:00-13:00; thu: 09:00-12:00 overlaps 11:00-13:00; fri: 09:00-12:00 overlaps 11:00-13:00",
		`surveys/s.yaml:20: callback.week.mon-fri[0]: "9-12" is no period, as 09:00-12:30`,
		`surveys/s.yaml:23: callback.week.someday: "someday" is no day: mon, tue, wed, thu, fri, sat, sun, or a range as mon-fri`,
		`surveys/s.yaml:23: callback.week.someday[0]: "later" is no period, as 09:00-12:30`,
		"surveys/s.yaml:24: callback.days: must be a whole number from 1 to 14",
		"surveys/s.yaml:25: open: must hold something; open: {} opens it and says no more",
	}, strings.Split(err.Error(), "\n"))
}

// What may be empty, or left out.
func TestAListOfASurveyMayBeEmpty(t *testing.T) {
	t.Parallel()
	s := parse(t, least+"more: []\ncallback: {text: {fr: a, en: b}, for: [], week: {}, holidays: []}\nopen: {embed: []}")
	require.True(t, s.Callback.Offered(metric.Good))
	require.Empty(t, s.Callback.Times(time.Now()))
	require.NotNil(t, s.Open)
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
		_, err := survey.Parse("s.yaml", []byte(least+`open: {embed: ["`+bad+`"]}`))
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
	for _, text := range []string{
		least, "", "survey: &a [*a]", least + "more: [{id: r, text: {fr: a, en: b}}]\nopen: {embed: [https://shop.example]}",
		least + "callback: {for: [bad], text: {fr: a, en: b}, week: {mon-fri: ['09:00-12:00'], sat: ['22:00-02:00']}, holidays: [FR], zone: UTC, days: 14}",
		strings.Replace(least, "NPS", "CES, scale: {min: -5, max: 5, direction: lower_is_better}, labels: {-5: {fr: a, en: b}}", 1),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := survey.Parse("s.yaml", []byte(text))
		if err == nil {
			_ = s.Callback.Times(time.Unix(1_800_000_000, 0))
			require.Contains(t, []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, len(s.Question.Values()))
			return
		}
		var refused *strictyaml.Error
		require.ErrorAs(t, err, &refused)
		require.NotEmpty(t, refused.Problems)
	})
}
