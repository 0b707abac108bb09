// Package receiver is who can be told: a mailbox, a chat, a webhook, a subject of NATS.
package receiver

import (
	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Kinds are what a receiver can be.
var Kinds = []string{"webhook", "email", "slack", "teams", "nats"}

// Config is one receiver.
type Config struct {
	// Name is the only one of it.
	Name string
	// Kind is one of Kinds.
	Kind string
}

// mostReceivers is how many there can be.
const mostReceivers = 500

// Read reads the receivers of a file. What is wrong with them the reader is told.
func Read(r *strictyaml.Reader, n *yaml.Node, path string) []Config {
	var all []Config
	first := map[string]int{}
	r.Most(n, path, mostReceivers, "receiver", func(n *yaml.Node, path string) {
		c := read(r, n, path)
		switch {
		case c.Name == "":
		case first[c.Name] > 0:
			r.Wrong(n, path+".name", "%s stands twice, first on line %d", c.Name, first[c.Name])
		default:
			first[c.Name] = n.Line
			all = append(all, c)
		}
	})
	return all
}

func read(r *strictyaml.Reader, n *yaml.Node, path string) Config {
	var c Config
	fields := strictyaml.Fields{"name": func(n *yaml.Node, path string) {
		c.Name = r.Text(n, path)
		if c.Name != "" && subject.CheckToken(c.Name) != nil {
			r.Wrong(n, path, "%s", subject.ErrToken)
			c.Name = ""
		}
	}}
	for _, kind := range Kinds {
		fields[kind] = func(_ *yaml.Node, path string) {
			if c.Kind != "" {
				r.Wrong(n, path, "is a receiver of the kind %s already; write another for this", c.Kind)
			}
			c.Kind = kind
		}
	}
	given := r.Object(n, path, fields)
	r.Required(n, path, given, "name")
	if given != nil && c.Kind == "" {
		r.Wrong(n, path, "must be one of webhook, email, slack, teams, nats")
	}
	return c
}
