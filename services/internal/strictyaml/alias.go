package strictyaml

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Bounds of a document with its aliases followed.
const (
	// maxDepth is how deep it may be nested; a list in a list is two.
	maxDepth = 64
	// maxValues is how many values it may stand for, unless it is so long that it holds
	// more without any alias. A long text counts as one for each textValue bytes.
	maxValues = 1 << 20
	textValue = 32
)

// Follow is what an alias stands for; any other node is returned as it is.
func Follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

// measured says what is wrong with a document's size; nil when it can be walked.
func measured(root *yaml.Node, bytes int) *Problem {
	m := &measure{most: max(2*bytes, maxValues), known: map[*yaml.Node]extent{}}
	_, p := m.of(root, 1)
	return p
}

// measure looks at each node of a document once, however often it is aliased.
type measure struct {
	most  int
	known map[*yaml.Node]extent // of what has an anchor; zero while it is being measured
}

// extent is of a node with its aliases followed: it, and all below.
type extent struct{ values, depth int }

// of measures what stands so many levels deep, from 1.
func (m *measure) of(n *yaml.Node, level int) (extent, *Problem) {
	target := Follow(n)
	e, seen := m.known[target]
	if seen && e.values == 0 {
		return e, problemAt(n, "this alias stands for what it is a part of")
	}
	if !seen {
		var p *Problem
		if e, p = m.within(target, level); p != nil {
			return e, p
		}
	}
	switch {
	case level+e.depth > maxDepth+1:
		return e, problemAt(n, "is nested deeper than %d levels", maxDepth)
	case e.values > m.most:
		return e, problemAt(n, "stands for more than %d values, with its aliases", m.most)
	}
	return e, nil
}

func (m *measure) within(n *yaml.Node, level int) (extent, *Problem) {
	if level > maxDepth {
		return extent{}, problemAt(n, "is nested deeper than %d levels", maxDepth)
	}
	if n.Anchor != "" {
		m.known[n] = extent{}
	}
	e := extent{values: 1 + len(n.Value)/textValue}
	for _, c := range n.Content {
		inner, p := m.of(c, level+1)
		if p != nil {
			return e, p
		}
		e.values += inner.values
		e.depth = max(e.depth, inner.depth)
	}
	e.depth++
	if n.Anchor != "" {
		m.known[n] = e
	}
	return e, nil
}

func problemAt(n *yaml.Node, format string, args ...any) *Problem {
	return &Problem{Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)}
}
