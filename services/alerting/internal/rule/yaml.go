package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFileBytes bounds a rules file; 1,000 long rules fit.
const maxFileBytes = 1 << 20

// reader reads a YAML tree strictly and collects what is wrong with it.
type reader struct {
	file     string
	lines    [][]rune
	rule     string // the rule being read, for the problems' sake
	problems []Problem
}

func (r *reader) at(n *yaml.Node) Position {
	return Position{File: r.file, Line: n.Line, Column: n.Column}
}

func (r *reader) wrong(p Position, format string, args ...any) {
	r.problems = append(r.problems, Problem{Position: p, Rule: r.rule, Reason: fmt.Sprintf(format, args...)})
}

// yamlLine finds the line in an error of the YAML library.
var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// document returns the root of the file's only document, or nil.
func (r *reader) document(text []byte) *yaml.Node {
	whole := Position{File: r.file}
	if len(text) > maxFileBytes {
		r.wrong(whole, "is larger than %d bytes", maxFileBytes)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := decode(dec, &doc); err != nil {
		if errors.Is(err, io.EOF) {
			r.wrong(whole, "is empty: it needs a version and rules")
			return nil
		}
		r.yamlError(err)
		return nil
	}
	if err := decode(dec, &more); err == nil {
		r.wrong(r.at(&more), "a second document begins here: a rules file holds one")
	} else if !errors.Is(err, io.EOF) {
		r.yamlError(err)
	}
	if len(doc.Content) != 1 {
		r.wrong(whole, "is empty: it needs a version and rules")
		return nil
	}
	return doc.Content[0]
}

// decode guards against a panic of the library: a rules file comes from a
// person, and whatever is in it must end in a message.
func decode(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("yaml: this cannot be read as YAML")
		}
	}()
	return dec.Decode(n)
}

func (r *reader) yamlError(err error) {
	p, reason := Position{File: r.file}, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Column, reason = 1, m[2]
	}
	r.wrong(p, "not YAML: %s", reason)
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// fields reads a mapping whose keys are all known and each there once.
func (r *reader) fields(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		r.wrong(r.at(n), "%s must be a mapping of %s", what, strings.Join(known, ", "))
		return nil
	}
	out := make(map[string]*yaml.Node, len(known))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolve(n.Content[i+1])
		switch first, twice := out[key.Value]; {
		case key.Kind != yaml.ScalarNode || !slices.Contains(known, key.Value):
			r.wrong(r.at(key), "unknown key %q in %s: it knows %s", key.Value, what, strings.Join(known, ", "))
		case twice:
			r.wrong(r.at(key), "%q is there twice, first on line %d", key.Value, first.Line)
		default:
			out[key.Value] = value
		}
	}
	return out
}

// items reads a sequence.
func (r *reader) items(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.wrong(r.at(n), "%s must be a list", what)
		return nil
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		out[i] = resolve(c)
	}
	return out
}

// text reads a scalar that is there, as it is written.
func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
		r.wrong(r.at(n), "%s must be a text that is not empty", what)
		return "", false
	}
	return n.Value, true
}

// integer reads a whole number between two bounds.
func (r *reader) integer(n *yaml.Node, what string, lo, hi int) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || v < lo || v > hi {
		r.wrong(r.at(n), "%s must be a whole number from %d to %d", what, lo, hi)
		return lo
	}
	return v
}
