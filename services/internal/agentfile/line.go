package agentfile

import (
	"iter"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// lineOf is the line of what a path leads to, as skills[0].level, as far as it
// leads.
func lineOf(n *yaml.Node, path string) int {
	line := n.Line
	for step := range strings.FieldsFuncSeq(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		if n = child(n, step, &line); n == nil {
			break
		}
	}
	return line
}

// child is one step: into a list by its number, into a mapping by its key, whose
// line counts.
func child(n *yaml.Node, step string, line *int) *yaml.Node {
	if n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(n.Content) {
			return nil
		}
		*line = n.Content[i].Line
		return n.Content[i]
	}
	for key, value := range fields(n) {
		if key.Value == step {
			*line = key.Line
			return value
		}
	}
	return nil
}

// fields are the keys and values of a mapping; of anything else there are none.
func fields(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}
