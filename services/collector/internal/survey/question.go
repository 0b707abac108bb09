package survey

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/metric"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Question is asked on a scale, or for words.
type Question struct {
	// ID is the question's in the response.
	ID string
	// Text is the question.
	Text Text
	// Low and High say what the ends mean; Labels what single values do.
	Low    Text
	High   Text
	Labels map[int]Text

	metric eventsv1.Metric // unspecified for words
	scale  *eventsv1.Scale // nil for words
	own    bool            // the scale is not the metric's
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
	if q.own {
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
func (q *Question) IsYesNo() bool { return q.metric == eventsv1.Metric_FCR && !q.own }

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

// Bounds of a scale.
const (
	maxValues = 11 // 0 to 10
	maxEnd    = 1_000_000
)

// first reads the question that a survey begins with.
func (r *reader) first(n *yaml.Node, path string) Question {
	q, given := r.question(n, path)
	if given != nil && !given["metric"] && !scaled(given) {
		r.Wrong(n, path+".metric", "is required: the first question is on a scale")
	}
	return q
}

// question returns the keys that stand there as well; nil when it is none.
func (r *reader) question(n *yaml.Node, path string) (q Question, given map[string]bool) {
	var own *eventsv1.Scale
	labels := func() {} // reads them when the scale is known
	given = r.Object(n, path, strictyaml.Fields{
		"id":     func(n *yaml.Node, path string) { q.ID = r.id(n, path) },
		"metric": func(n *yaml.Node, path string) { q.metric, q.scale = r.metric(n, path) },
		"text":   func(n *yaml.Node, path string) { q.Text = r.text(n, path) },
		"scale":  func(n *yaml.Node, path string) { own = r.scale(n, path) },
		"low":    func(n *yaml.Node, path string) { q.Low = r.text(n, path) },
		"high":   func(n *yaml.Node, path string) { q.High = r.text(n, path) },
		"labels": func(n *yaml.Node, path string) { labels = func() { q.Labels = r.labels(n, path, &q) } },
	})
	if given["scale"] {
		q.scale, q.own = own, true
	}
	labels()
	r.Required(n, path, given, "id", "text")
	if scaled(given) && !given["metric"] {
		r.Wrong(n, path+".metric", "is required where there is a scale")
	}
	return q, given
}

// scaled says that a question with these keys is on a scale.
func scaled(given map[string]bool) bool {
	return given["scale"] || given["low"] || given["high"] || given["labels"]
}

// id is a question's, which is no other's.
func (r *reader) id(n *yaml.Node, path string) string {
	id := r.token(n, path)
	line, twice := r.ids[id]
	switch {
	case id == "":
	case id == FollowUpID:
		r.Wrong(n, path, "must not be %s: that is the follow-up question's", FollowUpID)
	case twice:
		r.Wrong(n, path, "stands twice, first on line %d", line)
	default:
		r.ids[id] = n.Line
	}
	return id
}

// metric returns its own scale as well, nil when it is none.
func (r *reader) metric(n *yaml.Node, path string) (eventsv1.Metric, *eventsv1.Scale) {
	s := r.Text(n, path)
	m := eventsv1.Metric(eventsv1.Metric_value[strings.ToUpper(s)])
	if m == eventsv1.Metric_METRIC_UNSPECIFIED {
		if s != "" {
			r.Wrong(n, path, "must be NPS, CSAT, CES or FCR")
		}
		return m, nil
	}
	scale, err := metric.ScaleOf(m, nil)
	if err != nil {
		r.Wrong(n, path, "%s", err)
	}
	return m, scale
}

// scale is a question's own; nil when it is none.
func (r *reader) scale(n *yaml.Node, path string) *eventsv1.Scale {
	before := r.Count()
	declared := &eventsv1.Scale{}
	r.Object(n, path, strictyaml.Fields{
		"min":       func(n *yaml.Node, path string) { declared.Min = float64(r.Whole(n, path, -maxEnd, maxEnd)) },
		"max":       func(n *yaml.Node, path string) { declared.Max = float64(r.Whole(n, path, -maxEnd, maxEnd)) },
		"direction": func(n *yaml.Node, path string) { declared.Direction = r.direction(n, path) },
	})
	if r.Count() > before { // else it is not known what was meant
		return nil
	}
	s, err := metric.ScaleOf(eventsv1.Metric_METRIC_UNSPECIFIED, declared)
	if err != nil || s.GetMax()-s.GetMin() >= maxValues {
		r.Wrong(n, path, "must go from min to max, higher, in at most %d values", maxValues)
		return nil
	}
	return s
}

func (r *reader) direction(n *yaml.Node, path string) eventsv1.Direction {
	switch s := r.Text(n, path); s {
	case "higher_is_better":
		return eventsv1.Direction_HIGHER_IS_BETTER
	case "lower_is_better":
		return eventsv1.Direction_LOWER_IS_BETTER
	case "":
	default:
		r.Wrong(n, path, "must be higher_is_better or lower_is_better")
	}
	return eventsv1.Direction_DIRECTION_UNSPECIFIED
}

// labels are what values of the question's scale are called, where that is known.
func (r *reader) labels(n *yaml.Node, path string, q *Question) map[int]Text {
	all := map[int]Text{}
	r.Pairs(n, path, func(key string, n *yaml.Node, path string) {
		v, err := strconv.Atoi(key)
		switch {
		case err != nil || strconv.Itoa(v) != key:
			r.Wrong(n, path, "is no value of a scale; write one as 3")
		case q.scale != nil && !q.Has(v):
			r.Wrong(n, path, "is not on the scale")
		}
		all[v] = r.text(n, path)
	})
	return all
}
