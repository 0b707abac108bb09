package mapping

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// slot is one stretch of time in which the customer would like to be called.
type slot struct {
	from, to *moment
	path     string
}

// slots reads a list of {from, to}, each written as submittedAt is.
func (w *walker) slots(n *yaml.Node, path string, m *Mapping) {
	w.List(n, path, func(n *yaml.Node, path string) {
		s := slot{path: path}
		before := w.Count()
		w.Object(n, path, strictyaml.Fields{
			"from": func(n *yaml.Node, path string) { s.from = w.moment(n, path) },
			"to":   func(n *yaml.Node, path string) { s.to = w.moment(n, path) },
		})
		if w.Count() == before && (s.from == nil || s.to == nil) {
			w.Wrong(n, path, "must say from when and to when")
			return
		}
		m.slots = append(m.slots, s)
	})
}

func (m *Mapping) whenToCall(row *Row, read reader) {
	for i, s := range m.slots {
		from, hasFrom := m.moment(row, s.from, read)
		to, hasTo := m.moment(row, s.to, read)
		switch {
		case hasFrom && hasTo:
			row.Response.CallbackSlots = append(row.Response.CallbackSlots,
				&eventsv1.Slot{From: timestamppb.New(from), To: timestamppb.New(to)})
		case hasFrom != hasTo:
			row.Problems = append(row.Problems, fmt.Sprintf("callbackSlots[%d]: one of %s is missing", i, label([]string{s.from.place, s.to.place})))
		}
	}
}

// moment reads the latest moment of a place; false when there is none, or no right one.
func (m *Mapping) moment(row *Row, at *moment, read reader) (latest time.Time, found bool) {
	for _, s := range read(at.place) {
		if s == "" {
			continue
		}
		t, ok := at.parse(s)
		if !ok {
			row.problem([]string{at.place}, at.misses(s, m.shown(s)))
			return time.Time{}, false
		}
		if !found || t.After(latest) {
			latest, found = t, true
		}
	}
	return latest, found
}
