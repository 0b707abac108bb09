package replay

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// mapped turns the cells of a file's rows into responses.
type mapped struct {
	bound *mapping.Bound
	id    identity
}

// loadMapping reads the mapping, and notes it as part of the file's identity.
func loadMapping(o Options, id *identity) (*mapping.Mapping, error) {
	m, text, err := mapping.Load(o.Mapping)
	if err != nil {
		return nil, mappingError(o.Mapping, err)
	}
	sum := sha256.Sum256(text)
	id.Mapping = sum[:]
	return m, nil
}

// mappingError puts the mapping's name before what is wrong with it.
func mappingError(path string, err error) error {
	var problems mapping.Problems
	if errors.As(err, &problems) {
		return fmt.Errorf("the mapping %s does not fit:\n  %s", path, strings.ReplaceAll(problems.Error(), "\n", "\n  "))
	}
	return fmt.Errorf("the mapping: %w", err)
}

// fill makes of the row's cells what the mapping says.
func (m *mapped) fill(r *row) {
	cells := r.original.cells
	out := m.bound.Map(cells)
	r.skip, r.refuse, r.resp = out.Skip, strings.Join(out.Problems, "; "), out.Response
	if r.resp == nil {
		return
	}
	if r.resp.GetId() == "" {
		r.resp.Id = makeID(m.id, r.line, cells...)
	}
	r.origin = func(field string) string { return m.bound.Origin(out, field) }
}
