package strictyaml

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fields are what an object may hold: by key, what reads its value.
type Fields map[string]func(n *yaml.Node, path string)

// Object reads a mapping whose keys are known, in the file's order. A key that is not,
// or stands twice, is a problem. It returns the keys that stand there, for what is
// required; nil when n is no mapping, which is a problem.
func (r *Reader) Object(n *yaml.Node, path string, f Fields) map[string]bool {
	if n = Follow(n); n.Kind != yaml.MappingNode {
		r.Wrong(n, path, "must hold %s, as name: value", f.names())
		return nil
	}
	given := map[string]bool{}
	r.keys(n, path, f, func(k, v *yaml.Node, path string) {
		read, known := f[k.Value]
		switch {
		case known:
			given[k.Value] = true
			read(v, path)
		case r.options.Secret:
			r.Wrong(k, path, "this field is not known here; possible are %s", f.names())
		default:
			r.Wrong(k, path, "is not known here; possible are %s", f.names())
		}
	})
	return given
}

// Required says which of these keys do not stand in the object at n, whose keys Object
// returned.
func (r *Reader) Required(n *yaml.Node, path string, given map[string]bool, keys ...string) {
	for _, key := range keys {
		if given != nil && !given[key] {
			r.Wrong(n, join(path, key), "is required")
		}
	}
}

// Pairs reads a mapping whose keys are free, in the file's order. A key that stands twice
// is a problem.
func (r *Reader) Pairs(n *yaml.Node, path string, each func(key string, n *yaml.Node, path string)) {
	if n = Follow(n); n.Kind != yaml.MappingNode {
		r.Wrong(n, path, "must be pairs, as name: value")
		return
	}
	r.keys(n, path, nil, func(k, v *yaml.Node, path string) { each(k.Value, v, path) })
}

// keys gives each key of a mapping once, with its value and path. The path of a key that
// is not known is that of the mapping, in a secret file.
func (r *Reader) keys(n *yaml.Node, path string, known Fields, each func(k, v *yaml.Node, path string)) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, at := Follow(n.Content[i]), path
		if known[k.Value] != nil || !r.options.Secret {
			at = join(path, k.Value)
		}
		line, twice := first[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode:
			r.Wrong(k, path, "a name must be a text")
		case twice:
			r.Wrong(n.Content[i], at, "stands twice, first on line %d", line)
		default:
			first[k.Value] = n.Content[i].Line
			each(k, n.Content[i+1], at)
		}
	}
}

// List reads a sequence, whose items have paths like skills[0]. It returns how many there
// are; -1 when n is no sequence, which is a problem.
func (r *Reader) List(n *yaml.Node, path string, each func(n *yaml.Node, path string)) int {
	if n = Follow(n); n.Kind != yaml.SequenceNode {
		r.Wrong(n, path, "must be a list: each entry begins with a dash")
		return -1
	}
	for i, item := range n.Content {
		each(item, fmt.Sprintf("%s[%d]", path, i))
	}
	return len(n.Content)
}

// Most reads a sequence as List does, but no more than so many of its items: the next is
// a problem, which calls it a key, or whatever an item is.
func (r *Reader) Most(n *yaml.Node, path string, most int, item string, each func(n *yaml.Node, path string)) int {
	if all := Follow(n); all.Kind == yaml.SequenceNode && len(all.Content) > most {
		r.Wrong(all.Content[most], "", "this is the %s too many: a file holds at most %d", item, most)
	}
	i := 0
	return r.List(n, path, func(n *yaml.Node, path string) {
		if i++; i <= most {
			each(n, path)
		}
	})
}

func (f Fields) names() string { return strings.Join(slices.Sorted(maps.Keys(f)), ", ") }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
