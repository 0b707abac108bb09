// Package roster says who works here and what each agent can take. It is pure: it
// knows neither where agents are kept nor who is at their desk.
package roster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Bounds of what is said of an agent.
const (
	// MaxCapacity is how many callbacks one agent can have in hand at most.
	MaxCapacity = 50
	// MaxPreference is the last of an agent's preferences among queues.
	MaxPreference = 10
	maxID         = 64
	maxList       = 100
)

// Agent is one support agent.
type Agent struct {
	// ID names the agent: 1 to 64 letters, digits, and . _ - @.
	ID string
	// Skills are what the agent has, each once. One that is needed must be here.
	Skills []callback.Skill
	// Languages are what the agent speaks, as `fr`; none says that nobody wrote it
	// down, and the agent is asked in any.
	Languages []string
	// Queues are where the agent works; none means everywhere.
	Queues []QueuePreference
	// Capacity is how many callbacks the agent can have in hand, 1 to MaxCapacity.
	Capacity int
	// Team groups agents for supervisors; Role decides what the agent may promise.
	// Both may be empty.
	Team, Role string
	// Zone is the agent's time zone, IANA's; empty when it does not matter.
	Zone string
}

// QueuePreference is a queue that an agent works in.
type QueuePreference struct {
	Queue string
	// Preference is 1 for where the agent works first, up to MaxPreference.
	Preference int
}

// FieldError names one field that is wrong.
type FieldError struct{ Field, Message string }

// ValidationError names every field of an agent that is wrong.
type ValidationError struct{ Fields []FieldError }

// Error lists them.
func (e *ValidationError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + " " + f.Message
	}
	return strings.Join(parts, "; ")
}

// Validate returns a *ValidationError that names every wrong field, or nil.
func (a *Agent) Validate() error {
	var e ValidationError
	check := func(ok bool, field, message string) {
		if !ok {
			e.Fields = append(e.Fields, FieldError{Field: field, Message: message})
		}
	}
	check(IsID(a.ID), "id", "must be 1 to 64 letters, digits, or . _ - @")
	check(a.Capacity >= 1 && a.Capacity <= MaxCapacity, "capacity", "must be 1 to "+strconv.Itoa(MaxCapacity))
	check(a.Team == "" || isName(a.Team), "team", "must be at most 64 letters, digits, _ or -")
	check(a.Role == "" || isName(a.Role), "role", "must be at most 64 letters, digits, _ or -")
	_, err := time.LoadLocation(a.Zone)
	check(err == nil && a.Zone != "Local", "zone", "is no time zone, as Europe/Paris")
	a.checkLists(check)
	if len(e.Fields) > 0 {
		return &e
	}
	return nil
}

func (a *Agent) checkLists(check func(ok bool, field, message string)) {
	for _, list := range []struct {
		field string
		n     int
	}{{"skills", len(a.Skills)}, {"languages", len(a.Languages)}, {"queues", len(a.Queues)}} {
		check(list.n <= maxList, list.field, "must hold at most "+strconv.Itoa(maxList))
	}
	for i, s := range a.Skills {
		at := fmt.Sprintf("skills[%d]", i)
		parsed, ok := callback.ParseSkill(s.String())
		check(ok && parsed == s, at, "must be a name of at most 64 letters, digits, _ or -, at a level of 1 to 10")
		check(!slices.ContainsFunc(a.Skills[:i], func(o callback.Skill) bool { return o.Name == s.Name }), at, "is there twice")
	}
	for i, l := range a.Languages {
		at := fmt.Sprintf("languages[%d]", i)
		check(callback.BaseLanguage(l) == l && l != "", at, "must be a language in small letters, as fr")
		check(!slices.Contains(a.Languages[:i], l), at, "is there twice")
	}
	for i, q := range a.Queues {
		at := fmt.Sprintf("queues[%d]", i)
		check(isName(q.Queue), at+".queue", "must be 1 to 64 letters, digits, _ or -")
		check(q.Preference >= 1 && q.Preference <= MaxPreference, at+".preference", "must be 1 to "+strconv.Itoa(MaxPreference))
		check(!slices.ContainsFunc(a.Queues[:i], func(o QueuePreference) bool { return o.Queue == q.Queue }), at, "is there twice")
	}
}

// IsID reports whether s can name an agent.
func IsID(s string) bool { return s != "" && len(s) <= maxID && only(s, "._-@") }

func isName(s string) bool { return s != "" && len(s) <= maxID && only(s, "_-") }

// only reports whether s has only ASCII letters, digits, and what extra holds.
func only(s, extra string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(extra, r)
	})
}
