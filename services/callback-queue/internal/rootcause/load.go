// Package rootcause reads the file of root causes, from which agents choose when
// they close a callback.
package rootcause

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of a file.
const (
	maxFile   = 1 << 20 // bytes
	maxCauses = 1000
	maxDepth  = 5 // levels below a dimension, and the dimension
	maxName   = 200
)

var word = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)

// Load reads a file; its name is for messages. The error is a *strictyaml.Error: it names
// everything that is wrong.
func Load(file string, text []byte) (callback.RootCauses, error) {
	r := &reader{Reader: strictyaml.New(strictyaml.Options{File: file, Limit: maxFile})}
	var tree callback.RootCauses
	root := r.Document(text)
	readable := root != nil || r.Count() == 0
	if root != nil {
		r.Object(root, "", strictyaml.Fields{
			"root_causes": func(n *yaml.Node, path string) { tree = r.causes(n, path, "") },
		})
	}
	for _, dimension := range callback.Dimensions {
		if readable && !has(tree, dimension) {
			r.Add(strictyaml.Problem{Path: "root_causes", Message: "lacks the dimension " + dimension})
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return tree, nil
}

func has(level []callback.Cause, id string) bool {
	return slices.ContainsFunc(level, func(c callback.Cause) bool { return c.ID == id })
}

// reader reads causes and counts them.
type reader struct {
	*strictyaml.Reader
	count int
}

// causes reads one level, which may be empty, below the cause of a name.
func (r *reader) causes(n *yaml.Node, path, above string) []callback.Cause {
	if strictyaml.Null(n) {
		return nil
	}
	level := []callback.Cause{}
	r.List(n, path, func(n *yaml.Node, path string) {
		if r.count++; r.count > maxCauses {
			if r.count == maxCauses+1 {
				r.Wrong(n, "", "this is the cause too many: a file holds at most %d", maxCauses)
			}
			return
		}
		c := r.cause(n, path, above)
		if c.ID != "" && has(level, c.ID) {
			r.Wrong(n, above+c.ID, "is there twice")
		}
		level = append(level, c)
	})
	return level
}

func (r *reader) cause(n *yaml.Node, path, above string) callback.Cause {
	var c callback.Cause
	below := func(string) {}
	labels := map[string]string{}
	given := r.Object(n, path, strictyaml.Fields{
		"id": func(n *yaml.Node, path string) { c.ID = r.Text(n, path) },
		"label": func(n *yaml.Node, path string) {
			r.Pairs(n, path, func(lang string, n *yaml.Node, path string) { labels[lang] = r.Text(n, path) })
		},
		"causes": func(n *yaml.Node, path string) {
			below = func(name string) { c.Causes = r.causes(n, path, name+"/") }
		},
	})
	if given == nil {
		return c
	}
	name := above + c.ID
	switch {
	case above == "" && !slices.Contains(callback.Dimensions[:], c.ID):
		r.Wrong(n, "", "the first level must be the dimensions %s, not %q", strings.Join(callback.Dimensions[:], ", "), c.ID)
	case !word.MatchString(c.ID):
		r.Wrong(n, "", "id must be 1 to 40 small letters, digits or _, not %q", c.ID)
	case strings.Count(name, "/") >= maxDepth || len(name) > maxName:
		r.Wrong(n, name, "is too deep: %d levels and %d characters at most", maxDepth, maxName)
		return callback.Cause{ID: c.ID}
	}
	for _, lang := range []string{"fr", "en"} {
		if _, stands := labels[lang]; !stands {
			r.Wrong(n, name, "lacks its label in %s", lang)
		}
	}
	c.French, c.English = labels["fr"], labels["en"]
	below(name)
	return c
}
