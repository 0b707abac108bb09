// Package survey is what a survey of one's own asks: data, a YAML file a survey,
// checked when it is read. It is pure but for the reading of files.
//
// A survey begins with one question on a scale, which can be answered by one click in a
// mail. What comes next goes by what the answer means (package metric): bad, middle or
// good, as docs/scoring.md has it.
package survey

import (
	"strconv"
	"strings"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// Language of a page.
type Language string

// The languages that customers are asked in; French is what is spoken where nothing else
// is known.
const (
	French  Language = "fr"
	English Language = "en"
)

// Text is one text in each language.
type Text struct {
	French  string `yaml:"fr"`
	English string `yaml:"en"`
}

// In is the text in a language. In French what a sign is parted from by a space stays on
// its line with it.
func (t Text) In(l Language) string {
	if l == English {
		return t.English
	}
	return unbroken.Replace(t.French)
}

var unbroken = strings.NewReplacer(" ?", "\u00a0?", " !", "\u00a0!", " :", "\u00a0:", " ;", "\u00a0;", "« ", "«\u00a0", " »", "\u00a0»")

// Given says that there is one.
func (t Text) Given() bool { return t != Text{} }

// ByMood is a text for each way the first question can be answered; Any stands in for
// those that are not given.
type ByMood struct {
	Bad    Text `yaml:"bad"`
	Middle Text `yaml:"middle"`
	Good   Text `yaml:"good"`
	Any    Text `yaml:"any"`
}

// Of is the text for a mood.
func (b ByMood) Of(m metric.Mood) Text {
	t := b.Any
	switch m {
	case metric.Bad:
		t = b.Bad
	case metric.Middle:
		t = b.Middle
	case metric.Good:
		t = b.Good
	case metric.NoMood:
	}
	if !t.Given() {
		return b.Any
	}
	return t
}

// Question is asked on a scale, or for words.
type Question struct {
	// ID is the question's in the response.
	ID string `yaml:"id"`
	// Metric is NPS, CSAT, CES or FCR; empty for words.
	Metric string `yaml:"metric"`
	// Text is the question.
	Text Text `yaml:"text"`
	// Scale is the metric's own when absent.
	Scale *Scale `yaml:"scale"`
	// Low and High say what the ends mean; Labels what single values do.
	Low    Text            `yaml:"low"`
	High   Text            `yaml:"high"`
	Labels map[int]Text    `yaml:"labels"`
	metric eventsv1.Metric // read of Metric
	scale  *eventsv1.Scale
}

// Scale is a question's own.
type Scale struct {
	Min       int    `yaml:"min"`
	Max       int    `yaml:"max"`
	Direction string `yaml:"direction"`
}

// IsVerbatim says that the question is asked for words.
func (q *Question) IsVerbatim() bool { return q.metric == eventsv1.Metric_METRIC_UNSPECIFIED }

// Values are what can be chosen, lowest first.
func (q *Question) Values() []int {
	var all []int
	for v := int(q.scale.GetMin()); v <= int(q.scale.GetMax()); v++ {
		all = append(all, v)
	}
	return all
}

// Has says that a value can be chosen.
func (q *Question) Has(v int) bool {
	return float64(v) >= q.scale.GetMin() && float64(v) <= q.scale.GetMax()
}

// Answer is a value's, with the question's scale where it is not the metric's own.
func (q *Question) Answer(v int) *eventsv1.Answer {
	value := float64(v)
	a := &eventsv1.Answer{Question: q.ID, Metric: q.metric, Value: &value}
	if q.Scale != nil {
		a.Scale = &eventsv1.Scale{Min: q.scale.GetMin(), Max: q.scale.GetMax(), Direction: q.scale.GetDirection()}
	}
	return a
}

// Mood is what a value means.
func (q *Question) Mood(v int) metric.Mood {
	s, err := metric.Score(q.Answer(v))
	if err != nil {
		return metric.NoMood
	}
	return metric.MoodOf(s.GetClass())
}

// Callback offers to call the customer.
type Callback struct {
	// For says after which answers to the first question: bad, middle, good; all when
	// absent.
	For []string `yaml:"for"`
	// Text asks.
	Text Text `yaml:"text"`
	// Week, as mon-fri to 09:00-12:00, is when calls can be chosen, in Zone, but for the
	// public holidays of Holidays; without it no time can be chosen.
	Week     map[string][]string `yaml:"week"`
	Zone     string              `yaml:"zone"`
	Holidays []string            `yaml:"holidays"`
	// Days is how many days ahead can be chosen, 1 to 14; 5 when absent.
	Days int `yaml:"days"`

	hours *calendar.Hours
	zone  *time.Location
	moods map[metric.Mood]bool
}

// Offered says that it is, after an answer.
func (c *Callback) Offered(m metric.Mood) bool { return c != nil && (len(c.moods) == 0 || c.moods[m]) }

// Location is the zone that its times are in.
func (c *Callback) Location() *time.Location { return c.zone }

// maxChoices bounds the times that can be chosen.
const maxChoices = 30

// Times are the spans that can be chosen from now on, the first at the earliest an hour
// from now.
func (c *Callback) Times(now time.Time) []calendar.Span {
	if c == nil || c.hours == nil {
		return nil
	}
	var all []calendar.Span
	last := now.AddDate(0, 0, c.Days)
	for at := now.Add(time.Hour); len(all) < maxChoices; {
		s, ok := c.hours.Next(at)
		if !ok || s.From.After(last) || s.To.IsZero() {
			return all
		}
		if !s.From.Before(at) {
			all = append(all, s)
		}
		at = s.To
	}
	return all
}

// Survey is one; it is immutable.
type Survey struct {
	// Name is the responses' survey.
	Name string `yaml:"survey"`
	// From says who asks.
	From Text `yaml:"from"`
	// Title and Intro head the page.
	Title Text `yaml:"title"`
	Intro Text `yaml:"intro"`
	// Channel and Touchpoint of the responses, unless an invitation says others.
	Channel    string `yaml:"channel"`
	Touchpoint string `yaml:"touchpoint"`
	// Question is the first, on a scale.
	Question Question `yaml:"question"`
	// FollowUp asks for words, by what the first answer means.
	FollowUp ByMood `yaml:"follow_up"`
	// More is asked beside that, up to 10.
	More []Question `yaml:"more"`
	// Callback offers a call; absent offers none.
	Callback *Callback `yaml:"callback"`
	// Consent says what becomes of the answers, and stands above the button.
	Consent Text `yaml:"consent"`
	// Privacy is where more about that stands: a URL.
	Privacy Text `yaml:"privacy"`
	// Thanks ends it.
	Thanks ByMood `yaml:"thanks"`
	// ValidDays is how many days a link can be used, 1 to 366; 30 when absent.
	ValidDays int `yaml:"valid_days"`
	// Open lets anybody answer; absent lets only those who have a link.
	Open *Open `yaml:"open"`
}

// FollowUpID is the question id of the words that FollowUp asks for.
const FollowUpID = "why"

// IsYesNo says that the question has two answers, yes and no.
func (q *Question) IsYesNo() bool { return q.metric == eventsv1.Metric_FCR && q.Scale == nil }

// Label is what a value is called: its own label, yes or no, else its number.
func (q *Question) Label(v int, l Language) string {
	if t, has := q.Labels[v]; has {
		return t.In(l)
	}
	if q.IsYesNo() {
		yesNo := [2]Text{{"Non", "No"}, {"Oui", "Yes"}}
		if v == 0 || v == 1 {
			return yesNo[v].In(l)
		}
	}
	return strconv.Itoa(v)
}
