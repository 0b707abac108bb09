package survey

import (
	"strconv"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

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
