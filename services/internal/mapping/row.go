package mapping

import (
	"fmt"
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

	answers []string // the column each of the response's answers came from
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

// Map turns a row's cells into a response. It keeps nothing of the row.
func (b *Bound) Map(cells []string) Row {
	if problem := b.ragged(cells); problem != "" {
		return Row{Problems: []string{problem}}
	}
	cell := func(column string) string {
		if i := b.columns[column]; i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	for _, s := range b.m.skips {
		if allHold(s.when, cell) {
			return Row{Skip: s.reason}
		}
	}
	row := Row{Response: &eventsv1.Response{
		Survey: b.m.survey.read(cell), Channel: b.m.channel.read(cell), Touchpoint: b.m.touchpoint.read(cell),
	}}
	if b.m.id.given() && b.m.id.complete(cell) {
		row.Response.Id = b.m.id.read(cell)
	}
	if row.Response.Survey == "" {
		row.problem(b.m.survey.columns(), "is empty, so the survey is not known")
	}
	b.whenAnswered(&row, cell)
	b.whoAnswered(&row, cell)
	b.whatAnswered(&row, cell)
	b.whatElse(&row, cell)
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

func (b *Bound) whenAnswered(row *Row, cell func(string) string) {
	m := b.m.submittedAt
	if m == nil {
		return
	}
	s := cell(m.column)
	if s == "" {
		return
	}
	t, ok := m.parse(s)
	if !ok {
		row.problem([]string{m.column}, shown(s)+"is no date that exists, written as "+m.written())
		return
	}
	row.Response.SubmittedAt = timestamppb.New(t)
}

func (b *Bound) whoAnswered(row *Row, cell func(string) string) {
	c := &eventsv1.Customer{}
	for _, f := range customerFields {
		v := b.m.customer[f.name]
		if v == nil {
			continue
		}
		s := v.read(cell)
		if f.name == "phone" {
			s = international(s, v.country)
		}
		f.set(c, s)
	}
	if !proto.Equal(c, &eventsv1.Customer{}) {
		row.Response.Customer = c
	}
}

func (b *Bound) whatAnswered(row *Row, cell func(string) string) {
	problems := len(row.Problems)
	for _, a := range b.m.answers {
		if !allHold(a.when, cell) {
			continue
		}
		s := a.source.read(cell)
		if s == "" {
			continue
		}
		out := &eventsv1.Answer{Question: a.question, Metric: a.metric, Scale: a.scale}
		if a.metric == eventsv1.Metric_METRIC_UNSPECIFIED {
			out.Verbatim = s
		} else {
			v, ok := parseNumber(s)
			if !ok {
				row.problem(a.source.columns(), shown(s)+"is no number")
				continue
			}
			out.Value = &v
		}
		row.Response.Answers = append(row.Response.Answers, out)
		row.answers = append(row.answers, label(a.source.columns()))
	}
	if len(row.Response.Answers) == 0 && len(row.Problems) == problems {
		row.Problems = append(row.Problems, "there is no answer in this row: "+b.answerColumns()+" are empty")
	}
}

func (b *Bound) answerColumns() string {
	var all []string
	for _, a := range b.m.answers {
		all = append(all, a.source.columns()...)
	}
	return label(all)
}

func (b *Bound) whatElse(row *Row, cell func(string) string) {
	for _, a := range b.m.attributes {
		if s := a.source.read(cell); s != "" {
			if row.Response.Attributes == nil {
				row.Response.Attributes = map[string]string{}
			}
			row.Response.Attributes[a.name] = s
		}
	}
	if y := b.m.callbackRequested; y != nil {
		answer, ok := y.read(cell)
		if !ok {
			row.problem([]string{y.column}, y.expected())
		}
		row.Response.CallbackRequested = answer != nil && *answer
	}
	if y := b.m.consent; y != nil {
		answer, ok := y.read(cell)
		if !ok {
			row.problem([]string{y.column}, y.expected())
		}
		if answer != nil {
			row.Response.Consent = &eventsv1.Consent{Callback: answer}
		}
	}
}

func (r *Row) problem(columns []string, what string) {
	r.Problems = append(r.Problems, label(columns)+": "+what)
}

// label names columns for a person.
func label(columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = `"` + c + `"`
	}
	return strings.Join(quoted, ", ")
}

// shown quotes a cell that was not understood, but only one that begins as a
// number or a date does: where a mapping names the wrong column, what stands
// there may be a person's name.
func shown(s string) string {
	const most = 30
	if len(s) > most || !strings.ContainsAny(s[:1], "0123456789+-.,") {
		return "what it holds "
	}
	return fmt.Sprintf("%q ", s)
}
