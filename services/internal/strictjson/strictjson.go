// Package strictjson decodes JSON into protobuf messages for people who get it
// wrong: it names everything that is wrong in one pass, each with its path.
//
// It reads the JSON mapping of protobuf: names in lowerCamelCase or as in the
// .proto file, null as absent, 64-bit integers also as strings, enums by name or
// number, Timestamp, Duration and the wrappers in their own form. It refuses
// what protojson lets pass and nobody means: numbers that are not finite, enum
// numbers that have no name, NUL in a string, times that only resemble RFC 3339,
// integers written as fractions that a double cannot hold, and more than 32
// levels. Any, Struct and FieldMask have no place in a request here and are
// refused by name.
//
// Cost. Time is linear in the input, memory in what is kept of it; unknown and
// misplaced values are walked over, never built. No problem repeats a value: a
// value may be personal.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"
)

// MaxDepth is how deep objects and arrays may be nested.
const MaxDepth = 32

// DefaultLimit is how many violations are listed unless Options say otherwise.
const DefaultLimit = 50

// Violation names one wrong place. Path is a JSON path in lowerCamelCase, as
// answers[1].value; it is empty when the whole text is meant. Problem is one
// sentence without a value of the input.
type Violation struct{ Path, Problem string }

// Options bound a decoding.
type Options struct {
	// Limit is how many violations are listed, a last one says that there are
	// more; 0 is DefaultLimit.
	Limit int
}

// errBroken ends a decoding whose rest cannot be read; the violation is listed.
var errBroken = errors.New("strictjson: broken")

// Decode reads one JSON object into m, which should be empty, and returns
// everything that is wrong, in the order of the text; nil means that m is whole.
// What could be read is in m either way, and lists keep their indices.
func Decode(data []byte, m proto.Message, o Options) []Violation {
	d := acquire(data, o)
	defer d.release()
	d.top(func() error { return d.value(m) })
	return d.finish()
}

// decoder is the state of one decoding.
type decoder struct {
	json    *jsontext.Decoder
	input   bytes.Buffer
	path    path
	limit   int
	found   []Violation
	dropped bool
	scratch []byte
}

var decoders sync.Pool

// lenient leaves to us what jsontext would stop at.
var lenient = jsontext.AllowDuplicateNames(true)

func acquire(data []byte, o Options) *decoder {
	d, ok := decoders.Get().(*decoder)
	if !ok {
		d = &decoder{json: new(jsontext.Decoder)}
	}
	d.input = *bytes.NewBuffer(data)
	d.json.Reset(&d.input, lenient, jsontext.AllowInvalidUTF8(true))
	d.path, d.found, d.dropped = d.path[:0], nil, false
	if d.limit = o.Limit; d.limit <= 0 {
		d.limit = DefaultLimit
	}
	return d
}

func (d *decoder) release() {
	d.input = bytes.Buffer{}
	d.json.Reset(&d.input)
	clear(d.path[:cap(d.path)])
	d.found = nil
	if cap(d.scratch) > 64<<10 {
		d.scratch = nil
	}
	decoders.Put(d)
}

// top reads the one value of the text with read, and what must not follow it.
func (d *decoder) top(read func() error) {
	if err := read(); err != nil {
		return
	}
	switch _, err := d.json.ReadToken(); {
	case errors.Is(err, io.EOF):
	case err == nil:
		d.path = d.path[:0]
		d.report(fmt.Sprintf("something follows the JSON value, at byte %d", d.json.InputOffset()))
	default:
		_ = d.broken(err)
	}
}

// broken lists a syntax error and ends the decoding.
func (d *decoder) broken(err error) error {
	if errors.Is(err, errBroken) {
		return err
	}
	problem := fmt.Sprintf("not valid JSON at byte %d", d.json.InputOffset())
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF):
		problem = "the text is empty, a JSON object is expected"
	case errors.Is(err, io.ErrUnexpectedEOF):
		problem = "not valid JSON: the text ends too early"
	case errors.As(err, &syntax):
		problem = fmt.Sprintf("not valid JSON at byte %d", syntax.ByteOffset)
	}
	d.found = append(d.found, Violation{Problem: problem}) // the whole text is meant
	return errBroken
}

// report lists a violation at the present path, as long as there is room.
func (d *decoder) report(problem string) {
	if len(d.found) >= d.limit {
		d.dropped = true
		return
	}
	d.must(problem)
}

// full says that a further violation need not be worked out.
func (d *decoder) full() bool {
	if len(d.found) >= d.limit {
		d.dropped = true
	}
	return d.dropped
}

func (d *decoder) must(problem string) {
	d.found = append(d.found, Violation{Path: d.path.String(), Problem: problem})
}

func (d *decoder) finish() []Violation {
	if d.dropped {
		d.found = append(d.found, Violation{Problem: fmt.Sprintf("there are more problems; only the first %d are listed", d.limit)})
	}
	return d.found
}
