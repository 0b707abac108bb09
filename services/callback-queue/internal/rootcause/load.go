// Package rootcause reads the file of root causes, from which agents choose when
// they close a callback.
package rootcause

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Bounds of a file.
const (
	maxCauses = 1000
	maxDepth  = 5 // levels below a dimension, and the dimension
	maxName   = 200
)

var word = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)

// Load reads a file; its name is for messages. The error names everything that is
// wrong with it, a line each, with file and line.
func Load(file string, text []byte) (callback.RootCauses, error) {
	var doc struct {
		RootCauses []yaml.Node `yaml:"root_causes"`
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	r := &reader{file: file}
	tree := r.causes(doc.RootCauses, "")
	for _, dimension := range callback.Dimensions {
		if !slices.ContainsFunc(tree, func(c callback.Cause) bool { return c.ID == dimension }) {
			r.problems = append(r.problems, fmt.Sprintf("%s: root_causes lacks the dimension %s", file, dimension))
		}
	}
	if len(r.problems) > 0 {
		return nil, errors.New(strings.Join(r.problems, "\n"))
	}
	return tree, nil
}

// reader gathers what is wrong.
type reader struct {
	file     string
	count    int
	problems []string
}

func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf("%s:%d: ", r.file, n.Line)+fmt.Sprintf(format, args...))
}

// causes reads one level, below the cause of a name.
func (r *reader) causes(nodes []yaml.Node, above string) []callback.Cause {
	level := make([]callback.Cause, 0, len(nodes))
	for i := range nodes {
		if r.count++; r.count > maxCauses {
			if r.count == maxCauses+1 {
				r.wrong(&nodes[i], "this is the cause too many: a file holds at most %d", maxCauses)
			}
			break
		}
		c := r.cause(&nodes[i], above)
		if slices.ContainsFunc(level, func(other callback.Cause) bool { return other.ID == c.ID && c.ID != "" }) {
			r.wrong(&nodes[i], "%s is there twice", above+c.ID)
		}
		level = append(level, c)
	}
	return level
}

func (r *reader) cause(n *yaml.Node, above string) callback.Cause {
	var c struct {
		ID     string            `yaml:"id"`
		Label  map[string]string `yaml:"label"`
		Causes []yaml.Node       `yaml:"causes"`
	}
	if err := n.Decode(&c); err != nil {
		r.wrong(n, "must be a cause, with id, label and causes")
		return callback.Cause{}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; !slices.Contains([]string{"id", "label", "causes"}, key.Value) {
			r.wrong(key, "%s is no field of a cause: id, label and causes are", key.Value)
		}
	}
	name := above + c.ID
	switch {
	case above == "" && !slices.Contains(callback.Dimensions[:], c.ID):
		r.wrong(n, "the first level must be the dimensions %s, not %q", strings.Join(callback.Dimensions[:], ", "), c.ID)
	case !word.MatchString(c.ID):
		r.wrong(n, "id must be 1 to 40 small letters, digits or _, not %q", c.ID)
	case strings.Count(name, "/") >= maxDepth || len(name) > maxName:
		r.wrong(n, "%s is too deep: %d levels and %d characters at most", name, maxDepth, maxName)
		return callback.Cause{ID: c.ID}
	}
	for _, lang := range []string{"fr", "en"} {
		if strings.TrimSpace(c.Label[lang]) == "" {
			r.wrong(n, "%s lacks its label in %s", name, lang)
		}
	}
	return callback.Cause{ID: c.ID, French: c.Label["fr"], English: c.Label["en"], Causes: r.causes(c.Causes, name+"/")}
}
