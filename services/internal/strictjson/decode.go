package strictjson

import (
	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// value reads a message from whatever stands next.
func (d *decoder) value(m proto.Message) error {
	r := m.ProtoReflect()
	return d.message(r, planOf(r.Descriptor()))
}

// open consumes the beginning of an object or array. When something else stands
// there it is reported and walked over, and ok is false.
func (d *decoder) open(begin jsontext.Kind, want string) (ok bool, err error) {
	if k := d.json.PeekKind(); k != begin {
		return false, d.misplaced(k, want)
	}
	if d.json.StackDepth() >= MaxDepth {
		return false, d.tooDeep()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return false, d.broken(err)
	}
	return true, nil
}

// message reads an object into m, or a well-known type in its own form.
func (d *decoder) message(m protoreflect.Message, p *plan) error {
	if p.wkt != "" {
		return d.wellKnown(m, p.wkt)
	}
	ok, err := d.open('{', "an object")
	if !ok {
		return err
	}
	var seen, oneofs bits
	for d.json.PeekKind() != '}' {
		name, err := d.json.ReadValue()
		if err != nil {
			return d.broken(err)
		}
		f := p.find(name)
		if f == nil {
			if err := d.unknown(name, p); err != nil {
				return err
			}
			continue
		}
		d.path.field(f.name)
		if err := d.member(m, f, &seen, &oneofs); err != nil {
			return err
		}
		d.path.pop()
	}
	return d.end()
}

// find looks a raw name up; a name with escapes is rare and unquoted first.
func (p *plan) find(raw jsontext.Value) *field {
	if f, ok := p.fields[string(raw[1:len(raw)-1])]; ok {
		return f
	}
	for _, c := range raw {
		if c == '\\' {
			if name, err := jsontext.AppendUnquote(nil, raw); err == nil {
				return p.fields[string(name)]
			}
			return nil
		}
	}
	return nil
}

// member reads one known field of an object.
func (d *decoder) member(m protoreflect.Message, f *field, seen, oneofs *bits) error {
	if !seen.add(f.place) {
		d.report("is given more than once")
		return d.skip()
	}
	if d.json.PeekKind() == 'n' { // null is absent
		return d.skip()
	}
	if f.oneof >= 0 && !oneofs.add(f.oneof) {
		d.report("is one of several fields of which only one may be given")
		return d.skip()
	}
	switch f.shape {
	case list:
		return d.list(m, f)
	case dict:
		return d.dict(m, f)
	case single:
	}
	if f.value.isMessage() {
		sub := m.NewField(f.desc)
		before := len(d.found)
		p := f.value.plan()
		err := d.message(sub.Message(), p)
		if err == nil && (len(d.found) == before || p.wkt == "") {
			m.Set(f.desc, sub)
		}
		return err
	}
	v, ok, err := d.scalar(f.value)
	if ok {
		m.Set(f.desc, v)
	}
	return err
}

// list reads an array. An element that is wrong leaves an empty one, so that the
// others keep their indices.
func (d *decoder) list(m protoreflect.Message, f *field) error {
	ok, err := d.open('[', "an array")
	if !ok {
		return err
	}
	l := m.Mutable(f.desc).List()
	for i := 0; d.json.PeekKind() != ']'; i++ {
		d.path.index(i)
		if f.value.isMessage() {
			v := l.NewElement()
			l.Append(v)
			err = d.message(v.Message(), f.value.plan())
		} else {
			var v protoreflect.Value
			var ok bool
			if v, ok, err = d.scalar(f.value); !ok {
				v = l.NewElement()
			}
			l.Append(v)
		}
		if err != nil {
			return err
		}
		d.path.pop()
	}
	return d.end()
}

// dict reads an object into a map.
func (d *decoder) dict(m protoreflect.Message, f *field) error {
	ok, err := d.open('{', "an object")
	if !ok {
		return err
	}
	entries := m.Mutable(f.desc).Map()
	for d.json.PeekKind() != '}' {
		raw, err := d.json.ReadValue()
		if err != nil {
			return d.broken(err)
		}
		if err := d.entry(entries, f, raw); err != nil {
			return err
		}
	}
	return d.end()
}

func (d *decoder) entry(entries protoreflect.Map, f *field, raw jsontext.Value) error {
	name, problem := d.unquote(raw)
	d.path.field(Showable(name))
	defer d.path.pop()
	key, ok := mapKey(f.key.kind, name)
	switch {
	case problem != "":
		d.report("its name " + problem)
		return d.skip()
	case !ok:
		d.report("its name must be " + f.key.kind.describe())
		return d.skip()
	case entries.Has(key):
		d.report("is given more than once")
		return d.skip()
	}
	if f.value.isMessage() {
		v := entries.NewValue()
		entries.Set(key, v)
		return d.message(v.Message(), f.value.plan())
	}
	v, ok, err := d.scalar(f.value)
	if !ok {
		v = entries.NewValue() // so that a second one is known for a second one
	}
	entries.Set(key, v)
	return err
}

// end consumes the end of an object or array.
func (d *decoder) end() error {
	if _, err := d.json.ReadToken(); err != nil {
		return d.broken(err)
	}
	return nil
}
