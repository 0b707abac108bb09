package rule

import (
	"regexp"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of labels.
const (
	maxLabels     = 20
	maxLabelChars = 200
)

var labelName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// labels reads what alerts of a rule are marked with.
func (r *reader) labels(n *yaml.Node, path string) map[string]string {
	out := map[string]string{}
	r.Pairs(n, path, func(key string, n *yaml.Node, path string) {
		value := r.Text(n, path)
		switch {
		case !labelName.MatchString(key):
			r.Wrong(n, path, "a label's name must be 1 to 64 letters, digits or _, and begin with no digit")
		case utf8.RuneCountInString(value) > maxLabelChars:
			r.Wrong(n, path, "is longer than %d characters", maxLabelChars)
		default:
			out[key] = value
		}
	})
	if len(out) > maxLabels {
		r.Wrong(strictyaml.Follow(n), path, "holds more than %d", maxLabels)
	}
	return out
}
