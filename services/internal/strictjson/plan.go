package strictjson

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxFields bounds the fields of a message: the set of those seen is an array.
const maxFields = 256

// plan is what decoding a message needs to know of its descriptor, worked out
// once.
type plan struct {
	fields map[string]*field // by JSON name and by proto name
	names  []string          // JSON names, for suggestions
	wkt    protoreflect.FullName
}

// field is what decoding a field needs to know.
type field struct {
	desc  protoreflect.FieldDescriptor
	name  string // JSON name
	place int    // index in the message
	oneof int    // index of a real oneof, or -1
	value *valuePlan
	key   *valuePlan // of a map
	shape shape
}

type shape uint8

const (
	single shape = iota
	list
	dict
)

// valuePlan is what decoding one value needs to know.
type valuePlan struct {
	desc    protoreflect.FieldDescriptor
	kind    kind
	enum    protoreflect.EnumDescriptor
	allowed string // the names of the enum
	message atomic.Pointer[plan]
}

// plan is the plan of a message value. It is looked up late: messages may hold
// themselves.
func (v *valuePlan) plan() *plan {
	if p := v.message.Load(); p != nil {
		return p
	}
	p := planOf(v.desc.Message())
	v.message.Store(p)
	return p
}

func (v *valuePlan) isMessage() bool {
	return v.kind.family == message
}

var plans sync.Map // protoreflect.MessageDescriptor -> *plan

func planOf(md protoreflect.MessageDescriptor) *plan {
	if p, ok := plans.Load(md); ok {
		return p.(*plan)
	}
	p, _ := plans.LoadOrStore(md, newPlan(md))
	return p.(*plan)
}

func newPlan(md protoreflect.MessageDescriptor) *plan {
	fds := md.Fields()
	if fds.Len() > maxFields {
		panic(fmt.Sprintf("strictjson: %s has more than %d fields", md.FullName(), maxFields))
	}
	p := &plan{fields: make(map[string]*field, 2*fds.Len())}
	if md.FullName().Parent() == "google.protobuf" {
		p.wkt = md.FullName()
	}
	for i := range fds.Len() {
		f := newField(fds.Get(i))
		p.names = append(p.names, f.name)
		p.fields[f.desc.TextName()] = f
	}
	// A JSON name wins over another field's proto name, as in protojson.
	for i := range fds.Len() {
		f := p.fields[fds.Get(i).TextName()]
		if f.place == i {
			p.fields[f.name] = f
		}
	}
	return p
}

func newField(fd protoreflect.FieldDescriptor) *field {
	f := &field{desc: fd, name: fd.JSONName(), place: fd.Index(), oneof: -1}
	if o := fd.ContainingOneof(); o != nil && !o.IsSynthetic() {
		f.oneof = o.Index()
	}
	switch {
	case fd.IsMap():
		f.shape, f.key, f.value = dict, newValue(fd.MapKey()), newValue(fd.MapValue())
	case fd.IsList():
		f.shape, f.value = list, newValue(fd)
	default:
		f.value = newValue(fd)
	}
	return f
}

func newValue(fd protoreflect.FieldDescriptor) *valuePlan {
	v := &valuePlan{desc: fd, kind: kinds[fd.Kind()], enum: fd.Enum()}
	if v.enum != nil {
		var names []string
		vs := v.enum.Values()
		for i := range vs.Len() {
			if name := string(vs.Get(i).Name()); !strings.HasSuffix(name, "_UNSPECIFIED") {
				names = append(names, name)
			}
		}
		v.allowed = strings.Join(names, ", ")
	}
	return v
}

// bits is the set of fields seen in one object.
type bits [maxFields / 64]uint64

// add reports whether i is new to the set.
func (b *bits) add(i int) bool {
	word, bit := &b[i/64], uint64(1)<<(i%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
