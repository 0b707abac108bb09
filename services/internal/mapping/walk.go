package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ohler55/ojg/jp"
	"go.yaml.in/yaml/v3"
)

// walker reads YAML nodes and collects what is wrong with them.
type walker struct {
	problems Problems
	paths    map[string]jp.Expr // what a body's mapping reads; nil in a file's
}

func (w *walker) add(n *yaml.Node, path, format string, args ...any) {
	w.problems = append(w.problems, Problem{Line: n.Line, Path: path, Message: fmt.Sprintf(format, args...)})
}

// fields are what a YAML mapping may hold, by key.
type fields map[string]func(n *yaml.Node, path string)

// object reads a YAML mapping; a key that is not expected, or stands twice, is a
// problem.
func (w *walker) object(n *yaml.Node, path string, f fields) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		w.add(n, path, "must hold %s, one to a line", strings.Join(f.names(), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(path, k.Value)
		read, known := f[k.Value]
		switch {
		case seen[k.Value]:
			w.add(k, at, "stands twice")
		case !known:
			w.add(k, at, "is not known here; possible are %s", strings.Join(f.names(), ", "))
		default:
			read(v, at)
		}
		seen[k.Value] = true
	}
}

// pairs reads a YAML mapping whose keys are free, in the file's order.
func (w *walker) pairs(n *yaml.Node, path string, each func(key string, n *yaml.Node, path string)) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		w.add(n, path, "must be pairs, as name: value")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if seen[k.Value] {
			w.add(k, join(path, k.Value), "stands twice")
			continue
		}
		seen[k.Value] = true
		each(k.Value, n.Content[i+1], join(path, k.Value))
	}
}

// list reads a YAML sequence.
func (w *walker) list(n *yaml.Node, path string, each func(n *yaml.Node, path string)) {
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		w.add(n, path, "must be a list: each entry begins with a dash")
		return
	}
	for i, item := range n.Content {
		each(item, fmt.Sprintf("%s[%d]", path, i))
	}
}

// text reads a scalar that is not empty, as it is written.
func (w *walker) text(n *yaml.Node, path string) string {
	n = resolve(n)
	switch {
	case n.Kind == yaml.MappingNode:
		w.add(n, path, "must be a text; a text that begins with a brace needs quotes")
	case n.Kind != yaml.ScalarNode:
		w.add(n, path, "must be a text")
	case n.Tag == "!!null" || strings.TrimSpace(n.Value) == "":
		w.add(n, path, "must not be empty")
	default:
		return n.Value
	}
	return ""
}

// texts reads a scalar or a list of them.
func (w *walker) texts(n *yaml.Node, path string) []string {
	if resolve(n).Kind != yaml.SequenceNode {
		return []string{w.text(n, path)}
	}
	var all []string
	w.list(n, path, func(n *yaml.Node, path string) { all = append(all, w.text(n, path)) })
	if len(all) == 0 {
		w.add(n, path, "must not be empty")
	}
	return all
}

func (w *walker) number(n *yaml.Node, path string) float64 {
	s := w.text(n, path)
	v, ok := parseNumber(s)
	if s != "" && !ok {
		w.add(n, path, "must be a number")
	}
	return v
}

func (w *walker) flag(n *yaml.Node, path string) bool {
	switch strings.ToLower(w.text(n, path)) {
	case "true", "yes":
		return true
	case "false", "no", "":
		return false
	default:
		w.add(n, path, "must be true or false")
		return false
	}
}

func (f fields) names() []string {
	names := make([]string, 0, len(f))
	for k := range f {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// resolve follows a YAML alias.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
