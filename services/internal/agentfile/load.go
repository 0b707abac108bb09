// Package agentfile reads the file in which agents are written down: for the
// callback queue, which takes it as its configuration, and for the command line,
// which sends what is in it to the API. Each agent stands there as the API's JSON
// has them.
package agentfile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/strictjson"
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
	return fmt.Sprintf("%s:%d", e.file, lineOf(e.node, path))
}

// Problem is what is wrong with one field of an agent, by the API's path.
type Problem struct{ Path, Message string }

// Load reads a file; its name is for messages. What can be known without it is
// asked of check, which may be nil. The error names everything that is wrong, a
// line each, with file and line.
func Load(file string, text []byte, check func(*eventsv1.Agent) []Problem) ([]Entry, error) {
	r := &reader{file: file, check: check, seen: map[string]bool{}}
	list, err := r.document(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(list) > MaxAgents {
		r.wrong(list[MaxAgents].Line, "this is the agent too many: a file holds at most %d", MaxAgents)
		list = list[:MaxAgents]
	}
	entries := make([]Entry, 0, len(list))
	for _, n := range list {
		entries = append(entries, r.agent(n))
	}
	return entries, r.err()
}

// reader gathers what is wrong.
type reader struct {
	file     string
	check    func(*eventsv1.Agent) []Problem
	seen     map[string]bool
	problems []problem
}

type problem struct {
	line int
	text string
}

func (r *reader) wrong(line int, format string, args ...any) {
	r.problems = append(r.problems, problem{line, fmt.Sprintf(format, args...)})
}

// err lists the problems in the order of the file.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	lines := make([]string, len(r.problems))
	for i, p := range r.problems {
		lines[i] = fmt.Sprintf("%s:%d: %s", r.file, p.line, p.text)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// document finds the agents. The error is of text that is no YAML.
func (r *reader) document(text []byte) ([]*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := d.Decode(&more); err == nil {
		r.wrong(more.Line, "the file must hold one document, not several")
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		r.wrong(top.Line, "must begin with agents:")
		return nil, nil
	}
	var list []*yaml.Node
	for key, value := range fields(top) {
		switch {
		case key.Value != "agents":
			r.wrong(key.Line, "%s is no field of the file: agents is", key.Value)
		case value.Kind == yaml.SequenceNode:
			list = append(list, value.Content...)
		case value.Tag != "!!null":
			r.wrong(value.Line, "agents must be a list")
		}
	}
	return list, nil
}

func (r *reader) agent(n *yaml.Node) Entry {
	e := Entry{Agent: &eventsv1.Agent{}, file: r.file, node: n}
	var v any
	if err := n.Decode(&v); err != nil { // as a field that is there twice
		r.wrong(n.Line, "%s", strings.ReplaceAll(err.Error(), "\n", " "))
		return e
	}
	text, err := json.Marshal(v)
	if err != nil {
		r.wrong(n.Line, "must be an agent, with the fields of the API")
		return e
	}
	before := len(r.problems)
	for _, v := range strictjson.Decode(text, e.Agent, strictjson.Options{}) {
		r.field(e, v.Path, v.Problem)
	}
	if len(r.problems) == before && r.check != nil { // else it is not known what was meant
		for _, p := range r.check(e.Agent) {
			r.field(e, p.Path, p.Message)
		}
	}
	id := e.Agent.GetId()
	if r.seen[id] && id != "" {
		r.wrong(lineOf(n, "id"), "%s is there twice", id)
	}
	r.seen[id] = true
	return e
}

func (r *reader) field(e Entry, path, message string) {
	if path != "" {
		message = path + ": " + message
	}
	r.wrong(lineOf(e.node, path), "%s", message)
}
