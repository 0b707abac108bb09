package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// maxRules bounds a set.
const maxRules = 1000

var versionText = regexp.MustCompile(`^[A-Za-z0-9._-]{1,32}$`)

// Options bound what a rule may cost.
type Options struct {
	// MaxCost is the most that one evaluation of one rule may cost, in CEL's
	// units (a step is 1, ten characters searched are 1); 0 is DefaultMaxCost.
	MaxCost uint64
}

// DefaultMaxCost is about a second of work at the very worst, far below the time
// a delivery may take, and lets a rule search every word of the longest response
// there may be.
const DefaultMaxCost = 10_000_000

// Load reads and compiles a rules file. file is its name in messages. The error
// is a *FileError that names everything wrong with it.
func Load(file string, text []byte, o Options) (*Set, error) {
	if o.MaxCost == 0 {
		o.MaxCost = DefaultMaxCost
	}
	r := &reader{file: file}
	for line := range strings.SplitSeq(string(text), "\n") {
		r.lines = append(r.lines, []rune(line))
	}
	set := &Set{}
	if root := r.document(text); root != nil {
		r.set(set, resolve(root), o)
	}
	if len(r.problems) > 0 {
		return nil, &FileError{Problems: inOrder(r.problems)}
	}
	sum := sha256.Sum256(text)
	set.Version += "+" + hex.EncodeToString(sum[:4])
	return set, nil
}

func (r *reader) set(set *Set, n *yaml.Node, o Options) {
	f := r.fields(n, "the file", "version", "rules")
	if f == nil {
		return
	}
	if v := f["version"]; v == nil {
		r.wrong(r.at(n), "version is missing")
	} else if set.Version = v.Value; v.Kind != yaml.ScalarNode || !versionText.MatchString(v.Value) {
		r.wrong(r.at(v), "version must be 1 to 32 letters, digits, ., _ or -")
	}
	if f["rules"] == nil {
		r.wrong(r.at(n), "rules is missing")
		return
	}
	nodes := r.items(f["rules"], "rules")
	if f["rules"].Kind == yaml.SequenceNode && len(nodes) == 0 {
		r.wrong(r.at(f["rules"]), "rules is empty: nobody would ever be called")
	}
	if len(nodes) > maxRules {
		r.wrong(r.at(nodes[maxRules]), "this is the rule too many: a file holds at most %d", maxRules)
		return
	}
	c, err := newCompiler(o.MaxCost)
	if err != nil { // a defect of ours: the environment does not depend on the file
		r.wrong(Position{File: r.file}, "the rule language cannot be set up: %s", err)
		return
	}
	lines := map[string]int{}
	for _, node := range nodes {
		set.Rules = append(set.Rules, r.readRule(c, node, lines))
	}
	r.rule = ""
}

// readRule reads one rule; lines is where each name stood first.
func (r *reader) readRule(c *compiler, n *yaml.Node, lines map[string]int) *Rule {
	out := &Rule{Severity: eventsv1.Severity_MEDIUM}
	r.rule = nameOf(n)
	f := r.fields(n, "a rule", "name", "description", "when", "about", "severity", "callback")
	if f == nil {
		return out
	}
	if name := f["name"]; name == nil {
		r.wrong(r.at(n), "name is missing")
	} else if text, ok := r.text(name, "name"); ok {
		out.Name = text
		r.checkName(name, text, lines)
	}
	if d := f["description"]; d != nil {
		out.Description = r.description(d)
	}
	if a := f["about"]; a != nil {
		out.About = r.metric(a)
	}
	if s := f["severity"]; s != nil {
		out.Severity = r.severity(s)
	}
	if cb := f["callback"]; cb != nil {
		out.Callback = r.plan(cb)
	}
	if w := f["when"]; w == nil {
		r.wrong(r.at(n), "when is missing: the condition")
	} else if text, ok := r.text(w, "when"); ok {
		out.When = text
		r.compile(c, out, w)
	}
	return out
}

// nameOf is the name to call a rule by in problems, even those of its other
// keys; empty unless it is one.
func nameOf(n *yaml.Node) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "name" && subject.CheckToken(n.Content[i+1].Value) == nil {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func (r *reader) checkName(n *yaml.Node, name string, lines map[string]int) {
	if err := subject.CheckToken(name); err != nil {
		r.wrong(r.at(n), "name %q %s", name, err)
		return
	}
	if name == subject.FollowUps {
		r.wrong(r.at(n), "this name is taken by the answers to follow-up surveys")
		return
	}
	if first, twice := lines[name]; twice {
		r.wrong(r.at(n), "this name is taken by the rule on line %d", first)
		return
	}
	lines[name] = n.Line
}

func (r *reader) description(n *yaml.Node) map[string]string {
	out := map[string]string{}
	for lang, node := range r.fields(n, "description", "fr", "en") {
		if text, ok := r.text(node, "description."+lang); ok {
			out[lang] = text
		}
	}
	return out
}

func (r *reader) metric(n *yaml.Node) eventsv1.Metric {
	m := eventsv1.Metric(eventsv1.Metric_value[n.Value])
	if n.Kind != yaml.ScalarNode || m == eventsv1.Metric_METRIC_UNSPECIFIED {
		r.wrong(r.at(n), "about must be NPS, CSAT, CES or FCR")
	}
	return m
}

// severities are the words for how bad a match is.
var severities = map[string]eventsv1.Severity{
	"low": eventsv1.Severity_LOW, "medium": eventsv1.Severity_MEDIUM,
	"high": eventsv1.Severity_HIGH, "critical": eventsv1.Severity_CRITICAL,
}

func (r *reader) severity(n *yaml.Node) eventsv1.Severity {
	s, ok := severities[n.Value]
	if n.Kind != yaml.ScalarNode || !ok {
		r.wrong(r.at(n), "severity must be low, medium, high or critical")
	}
	return s
}
