package strictjson

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// Row is one element of a batch: whole when it has no violations. Their paths
// begin at the row.
type Row struct {
	Message    proto.Message
	Violations []Violation
}

// RowsOptions say what a batch looks like.
type RowsOptions struct {
	// Field is the one field of the batch: an array of rows.
	Field string
	// New makes an empty message for a row.
	New func() proto.Message
	// Max is how many rows there may be; there must be one.
	Max int
	// Options hold for each row by itself.
	Options
}

// DecodeRows reads {"<field>": [row, …]} row by row: a bad row is named and the
// others stand. Only what is wrong with the batch itself refuses it whole:
// broken JSON, an unknown or repeated field, no row, or more than o.Max.
func DecodeRows(data []byte, o RowsOptions) ([]Row, []Violation) {
	d := acquire(data, o.Options)
	defer d.release()
	b := batch{decoder: d, o: o}
	d.top(b.object)
	if found := d.finish(); len(found) > 0 {
		return nil, found
	}
	return b.rows, nil
}

type batch struct {
	*decoder
	o    RowsOptions
	rows []Row
}

func (b *batch) object() error {
	ok, err := b.open('{', "an object with the field "+b.o.Field)
	if !ok {
		return err
	}
	p := &plan{names: []string{b.o.Field}, fields: map[string]*field{b.o.Field: {}}}
	given := false
	for b.json.PeekKind() != '}' {
		name, err := b.json.ReadValue()
		if err != nil {
			return b.broken(err)
		}
		if p.find(name) == nil {
			if err := b.unknown(name, p); err != nil {
				return err
			}
			continue
		}
		b.path.field(b.o.Field)
		if given {
			b.report("is given more than once")
			return errBroken
		}
		given = true
		if err := b.array(); err != nil {
			return err
		}
		b.path.pop()
	}
	if len(b.rows) == 0 && len(b.found) == 0 {
		b.path.field(b.o.Field)
		b.report(fmt.Sprintf("is required: an array of 1 to %d rows", b.o.Max))
		b.path.pop()
	}
	return b.end()
}

func (b *batch) array() error {
	if b.json.PeekKind() == 'n' {
		return b.skip()
	}
	ok, err := b.open('[', "an array")
	if !ok {
		return err
	}
	for b.json.PeekKind() != ']' {
		if len(b.rows) == b.o.Max {
			b.must(fmt.Sprintf("has more than %d rows; send several batches", b.o.Max))
			return errBroken
		}
		if err := b.row(); err != nil {
			return err
		}
	}
	return b.end()
}

// row decodes one element with a path and a list of violations of its own. What
// ends the decoding ends the batch, with the row's place in the path.
func (b *batch) row() error {
	outer, found, dropped := b.path, b.found, b.dropped
	b.path, b.found, b.dropped = make(path, 0, 4), nil, false
	r := Row{Message: b.o.New()}
	err := b.value(r.Message)
	if err != nil {
		last := b.found[len(b.found)-1]
		b.path, b.found, b.dropped = outer, found, dropped
		b.path.index(len(b.rows))
		b.found = append(b.found, Violation{Path: b.path.String() + join(last.Path), Problem: last.Problem})
		return err
	}
	r.Violations = b.finish()
	b.path, b.found, b.dropped = outer, found, dropped
	b.rows = append(b.rows, r)
	return nil
}

func join(p string) string {
	if p == "" {
		return ""
	}
	return "." + p
}
