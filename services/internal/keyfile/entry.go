package keyfile

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// maxChannel is how many characters a response's channel has at most.
const maxChannel = 64

func (r *reader) entry(n *yaml.Node) (e Entry) {
	before := r.Count()
	given := r.Object(n, "", strictyaml.Fields{
		"name":      func(n *yaml.Node, path string) { e.Name = r.token(n, path) },
		"sha256":    func(n *yaml.Node, path string) { e.Hash = r.hash(n, path) },
		"surveys":   func(n *yaml.Node, path string) { e.Surveys = r.list(n, path, r.token) },
		"channels":  func(n *yaml.Node, path string) { e.Channels = r.list(n, path, r.channel) },
		"not_after": func(n *yaml.Node, path string) { e.NotAfter = r.time(n, path) },
		"rate":      func(n *yaml.Node, path string) { e.Rate = r.Number(n, path, MinRate, MaxRate) },
		"burst":     func(n *yaml.Node, path string) { e.Burst = r.Whole(n, path, 1, MaxBurst) },
	})
	if given == nil {
		return e
	}
	r.Required(n, "", given, "name", "sha256")
	if given["burst"] && !given["rate"] {
		r.Wrong(n, "burst", "says nothing without a rate")
	}
	if given["rate"] && !given["burst"] {
		e.Burst = max(1, int(math.Ceil(e.Rate)))
	}
	if r.Count() == before {
		r.beside(n, e)
	}
	return e
}

// beside compares an entry with those before it.
func (r *reader) beside(n *yaml.Node, e Entry) {
	if line, twice := r.hashes[e.Hash]; twice {
		r.Wrong(n, "sha256", "is that of line %d as well", line)
		return
	}
	r.hashes[e.Hash] = n.Line
	first, known := r.names[e.Name]
	switch {
	case !known:
		r.names[e.Name] = named{n.Line, e.Rate, e.Burst}
	case first.rate != e.Rate || first.burst != e.Burst:
		r.Wrong(n, "", "rate and burst must be those of line %d: keys of one name are one sender's, who has one rate", first.line)
	}
}

func (r *reader) token(n *yaml.Node, path string) string {
	s := r.Text(n, path)
	if s != "" && subject.CheckToken(s) != nil {
		r.Wrong(n, path, "%s", subject.ErrToken)
	}
	if _, err := Sum(s); err == nil {
		r.Wrong(n, path, "is a key; a key stands nowhere in this file")
	}
	return s
}

// channel is one as a response has it: without spaces around it.
func (r *reader) channel(n *yaml.Node, path string) string {
	s := strings.TrimSpace(r.Text(n, path))
	if utf8.RuneCountInString(s) > maxChannel {
		r.Wrong(n, path, "is longer than %d characters", maxChannel)
	}
	return s
}

func (r *reader) hash(n *yaml.Node, path string) Hash {
	s := r.Text(n, path)
	h, ok := parseHash(s)
	if s != "" && !ok {
		r.Wrong(n, path, "must be 64 hexadecimal digits: rappel keys hash prints a key's")
	}
	return h
}

// list reads one or more.
func (r *reader) list(n *yaml.Node, path string, read func(*yaml.Node, string) string) (all []string) {
	if r.List(n, path, func(n *yaml.Node, path string) { all = append(all, read(n, path)) }) == 0 {
		r.Wrong(n, path, "must be a list of one or more; leave it out for any")
	}
	return all
}

func (r *reader) time(n *yaml.Node, path string) time.Time {
	s := r.Text(n, path)
	t, err := time.Parse(time.RFC3339, s)
	if s != "" && err != nil {
		r.Wrong(n, path, "must be a time as 2027-01-01T00:00:00Z")
	}
	return t
}
