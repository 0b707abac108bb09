// Package scalefile reads the file in which a deployment declares on which scales its
// surveys ask. docs/scoring.md shows one.
package scalefile

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/metric"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of a file.
const (
	maxFile     = 1 << 20 // bytes
	maxQuestion = 256     // characters of a question's id
	farthest    = 1e6     // of a scale's ends
)

// Open reads the file at a path; without one nothing is declared. The error names every
// fault with its line.
func Open(path string) (*metric.Scales, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // the nil Scales declare none
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("scales_file: %w", err)
	}
	scales, err := Load(path, text)
	if err != nil {
		return nil, fmt.Errorf("scales_file is refused:\n%w", err)
	}
	return scales, nil
}

// Load reads a file; its name is for messages. The error is a *strictyaml.Error: it names
// every fault.
func Load(file string, text []byte) (*metric.Scales, error) {
	r := &reader{
		Reader: strictyaml.New(strictyaml.Options{File: file, Limit: maxFile, Empty: "declares no scale: it begins with scales:"}),
		scales: &metric.Scales{},
	}
	if root := r.Document(text); root != nil {
		given := r.Object(root, "", strictyaml.Fields{
			"scales": func(n *yaml.Node, path string) { r.Pairs(n, path, r.survey) },
		})
		r.Required(root, "", given, "scales")
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return r.scales, nil
}

type reader struct {
	*strictyaml.Reader
	scales *metric.Scales
}

// survey reads the questions of a survey, or of every one.
func (r *reader) survey(survey string, n *yaml.Node, path string) {
	if survey != metric.EverySurvey && subject.CheckToken(survey) != nil {
		r.Wrong(n, path, "is no survey: 1 to 64 letters, digits, _ or -, or \"*\" for every one")
	}
	r.Pairs(n, path, func(name string, n *yaml.Node, path string) {
		if name == "" || len([]rune(name)) > maxQuestion {
			r.Wrong(n, path, "a question's id has 1 to %d characters", maxQuestion)
		}
		r.question(survey, name, n, path)
	})
}

// thresholds are the keys of the worst and the best class, by direction.
var thresholds = map[eventsv1.Direction][2]string{
	eventsv1.Direction_HIGHER_IS_BETTER: {"bad_below", "good_above"},
	eventsv1.Direction_LOWER_IS_BETTER:  {"bad_above", "good_below"},
}

func (r *reader) question(survey, name string, n *yaml.Node, path string) {
	scale := &eventsv1.Scale{Direction: eventsv1.Direction_HIGHER_IS_BETTER}
	found := map[string]*float64{}
	number := func(n *yaml.Node, path string) float64 { return r.Number(n, path, -farthest, farthest) }
	threshold := func(key string) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) { v := number(n, path); found[key] = &v }
	}
	before := r.Count()
	given := r.Object(n, path, strictyaml.Fields{
		"min":       func(n *yaml.Node, path string) { scale.Min = number(n, path) },
		"max":       func(n *yaml.Node, path string) { scale.Max = number(n, path) },
		"better":    func(n *yaml.Node, path string) { scale.Direction = r.better(n, path) },
		"bad_below": threshold("bad_below"), "good_above": threshold("good_above"),
		"bad_above": threshold("bad_above"), "good_below": threshold("good_below"),
	})
	r.Required(n, path, given, "min", "max")
	keys := thresholds[scale.GetDirection()]
	for _, other := range thresholds {
		for i, key := range other {
			if found[key] != nil && key != keys[i] {
				r.Wrong(n, path, "%s is for a scale where %s is better; write %s", key, opposite(scale.GetDirection()), keys[i])
			}
		}
	}
	if name == eventsv1.Metric_FCR.String() && len(found) > 0 {
		r.Wrong(n, path, "FCR is yes or no: it has no thresholds")
	}
	if r.Count() > before {
		return
	}
	d := metric.Declared{Scale: scale, Bad: found[keys[0]], Good: found[keys[1]]}
	if err := r.scales.Declare(survey, name, d); err != nil {
		r.Wrong(n, path, "%s", err)
	}
}

func (r *reader) better(n *yaml.Node, path string) eventsv1.Direction {
	switch s := r.Text(n, path); s {
	case "higher", "":
		return eventsv1.Direction_HIGHER_IS_BETTER
	case "lower":
		return eventsv1.Direction_LOWER_IS_BETTER
	default:
		r.Wrong(n, path, "must be higher or lower: which end is the better one")
		return eventsv1.Direction_HIGHER_IS_BETTER
	}
}

func opposite(d eventsv1.Direction) string {
	if d == eventsv1.Direction_LOWER_IS_BETTER {
		return "higher"
	}
	return "lower"
}
