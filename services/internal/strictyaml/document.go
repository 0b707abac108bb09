package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is the root of the file's only document. It is nil when there is none, or
// none that can be read, which is a problem but for Options.Empty. Of several the first
// is returned, and the second is a problem.
//
// Whatever the file holds, walking the root with its aliases followed ends: see Follow.
func (r *Reader) Document(text []byte) *yaml.Node {
	if len(text) > r.options.Limit {
		r.whole(fmt.Sprintf("is larger than %d bytes", r.options.Limit))
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	err := guard(func() error { return d.Decode(&doc) })
	if err == nil {
		err = guard(func() error { return d.Decode(&more) })
	}
	switch {
	case err == nil:
		r.Wrong(&more, "", "a second document begins here; a file holds one")
	case !errors.Is(err, io.EOF):
		r.notYAML(err)
	}
	if len(doc.Content) == 0 || Null(doc.Content[0]) {
		r.empty()
		return nil
	}
	if p := measured(doc.Content[0], len(text)); p != nil {
		r.Add(*p)
		return nil
	}
	return doc.Content[0]
}

// Value is what a node holds as the YAML library reads it: maps, lists, texts, numbers,
// with its merged keys. ok is false when it can't be read, which is a problem.
func (r *Reader) Value(n *yaml.Node, path string) (v any, ok bool) {
	err := guard(func() error { return n.Decode(&v) })
	var several *yaml.TypeError
	switch {
	case err == nil:
		return v, true
	case errors.As(err, &several):
		for _, text := range several.Errors {
			r.Add(r.located(text, Problem{Line: n.Line, Column: n.Column, Path: path}))
		}
	default:
		r.Add(r.located(err.Error(), Problem{Line: n.Line, Column: n.Column, Path: path}))
	}
	return nil, false
}

func (r *Reader) whole(message string) { r.Add(Problem{Message: message}) }

// empty is the file's problem that holds nothing, unless another was found.
func (r *Reader) empty() {
	if r.options.Empty != "" && r.Count() == 0 {
		r.whole(r.options.Empty)
	}
}

func (r *Reader) notYAML(err error) {
	p := r.located(err.Error(), Problem{})
	p.Message = "not YAML: " + p.Message
	r.Add(p)
}

var (
	// yamlLine finds the line in what the YAML library says.
	yamlLine = regexp.MustCompile(`(?s)^(?:yaml: )?line (\d+): (.*)$`)
	// repeated is what the library repeats of a file, and all after it; a quoted character
	// is not: it is one that was expected.
	repeated = regexp.MustCompile("(?s)(`|['\"][^'\"]{2}).*$")
)

// located is p with what the library says, and its line where it says one.
func (r *Reader) located(text string, p Problem) Problem {
	p.Message = strings.TrimPrefix(text, "yaml: ")
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column, p.Message = 1, m[2]
	}
	if r.options.Secret {
		p.Message = strings.TrimSpace(repeated.ReplaceAllString(p.Message, ""))
	}
	return p
}

// guard survives a panic of the library: a file comes from a person, and whatever is in
// it must end in a message.
func guard(read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("yaml: this cannot be read")
		}
	}()
	return read()
}
