package subscription

import (
	"strings"
	"time"

	"github.com/rappel-loop/rappel/proto/feedevent"
	"github.com/rappel-loop/rappel/proto/subject"
)

// Request is what a subscriber asks for, as it was written.
type Request struct {
	// Types, Surveys and Queues filter; empty means all.
	Types, Surveys, Queues []string
	// From is where to begin without a cursor: now, beginning, a time, or how long ago.
	From string
	// Cursor is where to go on.
	Cursor string
}

// Problem is one thing that is wrong in a request.
type Problem struct{ Field, Text string }

// InvalidError says all that is wrong in a request.
type InvalidError struct{ Problems []Problem }

// Error names every field.
func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Field + ": " + p.Text
	}
	return strings.Join(texts, "; ")
}

// Query is a request that makes sense.
type Query struct {
	filter filter
	start  start
}

// start is where to begin: behind a cursor, at a time, at the beginning, or now.
type start struct {
	cursor    *Cursor
	since     time.Time
	beginning bool
}

// maxNames bounds each list of a filter.
const maxNames = 100

// Parse reads a request; the error is *InvalidError.
func Parse(r Request, now time.Time) (Query, error) {
	c := &checker{}
	q := Query{filter: filter{
		types: c.types(r.Types), surveys: c.names("surveys", "a survey's name", r.Surveys), queues: c.names("queues", "a queue's name", r.Queues),
	}}
	switch {
	case r.Cursor != "" && r.From != "":
		c.add("from", "leave it out where a cursor is given: the cursor says where to go on")
	case r.Cursor != "":
		cursor, err := ParseCursor(r.Cursor)
		if err != nil {
			c.add("cursor", err.Error())
		}
		q.start.cursor = &cursor
	default:
		q.start = c.from(r.From, now)
	}
	if len(c.problems) > 0 {
		return Query{}, &InvalidError{Problems: c.problems}
	}
	return q, nil
}

type checker struct{ problems []Problem }

func (c *checker) add(field, text string) { c.problems = append(c.problems, Problem{field, text}) }

func (c *checker) types(names []string) []feedevent.Type {
	var out []feedevent.Type
	for _, name := range names {
		t := feedevent.Type(name)
		if _, known := feedevent.Describe(t); !known {
			c.add("types", shown(name)+" is no type of event; docs/feed-events.md lists them")
			continue
		}
		out = append(out, t)
	}
	return out
}

func (c *checker) names(field, what string, names []string) []string {
	if len(names) > maxNames {
		c.add(field, "are more than 100")
		return nil
	}
	for _, name := range names {
		if err := subject.CheckToken(name); err != nil {
			c.add(field, shown(name)+" is not "+what+": it "+err.Error())
		}
	}
	return names
}

func (c *checker) from(s string, now time.Time) start {
	switch s {
	case "", "now":
		return start{}
	case "beginning":
		return start{beginning: true}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return start{since: now.Add(-d)}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		c.add("from", "must be now, beginning, a time as 2026-11-09T10:00:00Z, or how long ago, as 10m or 24h")
	}
	return start{since: t}
}

// maxShown is how much of what is wrong is repeated.
const maxShown = 64

// shown is what was written, in quotation marks.
func shown(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > maxShown {
		s = string(r[:maxShown]) + "…"
	}
	return `"` + s + `"`
}
