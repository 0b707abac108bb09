package mapping

import (
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Row is what one row becomes.
type Row struct {
	// Response without an id when the row has none; nil when the row is skipped
	// or has problems.
	Response *eventsv1.Response
	// Skip is why the row is left out on purpose.
	Skip string
	// Problems are why it cannot become a response, in terms of its columns.
	Problems []string

	answers []string // the place each of the response's answers came from
}

var customerFields = []struct {
	name string
	set  func(*eventsv1.Customer, string)
}{
	{"id", func(c *eventsv1.Customer, s string) { c.Id = s }},
	{"name", func(c *eventsv1.Customer, s string) { c.Name = s }},
	{"phone", func(c *eventsv1.Customer, s string) { c.Phone = s }},
	{"email", func(c *eventsv1.Customer, s string) { c.Email = s }},
	{"language", func(c *eventsv1.Customer, s string) { c.Language = s }},
	{"timeZone", func(c *eventsv1.Customer, s string) { c.TimeZone = s }},
}

// Reads reports whether the mapping reads the header's column of that number, from
// 0: what is wrong with another's cells does not matter.
func (b *Bound) Reads(column int) bool {
	for _, i := range b.columns {
		if i == column {
			return true
		}
	}
	return false
}

// Map turns a row's cells into a response. It keeps nothing of the row.
func (b *Bound) Map(cells []string) Row {
	if problem := b.ragged(cells); problem != "" {
		return Row{Problems: []string{problem}}
	}
	cell := func(column string) []string {
		if i := b.columns[column]; i < len(cells) {
			return []string{strings.TrimSpace(cells[i])}
		}
		return nil
	}
	return b.m.read(cell)
}

// reader returns the texts that stand in a place; none, or an empty one, is nothing.
type reader func(place string) []string

// between is what parts several texts of one place.
const between = ", "

func (r reader) text(place string) string { return strings.Join(r(place), between) }

func (m *Mapping) read(read reader) Row {
	for _, s := range m.skips {
		if allHold(s.when, read) {
			return Row{Skip: s.reason}
		}
	}
	row := Row{Response: &eventsv1.Response{
		Survey: m.survey.read(read), Channel: m.channel.read(read), Touchpoint: m.touchpoint.read(read),
		CallbackId: m.callbackID.read(read),
	}}
	if m.id.given() && m.id.complete(read) {
		row.Response.Id = m.id.read(read)
	}
	if row.Response.Survey == "" {
		row.problem(m.survey.places(), "is empty, so the survey is not known")
	}
	if at := m.submittedAt; at != nil {
		if t, found := m.moment(&row, at, read); found {
			row.Response.SubmittedAt = timestamppb.New(t)
		}
	}
	m.whoAnswered(&row, read)
	m.whatAnswered(&row, read)
	m.whatElse(&row, read)
	m.whenToCall(&row, read)
	if len(row.Problems) > 0 {
		row.Response = nil
	}
	return row
}

// ragged compares a row's width with the header's. Empty cells too many are a
// spreadsheet's habit and harmless; a row too short or with text in too many
// cells has lost a delimiter or gained one.
func (b *Bound) ragged(cells []string) string {
	used := len(cells)
	for used > b.width && strings.TrimSpace(cells[used-1]) == "" {
		used--
	}
	switch {
	case used > b.width:
		return fmt.Sprintf("has %d cells where the header has %d: a text that holds the delimiter needs quotes", len(cells), b.width)
	case len(cells) < b.width:
		return fmt.Sprintf("has only %d cells where the header has %d", len(cells), b.width)
	}
	return ""
}

func (m *Mapping) whoAnswered(row *Row, read reader) {
	c := &eventsv1.Customer{}
	for _, f := range customerFields {
		v := m.customer[f.name]
		if v == nil {
			continue
		}
		s := v.read(read)
		if f.name == "phone" {
			s = international(s, v.country)
		}
		f.set(c, s)
	}
	if !proto.Equal(c, &eventsv1.Customer{}) {
		row.Response.Customer = c
	}
}

func (m *Mapping) whatAnswered(row *Row, read reader) {
	problems := len(row.Problems)
	for _, a := range m.answers {
		if !allHold(a.when, read) {
			continue
		}
		s := a.source.read(read)
		if s == "" {
			continue
		}
		out := &eventsv1.Answer{Question: a.question, Metric: a.metric, Scale: proto.CloneOf(a.scale)}
		if a.metric == eventsv1.Metric_METRIC_UNSPECIFIED {
			out.Verbatim = s
		} else {
			v, ok := parseNumber(s)
			if !ok {
				row.problem(a.source.places(), m.shown(s)+"is no number")
				continue
			}
			out.Value = &v
		}
		row.Response.Answers = append(row.Response.Answers, out)
		row.answers = append(row.answers, label(a.source.places()))
	}
	if len(row.Response.Answers) == 0 && len(row.Problems) == problems {
		row.Problems = append(row.Problems, "there is no answer in "+m.what()+": "+m.answerPlaces()+" are empty")
	}
}

// what is mapped, for a person.
func (m *Mapping) what() string {
	if m.paths != nil {
		return "it"
	}
	return "this row"
}

func (m *Mapping) answerPlaces() string {
	var all []string
	for _, a := range m.answers {
		all = append(all, a.source.places()...)
	}
	return label(all)
}

func (m *Mapping) whatElse(row *Row, read reader) {
	for _, a := range m.attributes {
		if s := a.source.read(read); s != "" {
			if row.Response.Attributes == nil {
				row.Response.Attributes = map[string]string{}
			}
			row.Response.Attributes[a.name] = s
		}
	}
	if y := m.callbackRequested; y != nil {
		answer, ok := y.read(read)
		if !ok {
			row.problem([]string{y.place}, y.expected())
		}
		row.Response.CallbackRequested = answer != nil && *answer
	}
	if y := m.consent; y != nil {
		answer, ok := y.read(read)
		if !ok {
			row.problem([]string{y.place}, y.expected())
		}
		if answer != nil {
			row.Response.Consent = &eventsv1.Consent{Callback: proto.Bool(*answer)}
		}
	}
	if purpose := m.purpose.read(read); purpose != "" {
		if row.Response.Consent == nil {
			row.Response.Consent = &eventsv1.Consent{}
		}
		row.Response.Consent.Purpose = purpose
	}
}

func (r *Row) problem(places []string, what string) {
	r.Problems = append(r.Problems, label(places)+": "+what)
}

// label names columns or paths for a person.
func label(places []string) string {
	quoted := make([]string, len(places))
	for i, c := range places {
		quoted[i] = `"` + c + `"`
	}
	return strings.Join(quoted, ", ")
}

// showable is what may be repeated of a cell that was not understood: a short number, as a
// score is, a date or a time. A longer number may be somebody's telephone's, or a customer's.
var showable = regexp.MustCompile(`^(?:[+-]?[0-9][0-9.,/]{0,5}|[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)$`)

// shown quotes a cell that was not understood, where it cannot be personal. Where a mapping
// names the wrong column, what stands there may be anything; and what was wrong with a body
// is kept.
func (m *Mapping) shown(s string) string {
	if m.paths != nil || !showable.MatchString(s) {
		return "what it holds "
	}
	return fmt.Sprintf("%q ", s)
}
