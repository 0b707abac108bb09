package strictjson

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// skip walks over the next value without keeping any of it.
func (d *decoder) skip() error {
	base := d.json.StackDepth()
	for {
		switch d.json.PeekKind() {
		case '{', '[':
			if d.json.StackDepth() >= MaxDepth {
				return d.tooDeep()
			}
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
	if name, ok := jsonNames[got]; ok {
		d.report("must be " + want + ", not " + name)
	}
	return d.skip() // a kind without a name is a syntax error, which skip finds
}

var jsonNames = map[jsontext.Kind]string{
	'n': "null", 't': "true", 'f': "false", '"': "a string", '0': "a number", '{': "an object", '[': "an array",
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
