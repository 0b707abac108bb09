package mapping

import (
	"math"
	"strings"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

func (w *walker) answers(n *yaml.Node, path string, m *Mapping) {
	if w.List(n, path, func(n *yaml.Node, path string) { m.answers = append(m.answers, w.answer(n, path)) }) == 0 {
		w.Wrong(n, path, "must hold at least one metric or verbatim")
	}
}

// answer reads {metric, column, scale, values} or {verbatim: column}; path instead
// of column in a body's mapping.
func (w *walker) answer(n *yaml.Node, path string) answer {
	a := answer{}
	var verbatim, metric *value
	metricKeys := 0
	before := w.Count()
	w.Object(n, path, strictyaml.Fields{
		"metric":   func(n *yaml.Node, path string) { metricKeys++; a.metric = w.metric(n, path) },
		"verbatim": func(n *yaml.Node, path string) { verbatim = w.value(n, path, plainPlace, nil); verbatim.parted = "\n" },
		w.key(): func(n *yaml.Node, path string) {
			metricKeys++
			metric = merge(metric, &value{place: w.place(n, path), line: n.Line, path: path})
		},
		"values": func(n *yaml.Node, path string) {
			metricKeys++
			metric = merge(metric, &value{words: w.numbers(n, path)})
		},
		"scale":    func(n *yaml.Node, path string) { metricKeys++; a.scale = w.scale(n, path) },
		"question": func(n *yaml.Node, path string) { a.question = w.Text(n, path) },
		"when":     func(n *yaml.Node, path string) { a.when = w.conditions(n, path) },
	})
	if w.Count() > before {
		return a
	}
	switch {
	case verbatim != nil && metricKeys > 0:
		w.Wrong(n, path, "is either a verbatim or a metric with its %s; make it two entries", w.key())
	case verbatim != nil:
		a.source = verbatim
	case a.metric == eventsv1.Metric_METRIC_UNSPECIFIED:
		w.Wrong(n, path, "must have a metric (NPS, CSAT, CES or FCR) or a verbatim")
	case metric == nil || metric.place == "":
		w.Wrong(n, path, "must name the %s that holds the %s", w.key(), a.metric)
	default:
		a.source = metric
		if a.metric == eventsv1.Metric_FCR {
			a.source.words = withYesNo(a.source.words)
		}
	}
	return a
}

// merge puts what two keys of one answer say together.
func merge(a, b *value) *value {
	if a == nil {
		return b
	}
	if b.place != "" {
		b.words = a.words
		return b
	}
	a.words = b.words
	return a
}

func (w *walker) metric(n *yaml.Node, path string) eventsv1.Metric {
	s := strings.ToUpper(w.Text(n, path))
	m := eventsv1.Metric(eventsv1.Metric_value[s])
	if s != "" && m == eventsv1.Metric_METRIC_UNSPECIFIED {
		w.Wrong(n, path, "must be NPS, CSAT, CES or FCR")
	}
	return m
}

// numbers reads words that stand for a score, as {content: 5}.
func (w *walker) numbers(n *yaml.Node, path string) map[string]string {
	words := map[string]string{}
	w.Pairs(n, path, func(key string, n *yaml.Node, path string) {
		w.number(n, path)
		words[fold(key)] = strictyaml.Follow(n).Value
	})
	return words
}

// number reads one as people write it, with a comma or a point.
func (w *walker) number(n *yaml.Node, path string) float64 {
	s := w.Text(n, path)
	v, ok := parseNumber(s)
	if s != "" && !ok {
		w.Wrong(n, path, "must be a number")
	}
	return v
}

func (w *walker) scale(n *yaml.Node, path string) *eventsv1.Scale {
	s := &eventsv1.Scale{Min: math.NaN(), Max: math.NaN()}
	before := w.Count()
	w.Object(n, path, strictyaml.Fields{
		"min": func(n *yaml.Node, path string) { s.Min = w.number(n, path) },
		"max": func(n *yaml.Node, path string) { s.Max = w.number(n, path) },
		"direction": func(n *yaml.Node, path string) {
			switch strings.ToLower(w.Text(n, path)) {
			case "higher_is_better":
				s.Direction = eventsv1.Direction_HIGHER_IS_BETTER
			case "lower_is_better":
				s.Direction = eventsv1.Direction_LOWER_IS_BETTER
			default:
				w.Wrong(n, path, "must be higher_is_better or lower_is_better")
			}
		},
	})
	if w.Count() > before {
		return s
	}
	if math.IsNaN(s.Min) || math.IsNaN(s.Max) {
		w.Wrong(n, path, "must give min and max")
	} else if s.Min >= s.Max {
		w.Wrong(n, path, "min must be less than max; which end is good is the direction's to say")
	}
	return s
}

// withYesNo lets an FCR column hold yes and no.
func withYesNo(words map[string]string) map[string]string {
	if words == nil {
		words = map[string]string{}
	}
	for _, y := range yesWords {
		if _, given := words[y]; !given {
			words[y] = "1"
		}
	}
	for _, n := range noWords {
		if _, given := words[n]; !given {
			words[n] = "0"
		}
	}
	return words
}
