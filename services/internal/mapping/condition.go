package mapping

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// condition is about one column of a row, or one path of a body.
type condition struct {
	place     string
	is, isNot []string // folded
	empty     *bool
	line      int
	path      string
}

// conditions reads one, or a list that must all hold.
func (w *walker) conditions(n *yaml.Node, path string) []condition {
	if strictyaml.Follow(n).Kind != yaml.SequenceNode {
		return []condition{w.condition(n, path)}
	}
	var all []condition
	w.List(n, path, func(n *yaml.Node, path string) { all = append(all, w.condition(n, path)) })
	return all
}

func (w *walker) condition(n *yaml.Node, path string) condition {
	c := condition{line: n.Line, path: path}
	before := w.Count()
	w.Object(n, path, strictyaml.Fields{
		w.key(): func(n *yaml.Node, path string) { c.place = w.place(n, path) },
		"is":    func(n *yaml.Node, path string) { c.is = foldAll(w.Texts(n, path)) },
		"isNot": func(n *yaml.Node, path string) { c.isNot = foldAll(w.Texts(n, path)) },
		"empty": func(n *yaml.Node, path string) { e := w.Flag(n, path); c.empty = &e },
	})
	if w.Count() > before {
		return c
	}
	if c.place == "" {
		w.Wrong(n, path, "must name a %s", w.key())
	}
	if c.is == nil && c.isNot == nil && c.empty == nil {
		w.Wrong(n, path, "must say what the %s holds: is, isNot or empty", w.key())
	}
	return c
}

// holds compares without regard to case and surrounding space.
func (c condition) holds(read reader) bool {
	s := fold(read.text(c.place))
	switch {
	case c.is != nil && !slices.Contains(c.is, s):
		return false
	case c.isNot != nil && slices.Contains(c.isNot, s):
		return false
	case c.empty != nil && *c.empty != (s == ""):
		return false
	}
	return true
}

func allHold(cs []condition, read reader) bool {
	for _, c := range cs {
		if !c.holds(read) {
			return false
		}
	}
	return true
}

// yesNo reads a cell as yes or no.
type yesNo struct {
	always  *bool // the answer of every row; place is empty then
	place   string
	yes, no []string // folded; no is nil when every other word is a no
	line    int
	path    string
}

// Words taken for yes and no when the mapping names none.
var (
	yesWords = []string{"oui", "yes", "o", "y", "x", "1", "vrai", "true"}
	noWords  = []string{"non", "no", "n", "0", "faux", "false"}
)

func (w *walker) yesNo(n *yaml.Node, path string) *yesNo {
	y := &yesNo{line: n.Line, path: path}
	if strictyaml.Follow(n).Kind != yaml.MappingNode {
		y.place = w.place(n, path)
	} else {
		before := w.Count()
		w.Object(n, path, strictyaml.Fields{
			w.key(): func(n *yaml.Node, path string) { y.place = w.place(n, path) },
			"yes":   func(n *yaml.Node, path string) { y.yes = foldAll(w.Texts(n, path)) },
			"no":    func(n *yaml.Node, path string) { y.no = foldAll(w.Texts(n, path)) },
			"always": func(n *yaml.Node, path string) {
				all := w.Flag(n, path)
				y.always = &all
			},
		})
		switch {
		case w.Count() > before:
		case y.always != nil && (y.place != "" || y.yes != nil || y.no != nil):
			w.Wrong(n, path, "must have always, or a %s and its words, not both", w.key())
		case y.always == nil && y.place == "":
			w.Wrong(n, path, "must name a %s, or say always: yes or always: no", w.key())
		}
	}
	if y.yes == nil {
		y.yes = yesWords
		if y.no == nil {
			y.no = noWords
		}
	}
	return y
}

// read returns nil for an empty cell, and false in ok for a word that is
// neither.
func (y *yesNo) read(read reader) (answer *bool, ok bool) {
	if y.always != nil {
		return y.always, true
	}
	s := fold(read.text(y.place))
	yes := slices.Contains(y.yes, s)
	switch {
	case s == "":
		return nil, true
	case yes, y.no == nil, slices.Contains(y.no, s):
		return &yes, true
	default:
		return nil, false
	}
}

func (y *yesNo) expected() string {
	return "must be empty, yes (" + strings.Join(y.yes, ", ") + ") or no (" + strings.Join(y.no, ", ") + ")"
}
