package strictjson

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// skip walks over the next value without keeping any of it.
func (d *decoder) skip() error {
	base := d.json.StackDepth()
	for {
		if k := d.json.PeekKind(); (k == '{' || k == '[') && d.json.StackDepth() >= MaxDepth {
			return d.tooDeep()
		}
		if _, err := d.json.ReadToken(); err != nil {
			return d.broken(err)
		}
		if d.json.StackDepth() <= base {
			return nil
		}
	}
}

// tooDeep ends the decoding: there may be a million levels more.
func (d *decoder) tooDeep() error {
	d.must(fmt.Sprintf("is nested deeper than %d levels", MaxDepth))
	return errBroken
}

// misplaced reports a value of the wrong type and walks over it.
func (d *decoder) misplaced(got jsontext.Kind, want string) error {
	name := nameOf(got)
	if name == "" {
		return d.skip() // a syntax error, which skip finds
	}
	problem := "must be " + want + ", not " + name
	if got == jsontext.KindBeginObject || got == jsontext.KindBeginArray {
		d.report(problem)
		return d.skip()
	}
	err := d.skip() // what begins like a null may be none
	if err == nil {
		d.report(problem)
	}
	return err
}

func nameOf(k jsontext.Kind) string {
	switch k {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue:
		return "true"
	case jsontext.KindFalse:
		return "false"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginObject:
		return "an object"
	case jsontext.KindBeginArray:
		return "an array"
	case jsontext.KindInvalid, jsontext.KindEndObject, jsontext.KindEndArray:
	}
	return ""
}

// unknown reports a field that the message does not have and walks over it.
func (d *decoder) unknown(raw jsontext.Value, p *plan) error {
	if d.full() {
		return d.skip()
	}
	name, problem := d.unquote(raw)
	d.path.field(Showable(name))
	switch near := p.nearest(name); {
	case problem != "":
		d.report("unknown field; its name " + problem)
	case near != "":
		d.report("unknown field; did you mean " + near + "?")
	default:
		d.report("unknown field")
	}
	err := d.skip()
	if err == nil {
		d.path.pop()
	}
	return err
}
