package directory

import (
	"errors"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/agentfile"
)

// Load reads the agents that a file declares; its name is for messages. The error
// names everything that is wrong, a line each, with file and line.
func Load(file string, text []byte) ([]*Entry, error) {
	found, err := agentfile.Load(file, text, check)
	if err != nil {
		return nil, err
	}
	entries := make([]*Entry, len(found))
	for i, f := range found {
		entries[i] = &Entry{Agent: wire.FromAgent(f.Agent), Declared: f.Where("id")}
	}
	return entries, nil
}

// check is what the roster finds wrong with an agent.
func check(m *eventsv1.Agent) []agentfile.Problem {
	a := wire.FromAgent(m)
	var invalid *roster.ValidationError
	if !errors.As(a.Validate(), &invalid) {
		return nil
	}
	problems := make([]agentfile.Problem, len(invalid.Fields))
	for i, f := range invalid.Fields {
		problems[i] = agentfile.Problem{Path: f.Field, Message: f.Message}
	}
	return problems
}
