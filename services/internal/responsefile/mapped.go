package responsefile

import (
	"strings"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// mapped turns the cells of a file's rows into responses.
type mapped struct {
	bound *mapping.Bound
	id    Identity
}

// fill makes of the row's cells what the mapping says.
func (m *mapped) fill(r *Row) {
	out := m.bound.Map(r.cells)
	r.Skip, r.Refuse, r.Response = out.Skip, strings.Join(out.Problems, "; "), out.Response
	if r.Response == nil {
		return
	}
	if r.Response.GetId() == "" {
		r.Response.Id = makeID(m.id, r.Line, r.cells...)
	}
	r.origin = func(field string) string { return m.bound.Origin(out, field) }
}

// record is what both CSV files and workbooks have of a row.
type record struct {
	line, end, endLine int64
	cells              []string
	problem            string // why the cells say nothing
}

func (m *mapped) row(rec record) *Row {
	r := &Row{Line: rec.line, End: rec.end, EndLine: rec.endLine, cells: rec.cells, Refuse: rec.problem}
	if r.Refuse == "" {
		m.fill(r)
	}
	return r
}
