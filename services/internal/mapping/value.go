package mapping

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// value says where a text comes from: one column, the same text on every row,
// or a template of both.
type value struct {
	column   string
	constant string
	parts    []part // a template's
	// words translates what a cell holds; compared without regard to case.
	words    map[string]string
	fallback string
	country  string // phones only
	line     int
	path     string
}

// part of a template: a text, or a column when it has a name.
type part struct{ text, column string }

// plain says what an unadorned text stands for in a place of the file.
type plain int

const (
	plainColumn plain = iota
	plainConstant
)

func (v *value) given() bool {
	return v != nil && (v.column != "" || v.constant != "" || len(v.parts) > 0)
}

// columns are the columns it reads.
func (v *value) columns() []string {
	if v.column != "" {
		return []string{v.column}
	}
	var all []string
	for _, p := range v.parts {
		if p.column != "" {
			all = append(all, p.column)
		}
	}
	return all
}

// value reads one; more adds keys that only this place knows.
func (w *walker) value(n *yaml.Node, path string, p plain, more fields) *value {
	v := &value{line: n.Line, path: path}
	if r := resolve(n); r.Kind != yaml.MappingNode {
		if s := w.text(n, path); p == plainColumn {
			v.column = s
		} else {
			v.constant = s
		}
		return v
	}
	f := fields{
		"column":   func(n *yaml.Node, path string) { v.column = w.text(n, path) },
		"text":     func(n *yaml.Node, path string) { v.constant = w.text(n, path) },
		"template": func(n *yaml.Node, path string) { v.parts = w.template(n, path) },
		"values":   func(n *yaml.Node, path string) { v.words = w.words(n, path) },
		"default":  func(n *yaml.Node, path string) { v.fallback = w.text(n, path) },
	}
	for k, read := range more {
		f[k] = read
	}
	before := len(w.problems)
	w.object(n, path, f)
	sources := 0
	for _, is := range []bool{v.column != "", v.constant != "", len(v.parts) > 0} {
		if is {
			sources++
		}
	}
	if sources != 1 && len(w.problems) == before {
		w.add(n, path, "must say where the text comes from: one of column, text, template")
	}
	return v
}

func (w *walker) words(n *yaml.Node, path string) map[string]string {
	words := map[string]string{}
	w.pairs(n, path, func(key string, n *yaml.Node, path string) { words[fold(key)] = w.text(n, path) })
	return words
}

// template reads "mag-{N° réponse}"; {{ and }} are braces.
func (w *walker) template(n *yaml.Node, path string) []part {
	s := w.text(n, path)
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
				w.add(n, path, "a brace opens that does not hold a column's name, as {Client}")
				return nil
			}
			flush()
			parts = append(parts, part{column: name})
			s = rest
		case s[0] == '}':
			w.add(n, path, "a brace closes that was not opened; a brace itself is written twice")
			return nil
		default:
			text.WriteByte(s[0])
			s = s[1:]
		}
	}
	flush()
	return parts
}

// read gives the value on a row. A template is empty when all its columns are.
func (v *value) read(cell func(string) string) string {
	if !v.given() {
		return ""
	}
	s := v.constant
	switch {
	case v.column != "":
		s = cell(v.column)
	case len(v.parts) > 0:
		s = v.fill(cell)
	}
	if to, ok := v.words[fold(s)]; ok {
		return to
	}
	if s == "" {
		return v.fallback
	}
	return s
}

func (v *value) fill(cell func(string) string) string {
	var b strings.Builder
	found, asked := false, false
	for _, p := range v.parts {
		if p.column == "" {
			b.WriteString(p.text)
			continue
		}
		asked = true
		s := cell(p.column)
		found = found || s != ""
		b.WriteString(s)
	}
	if asked && !found {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// complete reports whether every column the value reads has something in it.
func (v *value) complete(cell func(string) string) bool {
	for _, c := range v.columns() {
		if cell(c) == "" {
			return false
		}
	}
	return true
}
