package compat_test

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// fill sets every field of a message, and of those in it, to a value that is no
// default and tells where it belongs.
func fill(m protoreflect.Message, seed int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case fd.IsMap():
			entries := m.Mutable(fd).Map()
			key := value(nil, fd.MapKey(), seed)
			entries.Set(key.MapKey(), value(entries, fd.MapValue(), seed))
		case fd.IsList():
			list := m.Mutable(fd).List()
			for n := range 2 {
				list.Append(value(list, fd, seed+n))
			}
		default:
			m.Set(fd, value(m, fd, seed))
		}
	}
}

func value(in any, fd protoreflect.FieldDescriptor, seed int) protoreflect.Value {
	n := int(fd.Number())*10 + seed
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		v := empty(in, fd)
		fillKnown(v.Message(), n)
		return v
	case protoreflect.EnumKind:
		values := fd.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(1 + n%(values.Len()-1)).Number())
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(fmt.Sprintf("%s é %d", fd.Name(), n))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte{0, 0xff, byte(n)})
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(n) + 0.5)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(-n))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(math.MaxUint32 - uint32(n))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(math.MinInt64 + int64(n))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(math.MaxUint64 - uint64(n))
	default:
		panic(fmt.Sprintf("%s: fill cannot make a %s yet", fd.FullName(), fd.Kind()))
	}
}

func empty(in any, fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch in := in.(type) {
	case protoreflect.List:
		return in.NewElement()
	case protoreflect.Map:
		return in.NewValue()
	case protoreflect.Message:
		return in.NewField(fd)
	}
	panic("fill: no message in a map's key")
}

// fillKnown keeps Timestamps and Durations within their ranges.
func fillKnown(m protoreflect.Message, n int) {
	fields := m.Descriptor().Fields()
	switch m.Descriptor().FullName() {
	case "google.protobuf.Timestamp", "google.protobuf.Duration":
		m.Set(fields.ByName("seconds"), protoreflect.ValueOfInt64(1_700_000_000+int64(n)))
		m.Set(fields.ByName("nanos"), protoreflect.ValueOfInt32(int32(n)))
	default:
		fill(m, n%7)
	}
}
