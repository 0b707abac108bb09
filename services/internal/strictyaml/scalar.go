package strictyaml

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Null reports whether nothing stands at a node, as after a key alone.
func Null(n *yaml.Node) bool {
	n = Follow(n)
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// Text reads a scalar that is not empty, as it is written; "" is a problem.
func (r *Reader) Text(n *yaml.Node, path string) string {
	n = Follow(n)
	switch {
	case n.Kind == yaml.MappingNode:
		r.Wrong(n, path, "must be a text; a text that begins with a brace needs quotes")
	case n.Kind != yaml.ScalarNode:
		r.Wrong(n, path, "must be a text")
	case Null(n) || strings.TrimSpace(n.Value) == "":
		r.Wrong(n, path, "must not be empty")
	default:
		return n.Value
	}
	return ""
}

// Texts reads one text, or a list of one or more.
func (r *Reader) Texts(n *yaml.Node, path string) []string {
	if Follow(n).Kind != yaml.SequenceNode {
		return []string{r.Text(n, path)}
	}
	var all []string
	if r.List(n, path, func(n *yaml.Node, path string) { all = append(all, r.Text(n, path)) }) == 0 {
		r.Wrong(n, path, "must not be empty")
	}
	return all
}

// Number reads a number from lo to hi.
func (r *Reader) Number(n *yaml.Node, path string, lo, hi float64) float64 {
	s := r.Text(n, path)
	v, err := strconv.ParseFloat(s, 64)
	if s != "" && (err != nil || !(v >= lo && v <= hi)) {
		r.Wrong(Follow(n), path, "must be a number from %s to %s", decimal(lo), decimal(hi))
		return 0
	}
	return v
}

// Whole reads a whole number from lo to hi.
func (r *Reader) Whole(n *yaml.Node, path string, lo, hi int) int {
	s := r.Text(n, path)
	v, err := strconv.Atoi(s)
	if s != "" && (err != nil || v < lo || v > hi) {
		r.Wrong(Follow(n), path, "must be a whole number from %d to %d", lo, hi)
		return 0
	}
	return v
}

// Flag reads true or yes, false or no.
func (r *Reader) Flag(n *yaml.Node, path string) bool {
	switch s := r.Text(n, path); strings.ToLower(s) {
	case "true", "yes":
		return true
	case "false", "no", "":
	default:
		r.Wrong(Follow(n), path, "must be true or false")
	}
	return false
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
