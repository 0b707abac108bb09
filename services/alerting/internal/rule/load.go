package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of a file.
const (
	maxFileBytes = 1 << 20 // 1,000 long rules fit
	maxRules     = 1000
)

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
// is a *strictyaml.Error that names everything wrong with it.
func Load(file string, text []byte, o Options) (*Set, error) {
	if o.MaxCost == 0 {
		o.MaxCost = DefaultMaxCost
	}
	c, err := newCompiler(o.MaxCost)
	if err != nil { // a defect of ours: the environment does not depend on the file
		return nil, err
	}
	r := newReader(file, text, c)
	set := &Set{}
	if root := r.Document(text); root != nil {
		r.set(set, root)
		r.refer(set)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	for i, r := range set.Rules {
		r.place = i
		set.asks = set.asks.with(r.asks)
	}
	set.index, set.metrics = newIndex(set.Rules), newMetricIndex(set.Metrics)
	sum := sha256.Sum256(text)
	set.Version += "+" + hex.EncodeToString(sum[:4])
	return set, nil
}

// reader reads a rules file and compiles what it reads.
type reader struct {
	*strictyaml.Reader
	file     string
	text     [][]rune // by line
	compiler *compiler
	names    map[string]int // the line of each rule's

	fallbacks map[string]int // the line of each one's name
	refs      []reference
}

func newReader(file string, text []byte, c *compiler) *reader {
	r := &reader{file: file, compiler: c, names: map[string]int{}, fallbacks: map[string]int{}, Reader: strictyaml.New(strictyaml.Options{
		File: file, Limit: maxFileBytes, Empty: "is empty: it needs a version and rules", Columns: true,
	})}
	for line := range strings.SplitSeq(string(text), "\n") {
		r.text = append(r.text, []rune(line))
	}
	return r
}

func (r *reader) set(set *Set, n *yaml.Node) {
	given := r.Object(n, "", strictyaml.Fields{
		"version": func(n *yaml.Node, path string) {
			if set.Version = word(n); !versionText.MatchString(set.Version) {
				r.Wrong(n, path, "must be 1 to 32 letters, digits, ., _ or -")
			}
		},
		"contact": func(n *yaml.Node, path string) { set.Contact = r.contact(n, path) },
		"rules": func(n *yaml.Node, path string) {
			rule := func(n *yaml.Node, _ string) { set.Rules = append(set.Rules, r.rule(strictyaml.Follow(n))) }
			if r.Most(n, path, maxRules, "rule", rule) == 0 {
				r.Wrong(n, path, "is empty: nobody would ever be called")
			}
		},
		"metrics": func(n *yaml.Node, path string) {
			r.Most(n, path, maxMetrics, "metric", func(n *yaml.Node, _ string) {
				set.Metrics = append(set.Metrics, r.metric(strictyaml.Follow(n)))
			})
		},
		"fallbacks": func(n *yaml.Node, path string) {
			r.Most(n, path, maxFallbacks, "fallback", func(n *yaml.Node, _ string) {
				set.Fallbacks = append(set.Fallbacks, r.fallback(strictyaml.Follow(n)))
			})
		},
	})
	r.Required(n, "", given, "version", "rules")
}

// rule reads one.
func (r *reader) rule(n *yaml.Node) *Rule {
	if name := nameOf(n); name != "" {
		r.About("rule " + name)
		defer r.About("")
	}
	out := &Rule{Severity: eventsv1.Severity_MEDIUM}
	given := r.Object(n, "", strictyaml.Fields{
		"name":        func(n *yaml.Node, path string) { out.Name = r.name(n, path) },
		"description": func(n *yaml.Node, path string) { out.Description = r.description(n, path) },
		"when": func(n *yaml.Node, path string) {
			if out.When = r.Text(n, path); out.When != "" {
				r.compile(out, strictyaml.Follow(n), path)
			}
		},
		"about":    func(n *yaml.Node, path string) { out.About = r.about(n, path) },
		"severity": func(n *yaml.Node, path string) { out.Severity = r.severity(n, path) },
		"team":     func(n *yaml.Node, path string) { out.Team = r.token(n, path) },
		"labels":   func(n *yaml.Node, path string) { out.Labels = r.labels(n, path) },
		"stop":     func(n *yaml.Node, path string) { out.Stop = r.Flag(n, path) },
		"callback": func(n *yaml.Node, path string) { out.Callback = r.plan(out, n, path) },
		"notify":   func(n *yaml.Node, path string) { out.Notify = r.Flag(n, path) },
		"resolves_after": func(n *yaml.Node, path string) {
			out.ResolvesAfter = r.standing(n, path)
		},
		"fallback": func(n *yaml.Node, path string) { r.refersTo(out, n, path) },
	})
	if given["fallback"] && !given["callback"] {
		r.Wrong(n, "fallback", "changes what is asked of the callback queue, and this rule asks for nothing: give it a callback, or take this away")
	}
	r.Required(n, "", given, "name", "when")
	return out
}

// nameOf is the name to call a rule by in problems, even those of its other
// keys; empty unless it is one.
func nameOf(n *yaml.Node) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if name := word(n.Content[i+1]); n.Content[i].Value == "name" && subject.CheckToken(name) == nil {
			return name
		}
	}
	return ""
}

func (r *reader) name(n *yaml.Node, path string) string {
	name := r.Text(n, path)
	first, twice := r.names[name]
	switch {
	case name == "":
	case subject.CheckToken(name) != nil:
		r.Wrong(n, path, "%q %s", name, subject.ErrToken)
	case name == subject.FollowUps:
		r.Wrong(n, path, "is taken by the answers to follow-up surveys")
	case twice:
		r.Wrong(n, path, "is taken by the rule on line %d", first)
	default:
		r.names[name] = n.Line
	}
	return name
}

func (r *reader) description(n *yaml.Node, path string) map[string]string {
	out := map[string]string{}
	f := strictyaml.Fields{}
	for _, lang := range []string{"fr", "en"} {
		f[lang] = func(n *yaml.Node, path string) { out[lang] = r.Text(n, path) }
	}
	r.Object(n, path, f)
	return out
}

func (r *reader) about(n *yaml.Node, path string) eventsv1.Metric {
	m := eventsv1.Metric(eventsv1.Metric_value[word(n)])
	if m == eventsv1.Metric_METRIC_UNSPECIFIED {
		r.Wrong(n, path, "must be NPS, CSAT, CES or FCR")
	}
	return m
}

// severities are the words for how bad a match is.
var severities = map[string]eventsv1.Severity{
	"low": eventsv1.Severity_LOW, "medium": eventsv1.Severity_MEDIUM,
	"high": eventsv1.Severity_HIGH, "critical": eventsv1.Severity_CRITICAL,
}

func (r *reader) severity(n *yaml.Node, path string) eventsv1.Severity {
	s, ok := severities[word(n)]
	if !ok {
		r.Wrong(n, path, "must be low, medium, high or critical")
	}
	return s
}

// word is a scalar as it is written; empty for anything else.
func word(n *yaml.Node) string {
	if n = strictyaml.Follow(n); n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}
