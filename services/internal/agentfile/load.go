// Package agentfile reads the file in which agents are written down: for the
// callback queue, which takes it as its configuration, and for the command line,
// which sends what is in it to the API. Each agent stands there as the API's JSON
// has them.
package agentfile

import (
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/strictjson"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// MaxAgents is how many agents one file holds.
const MaxAgents = 10_000

// Entry is one agent of a file.
type Entry struct {
	// Agent is what the file says; what it leaves out is absent.
	Agent *eventsv1.Agent

	file string
	node *yaml.Node
}

// Where is the place of one of the agent's fields, as agents.yaml:12. The path is
// the API's, as skills[0].level; of what is not there it is the place around it.
func (e Entry) Where(path string) string {
	return fmt.Sprintf("%s:%d", e.file, find(e.node, path).Line)
}

// Problem is what is wrong with one field of an agent, by the API's path.
type Problem struct{ Path, Message string }

// maxFile is how many bytes a file has; MaxAgents with all their skills fit.
const maxFile = 16 << 20

// Load reads a file; its name is for messages. What can be known without it is
// asked of check, which may be nil. The error is a *strictyaml.Error: it names
// everything that is wrong.
func Load(file string, text []byte, check func(*eventsv1.Agent) []Problem) ([]Entry, error) {
	r := &reader{Reader: strictyaml.New(strictyaml.Options{File: file, Limit: maxFile}), file: file, check: check, seen: map[string]bool{}}
	var entries []Entry
	if root := r.Document(text); root != nil {
		r.Object(root, "", strictyaml.Fields{"agents": func(n *yaml.Node, path string) {
			if strictyaml.Null(n) {
				return
			}
			r.Most(n, path, MaxAgents, "agent", func(n *yaml.Node, _ string) { entries = append(entries, r.agent(n)) })
		}})
	}
	return entries, r.Err()
}

// reader reads agents, and remembers those it has read.
type reader struct {
	*strictyaml.Reader
	file  string
	check func(*eventsv1.Agent) []Problem
	seen  map[string]bool
}

func (r *reader) agent(n *yaml.Node) Entry {
	e := Entry{Agent: &eventsv1.Agent{}, file: r.file, node: n}
	v, ok := r.Value(n, "")
	if !ok {
		return e
	}
	text, err := json.Marshal(v)
	if err != nil {
		r.Wrong(n, "", "must be an agent, with the fields of the API")
		return e
	}
	before := r.Count()
	for _, v := range strictjson.Decode(text, e.Agent, strictjson.Options{}) {
		r.Wrong(find(n, v.Path), v.Path, "%s", v.Problem)
	}
	if r.Count() == before && r.check != nil { // else it is not known what was meant
		for _, p := range r.check(e.Agent) {
			r.Wrong(find(n, p.Path), p.Path, "%s", p.Message)
		}
	}
	id := e.Agent.GetId()
	if r.seen[id] && id != "" {
		r.Wrong(find(n, "id"), "", "%s is there twice", id)
	}
	r.seen[id] = true
	return e
}
