package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/strictjson"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of fallbacks.
const (
	maxFallbacks  = 50
	maxTell       = 20
	leastWait     = time.Second
	mostWait      = 30 * 24 * time.Hour
	leastFor      = time.Minute
	mostFor       = 24 * time.Hour
	defaultFor    = 5 * time.Minute
	waitsAre      = "a wait like 30m or 4h, 1s to 720h"
	firstAttempts = "a time like 24h or 48h, at most 2160h (90 days)"
)

// fallback reads one.
func (r *reader) fallback(n *yaml.Node) *Fallback {
	if name := nameOf(n); name != "" {
		r.About("fallback " + name)
		defer r.About("")
	}
	out, before := &Fallback{For: defaultFor}, r.Count()
	given := r.Object(n, "", strictyaml.Fields{
		"name":         func(n *yaml.Node, path string) { out.Name = r.fallbackName(n, path) },
		"description":  func(n *yaml.Node, path string) { out.Description = r.description(n, path) },
		"queue":        func(n *yaml.Node, path string) { out.Queue = r.token(n, path) },
		"begins_above": func(n *yaml.Node, path string) { out.BeginsAbove = r.lasts(n, path, leastWait, mostWait, waitsAre) },
		"ends_below":   func(n *yaml.Node, path string) { out.EndsBelow = r.lasts(n, path, leastWait, mostWait, waitsAre) },
		"for": func(n *yaml.Node, path string) {
			out.For = r.lasts(n, path, leastFor, mostFor, "a time like 5m, 1m to 24h")
		},
		"also_when_unstaffed": func(n *yaml.Node, path string) { out.AlsoWhenUnstaffed = r.Flag(n, path) },
		"raise_bar":           func(n *yaml.Node, path string) { out.Bar = r.bar(n, path) },
		"afterwards":          func(n *yaml.Node, path string) { out.CallAfterwards = r.afterwards(n, path) },
		"widen":               func(n *yaml.Node, path string) { out.Widen = r.only(n, path, "queue", r.token) },
		"drop_skills":         func(n *yaml.Node, path string) { out.DropSkills = r.Flag(n, path) },
		"first_attempt_within": func(n *yaml.Node, path string) {
			out.FirstAttemptWithin = r.lasts(n, path, 1, maxAttempt, firstAttempts)
		},
		"tell": func(n *yaml.Node, path string) { out.Tell = r.receivers(n, path) },
		"acknowledge_customer": func(n *yaml.Node, path string) {
			out.Acknowledge = r.only(n, path, "receiver", r.token)
		},
	})
	r.Required(n, "", given, "name", "queue", "begins_above", "ends_below")
	switch {
	case given == nil:
	case out.BeginsAbove > 0 && out.EndsBelow >= out.BeginsAbove:
		r.Wrong(n, "ends_below", "must be less than begins_above: the gap keeps it from coming and going with every call")
	case out.Widen != "" && out.Widen == out.Queue:
		r.Wrong(n, "widen.queue", "is the queue that has too much to do")
	case given["afterwards"] && !given["raise_bar"]:
		r.Wrong(n, "afterwards", "says what becomes of callbacks that are held back, and none are: it needs raise_bar")
	case len(out.Measures()) == 0 && r.Count() == before:
		r.Wrong(n, "", "does nothing: it needs raise_bar, widen, drop_skills, first_attempt_within, tell or acknowledge_customer")
	}
	return out
}

func (r *reader) fallbackName(n *yaml.Node, path string) string {
	name := r.token(n, path)
	first, twice := r.fallbacks[name]
	if twice && name != "" {
		r.Wrong(n, path, "is taken by the fallback on line %d", first)
		return name
	}
	r.fallbacks[name] = strictyaml.Follow(n).Line
	return name
}

// lasts reads a duration from lo to hi, which are said to be is.
func (r *reader) lasts(n *yaml.Node, path string, lo, hi time.Duration, is string) time.Duration {
	d, ok := span(word(n))
	if !ok || d < lo || d > hi {
		r.Wrong(n, path, "must be %s", is)
		return 0
	}
	return d
}

// afterwards reads whether those are called who were held back.
func (r *reader) afterwards(n *yaml.Node, path string) bool {
	w := word(n)
	if w != "call" && w != "drop" {
		r.Wrong(n, path, "must be call or drop")
	}
	return w == "call"
}

