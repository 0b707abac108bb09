package keyfile

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/proto/subject"
)

// maxChannel is how many characters a response's channel has at most.
const maxChannel = 64

// fields are what a YAML mapping may hold, by key.
type fields map[string]func(n *yaml.Node, at string)

// object reads a YAML mapping; a key that is not expected, or stands twice, is wrong.
// What is not known is not repeated: it may be a key that was pasted.
func (r *reader) object(n *yaml.Node, f fields) {
	if n = resolve(n); n.Kind != yaml.MappingNode {
		r.wrong(n, "must hold %s", possible(f))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		read, known := f[k.Value]
		switch {
		case !known:
			r.wrong(k, "this field is not known here; possible are %s", possible(f))
		case seen[k.Value]:
			r.wrong(k, "%s stands twice", k.Value)
		default:
			read(n.Content[i+1], k.Value)
		}
		seen[k.Value] = true
	}
}

func possible(f fields) string { return strings.Join(slices.Sorted(maps.Keys(f)), ", ") }

func (r *reader) entry(n *yaml.Node) (e Entry) {
	before := len(r.problems)
	given := map[string]bool{}
	note := func(read func(*yaml.Node, string)) func(*yaml.Node, string) {
		return func(n *yaml.Node, at string) { given[at] = true; read(n, at) }
	}
	r.object(n, fields{
		"name":      note(func(n *yaml.Node, at string) { e.Name = r.token(n, at) }),
		"sha256":    note(func(n *yaml.Node, at string) { e.Hash = r.hash(n, at) }),
		"surveys":   note(func(n *yaml.Node, at string) { e.Surveys = r.list(n, at, r.token) }),
		"channels":  note(func(n *yaml.Node, at string) { e.Channels = r.list(n, at, r.channel) }),
		"not_after": note(func(n *yaml.Node, at string) { e.NotAfter = r.time(n, at) }),
		"rate":      note(func(n *yaml.Node, at string) { e.Rate = r.number(n, at, MinRate, MaxRate) }),
		"burst":     note(func(n *yaml.Node, at string) { e.Burst = int(r.whole(n, at, 1, MaxBurst)) }),
	})
	if resolve(n).Kind != yaml.MappingNode {
		return e
	}
	for _, must := range []string{"name", "sha256"} {
		if !given[must] {
			r.wrong(n, "%s is required", must)
		}
	}
	if given["burst"] && !given["rate"] {
		r.wrong(n, "burst: says nothing without a rate")
	}
	if given["rate"] && !given["burst"] {
		e.Burst = max(1, int(math.Ceil(e.Rate)))
	}
	if len(r.problems) == before {
		r.beside(n, e)
	}
	return e
}

// beside compares an entry with those before it.
func (r *reader) beside(n *yaml.Node, e Entry) {
	if line, twice := r.hashes[e.Hash]; twice {
		r.wrong(n, "sha256: is that of line %d as well", line)
		return
	}
	r.hashes[e.Hash] = n.Line
	first, known := r.names[e.Name]
	switch {
	case !known:
		r.names[e.Name] = named{n.Line, e.Rate, e.Burst}
	case first.rate != e.Rate || first.burst != e.Burst:
		r.wrong(n, "rate and burst must be those of line %d: keys of one name are one sender's, who has one rate", first.line)
	}
}

func (r *reader) text(n *yaml.Node, at string) string {
	if n = resolve(n); n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
		r.wrong(n, "%s: must be a text, and not empty", at)
		return ""
	}
	return n.Value
}

func (r *reader) token(n *yaml.Node, at string) string {
	s := r.text(n, at)
	if s != "" && subject.CheckToken(s) != nil {
		r.wrong(n, "%s: %s", at, subject.ErrToken)
	}
	if _, err := Sum(s); err == nil {
		r.wrong(n, "%s: is a key; a key stands nowhere in this file", at)
	}
	return s
}

// channel is one as a response has it: without spaces around it.
func (r *reader) channel(n *yaml.Node, at string) string {
	s := strings.TrimSpace(r.text(n, at))
	if utf8.RuneCountInString(s) > maxChannel {
		r.wrong(n, "%s: is longer than %d characters", at, maxChannel)
	}
	return s
}

func (r *reader) hash(n *yaml.Node, at string) Hash {
	s := r.text(n, at)
	h, ok := parseHash(s)
	if s != "" && !ok {
		r.wrong(n, "%s: must be 64 hexadecimal digits: rappel keys hash prints a key's", at)
	}
	return h
}

func (r *reader) list(n *yaml.Node, at string, read func(*yaml.Node, string) string) (all []string) {
	if n = resolve(n); n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.wrong(n, "%s: must be a list of one or more; leave it out for any", at)
		return nil
	}
	for _, item := range n.Content {
		all = append(all, read(item, at))
	}
	return all
}

func (r *reader) time(n *yaml.Node, at string) time.Time {
	s := r.text(n, at)
	t, err := time.Parse(time.RFC3339, s)
	if s != "" && err != nil {
		r.wrong(n, "%s: must be a time as 2027-01-01T00:00:00Z", at)
	}
	return t
}

func (r *reader) number(n *yaml.Node, at string, least, most float64) float64 {
	s := r.text(n, at)
	v, err := strconv.ParseFloat(s, 64)
	if s != "" && (err != nil || !(v >= least && v <= most)) {
		r.wrong(n, "%s: must be a number from %s to %s", at, strconv.FormatFloat(least, 'f', -1, 64), strconv.FormatFloat(most, 'f', -1, 64))
	}
	return v
}

func (r *reader) whole(n *yaml.Node, at string, least, most float64) float64 {
	before := len(r.problems)
	v := r.number(n, at, least, most)
	if len(r.problems) == before && v != math.Trunc(v) {
		r.wrong(n, "%s: must be a whole number", at)
	}
	return v
}

// resolve follows a YAML alias.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
