package mapping

import (
	"cmp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// value says where a text comes from: one column or path, the same text on every
// row, or a template of both.
type value struct {
	place    string
	constant string
	parts    []part // a template's
	// words translates what a cell holds; compared without regard to case.
	words    map[string]string
	parted   string // between several texts of one path; ", " when empty
	fallback string
	country  string // phones only
	line     int
	path     string
}

// part of a template: a text, or a place when it has one.
type part struct{ text, place string }

// plain says what an unadorned text stands for in a place of the file.
type plain int

const (
	plainPlace plain = iota
	plainConstant
)

func (v *value) given() bool {
	return v != nil && (v.place != "" || v.constant != "" || len(v.parts) > 0)
}

// places are the columns or paths it reads.
func (v *value) places() []string {
	if v.place != "" {
		return []string{v.place}
	}
	var all []string
	for _, p := range v.parts {
		if p.place != "" {
			all = append(all, p.place)
		}
	}
	return all
}

// value reads one; more adds keys that only this place knows.
func (w *walker) value(n *yaml.Node, path string, p plain, more strictyaml.Fields) *value {
	v := &value{line: n.Line, path: path}
	if r := strictyaml.Follow(n); r.Kind != yaml.MappingNode {
		if p == plainPlace {
			v.place = w.place(n, path)
		} else {
			v.constant = w.Text(n, path)
		}
		return v
	}
	f := strictyaml.Fields{
		w.key():    func(n *yaml.Node, path string) { v.place = w.place(n, path) },
		"text":     func(n *yaml.Node, path string) { v.constant = w.Text(n, path) },
		"template": func(n *yaml.Node, path string) { v.parts = w.template(n, path) },
		"values":   func(n *yaml.Node, path string) { v.words = w.words(n, path) },
		"default":  func(n *yaml.Node, path string) { v.fallback = w.Text(n, path) },
	}
	for k, read := range more {
		f[k] = read
	}
	before := w.Count()
	w.Object(n, path, f)
	sources := 0
	for _, is := range []bool{v.place != "", v.constant != "", len(v.parts) > 0} {
		if is {
			sources++
		}
	}
	if sources != 1 && w.Count() == before {
		w.Wrong(n, path, "must say where the text comes from: one of %s, text, template", w.key())
	}
	return v
}

func (w *walker) words(n *yaml.Node, path string) map[string]string {
	words := map[string]string{}
	w.Pairs(n, path, func(key string, n *yaml.Node, path string) { words[fold(key)] = w.Text(n, path) })
	return words
}

// template reads "mag-{N° réponse}"; {{ and }} are braces.
func (w *walker) template(n *yaml.Node, path string) []part {
	s := w.Text(n, path)
	var parts []part
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			parts = append(parts, part{text: text.String()})
			text.Reset()
		}
	}
	for s != "" {
		switch {
		case strings.HasPrefix(s, "{{"), strings.HasPrefix(s, "}}"):
			text.WriteByte(s[0])
			s = s[2:]
		case s[0] == '{':
			name, rest, closed := strings.Cut(s[1:], "}")
			if !closed || strings.TrimSpace(name) == "" {
				w.Wrong(n, path, "a brace opens that does not hold a column or a path, as {Client}")
				return nil
			}
			w.compile(n, path, name)
			flush()
			parts = append(parts, part{place: name})
			s = rest
		case s[0] == '}':
			w.Wrong(n, path, "a brace closes that was not opened; a brace itself is written twice")
			return nil
		default:
			text.WriteByte(s[0])
			s = s[1:]
		}
	}
	flush()
	return parts
}

// read gives the value on a row. A template is empty when all its places are.
func (v *value) read(read reader) string {
	if !v.given() {
		return ""
	}
	s := v.constant
	switch {
	case v.place != "":
		s = strings.Join(read(v.place), cmp.Or(v.parted, between))
	case len(v.parts) > 0:
		s = v.fill(read)
	}
	if to, ok := v.words[fold(s)]; ok {
		return to
	}
	if s == "" {
		return v.fallback
	}
	return s
}

func (v *value) fill(read reader) string {
	var b strings.Builder
	found, asked := false, false
	for _, p := range v.parts {
		if p.place == "" {
			b.WriteString(p.text)
			continue
		}
		asked = true
		s := read.text(p.place)
		found = found || s != ""
		b.WriteString(s)
	}
	if asked && !found {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// complete reports whether every place the value reads has something in it.
func (v *value) complete(read reader) bool {
	for _, c := range v.places() {
		if read.text(c) == "" {
			return false
		}
	}
	return true
}