func (r *reader) bar(n *yaml.Node, path string) Minimum {
	var out Minimum
	given := r.Object(n, path, strictyaml.Fields{
		"severity": func(n *yaml.Node, path string) { out.Severity = r.severity(n, path) },
		"priority": func(n *yaml.Node, path string) { out.Priority = int32(r.Whole(n, path, 1, 100)) },
	})
	switch {
	case given != nil && !given["severity"] && !given["priority"]:
		r.Wrong(n, path, "needs a severity, a priority, or both")
	case out.Severity == eventsv1.Severity_LOW:
		r.Wrong(n, path+".severity", "low holds nothing back: write medium, high or critical")
	}
	return out
}

// only reads an object of one key.
func (r *reader) only(n *yaml.Node, path, key string, read func(*yaml.Node, string) string) string {
	out := ""
	given := r.Object(n, path, strictyaml.Fields{key: func(n *yaml.Node, path string) { out = read(n, path) }})
	r.Required(n, path, given, key)
	return out
}

// receivers reads names of receivers, which another file declares.
func (r *reader) receivers(n *yaml.Node, path string) []string {
	var out []string
	many := r.List(n, path, func(n *yaml.Node, path string) {
		name := r.token(n, path)
		if name != "" && slices.Contains(out, name) {
			r.Wrong(n, path, "%q is there twice", name)
		}
		out = append(out, name)
	})
	switch {
	case many == 0:
		r.Wrong(n, path, "names nobody")
	case many > maxTell:
		r.Wrong(n, path, "holds more than %d", maxTell)
	}
	return out
}

// reference is a rule's to the fallbacks that it names, which may stand below it.
type reference struct {
	rule  *Rule
	at    []*yaml.Node
	paths []string
}

// refersTo reads the names of a rule's fallbacks: one, or a list.
func (r *reader) refersTo(out *Rule, n *yaml.Node, path string) {
	ref := reference{rule: out}
	add := func(n *yaml.Node, path string) {
		ref.at, ref.paths = append(ref.at, strictyaml.Follow(n)), append(ref.paths, path)
	}
	switch {
	case strictyaml.Follow(n).Kind != yaml.SequenceNode:
		add(n, path)
	case r.List(n, path, add) == 0:
		r.Wrong(n, path, "must not be empty")
	}
	r.refs = append(r.refs, ref)
}

// refer finds the fallbacks that rules name, and those that nobody does.
func (r *reader) refer(set *Set) {
	byName, used := map[string]*Fallback{}, map[string]bool{}
	var names []string
	for _, f := range set.Fallbacks {
		if f.Name != "" && byName[f.Name] == nil {
			byName[f.Name], names = f, append(names, f.Name)
		}
	}
	defer r.About("")
	for _, ref := range r.refs {
		r.About("")
		if ref.rule.Name != "" {
			r.About("rule " + ref.rule.Name)
		}
		for i, n := range ref.at {
			name := r.Text(n, ref.paths[i])
			f := byName[name]
			switch {
			case name == "":
			case f == nil:
				r.Wrong(n, ref.paths[i], "%s", noSuch(name, names))
			case slices.Contains(ref.rule.Fallbacks, f):
				r.Wrong(n, ref.paths[i], "%q is there twice", name)
			default:
				ref.rule.Fallbacks = append(ref.rule.Fallbacks, f)
			}
			used[name] = true
		}
	}
	for _, f := range set.Fallbacks {
		if f.Name != "" && !used[f.Name] && len(f.Tell) == 0 {
			r.About("fallback " + f.Name)
			r.wrongAt(Position{Line: r.fallbacks[f.Name], Column: 1}, "does nothing: no rule has it as its fallback, and nobody is told of it")
		}
	}
}

// noSuch says what to write instead of a name that no fallback has.
func noSuch(name string, names []string) string {
	said := fmt.Sprintf("there is no fallback %q", name)
	switch near := strictjson.Nearest(name, names); {
	case near != "":
		return said + fmt.Sprintf(" (did you mean %q?)", near)
	case len(names) == 0:
		return said + "; the file declares none, under fallbacks"
	default:
		return said + "; there are " + strings.Join(names, ", ")
	}
}
