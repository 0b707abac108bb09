package mapping

import (
	"fmt"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bound is a mapping that knows where a file's columns are. It is immutable.
type Bound struct {
	m       *Mapping
	columns map[string]int // by name as the mapping writes it
	width   int
}

// maxListed bounds how many columns an error names.
const maxListed = 30

// Bind finds the mapping's columns in a header. The error is a *strictyaml.Error:
// every column that is missing or stands twice, with the mapping's line.
func (m *Mapping) Bind(header []string) (*Bound, error) {
	at := map[string][]int{}
	b := &Bound{m: m, columns: map[string]int{}, width: len(header)}
	for i, h := range header {
		at[fold(h)] = append(at[fold(h)], i)
	}
	var problems []strictyaml.Problem
	for _, ref := range m.references() {
		switch found := at[fold(ref.place)]; len(found) {
		case 1:
			b.columns[ref.place] = found[0]
		case 0:
			problems = append(problems, ref.problem(missing(ref.place, header)))
		default:
			problems = append(problems, ref.problem(
				fmt.Sprintf("the file has %d columns called %q; give them different names", len(found), ref.place)))
		}
	}
	if v := m.survey; v.constant != "" && len(at[fold(v.constant)]) > 0 {
		problems = append(problems, reference{line: v.line, path: v.path}.problem(
			fmt.Sprintf("%q is also a column: write {column: %s} to read it, or give the survey another name", v.constant, v.constant)))
	}
	return b, strictyaml.Refuse(m.file, problems)
}

func missing(column string, header []string) string {
	names := make([]string, 0, len(header))
	for _, h := range header {
		if h != "" && len(names) < maxListed {
			names = append(names, h)
		}
	}
	return fmt.Sprintf("the file has no column %q; it has: %s. For the same text on every row write {text: …}",
		column, strings.Join(names, " | "))
}

type reference struct {
	place string
	line  int
	path  string
}

func (r reference) problem(message string) strictyaml.Problem {
	return strictyaml.Problem{Line: r.line, Path: r.path, Message: message}
}

// references are all columns the mapping reads, in a fixed order.
func (m *Mapping) references() []reference {
	var all []reference
	of := func(v *value) {
		if v != nil {
			for _, c := range v.places() {
				all = append(all, reference{c, v.line, v.path})
			}
		}
	}
	when := func(cs []condition) {
		for _, c := range cs {
			all = append(all, reference{c.place, c.line, c.path})
		}
	}
	for _, v := range []*value{m.survey, m.id, m.channel, m.touchpoint, m.callbackID, m.purpose} {
		of(v)
	}
	for _, f := range customerFields {
		of(m.customer[f.name])
	}
	for _, at := range m.moments() {
		all = append(all, reference{at.place, at.line, at.path})
	}
	for _, a := range m.answers {
		of(a.source)
		when(a.when)
	}
	for _, a := range m.attributes {
		of(a.source)
	}
	for _, y := range []*yesNo{m.callbackRequested, m.consent} {
		if y != nil && y.place != "" {
			all = append(all, reference{y.place, y.line, y.path})
		}
	}
	for _, s := range m.skips {
		when(s.when)
	}
	return all
}
