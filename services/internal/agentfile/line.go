package agentfile

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// find is where a path leads to, as skills[0].level, as far as it leads: the key that is
// its last step, or the item of a list.
func find(n *yaml.Node, path string) *yaml.Node {
	at := n
	for step := range strings.FieldsFuncSeq(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		key, value := child(strictyaml.Follow(n), step)
		if value == nil {
			break
		}
		at, n = key, value
	}
	return at
}

// child is one step: into a list by its number, into a mapping by its key. Without such
// a child it is nil.
func child(n *yaml.Node, step string) (at, value *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i], n.Content[i+1]
			}
		}
	default:
	}
	return nil, nil
}
