package mapping

import (
	"fmt"

	"github.com/ohler55/ojg/jp"
	"go.yaml.in/yaml/v3"
)

// Body is a mapping of JSON bodies, as webhooks bring them: where a mapping of a
// file names a column, it names a JSONPath (RFC 9535; the leading $. may be left
// out). It is immutable.
type Body struct{ m *Mapping }

// ParseBody reads a mapping of bodies; file is its name in messages. The error is a
// *strictyaml.Error: every mistake with its line.
func ParseBody(file string, data []byte) (*Body, error) {
	m, err := parse(file, data, map[string]jp.Expr{})
	if err != nil {
		return nil, err
	}
	return &Body{m}, nil
}

// Map turns a document (see Document) into a response. Its problems name paths and
// repeat nothing of what the body holds.
//
// What a path finds is a text, a number, true or false, or a list of those, which
// become one text: ", " between them, a new line in verbatims. Of moments the latest
// counts. Null, objects and what is not there are nothing.
func (b *Body) Map(document any) Row {
	found := map[string][]string{}
	return b.m.read(func(place string) []string {
		texts, known := found[place]
		if !known {
			for _, v := range b.m.paths[place].Get(document) {
				texts = appendTexts(texts, v)
			}
			found[place] = texts
		}
		return texts
	})
}

// Dated says that the mapping tells when an answer was given.
func (b *Body) Dated() bool { return b.m.submittedAt != nil }

// Origin says which path a field of the response came from, as Bound.Origin does.
func (b *Body) Origin(row Row, field string) string { return b.m.origin(row, field) }

// key is what a mapping calls the place where something is read.
func (w *walker) key() string {
	if w.paths != nil {
		return "path"
	}
	return "column"
}

// place reads the name of one.
func (w *walker) place(n *yaml.Node, path string) string {
	s := w.Text(n, path)
	w.compile(n, path, s)
	return s
}

func (w *walker) compile(n *yaml.Node, path, place string) {
	if w.paths == nil || place == "" {
		return
	}
	x, err := parsePath(place)
	if err != nil {
		w.Wrong(n, path, "%q is no JSONPath: %s; write one as form.answers[?@.ref == 'nps'].number, or {text: …} for the same text each time", place, err)
		return
	}
	w.paths[place] = x
}

// parsePath survives what the library does not: it is given what people write.
func parsePath(s string) (x jp.Expr, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return jp.ParseString(s)
}

// Paths are JSONPaths of code, as those of a mapping are of data.
type Paths []jp.Expr

// NewPaths compiles paths that are constants of the program: it panics on a wrong one.
// An empty one is left out.
func NewPaths(paths ...string) Paths {
	var all Paths
	for _, p := range paths {
		if p != "" {
			all = append(all, jp.MustParseString(p))
		}
	}
	return all
}

// First is the text at the first of the paths that leads to one.
func (p Paths) First(document any) string {
	for _, x := range p {
		for _, v := range x.Get(document) {
			if texts := appendTexts(nil, v); len(texts) > 0 {
				return texts[0]
			}
		}
	}
	return ""
}

// All is every value at the first of the paths that leads to any.
func (p Paths) All(document any) []any {
	for _, x := range p {
		if found := x.Get(document); len(found) > 0 {
			return found
		}
	}
	return nil
}
