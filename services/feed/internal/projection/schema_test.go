package projection

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/rappel-loop/rappel/proto/feedevent"
)

type object = map[string]any

// schemaOf is the JSON Schema of a type of data, made of its fields and their tags.
func schemaOf[T any](name feedevent.Schema) object {
	s := structSchema(reflect.TypeFor[T]())
	s["$schema"], s["$id"] = "https://json-schema.org/draft/2020-12/schema", name.URI()
	return s
}

func structSchema(t reflect.Type) object {
	properties, required := object{}, []any{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := typeSchema(f.Type, f.Tag.Get("enum"))
		if doc := f.Tag.Get("doc"); doc != "" {
			p["description"] = doc
		} else {
			panic(t.String() + "." + f.Name + " has no description")
		}
		properties[name] = p
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	s := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func typeSchema(t reflect.Type, enum string) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return typeSchema(t.Elem(), enum)
	case t.Kind() == reflect.Struct:
		return structSchema(t)
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": typeSchema(t.Elem(), enum)}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "additionalProperties": object{"type": "string"}}
	case t.Kind() == reflect.Float64:
		return object{"type": "number"}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() != reflect.String:
		return object{"type": "integer"}
	case enum != "":
		return object{"type": "string", "examples": valuesOf(enum)}
	default:
		return object{"type": "string"}
	}
}

// valuesOf are an enumeration's of package events. They are examples: values are added.
func valuesOf(name string) []any {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("rappel.events.v1." + name))
	if err != nil {
		panic(err)
	}
	var all []any
	values := d.(protoreflect.EnumDescriptor).Values()
	for i := 1; i < values.Len(); i++ {
		all = append(all, string(values.Get(i).Name()))
	}
	return all
}

// conforms checks data with a schema of ours, strictly: nothing beside it either.
func conforms(t *testing.T, path string, s object, data any) {
	t.Helper()
	switch s["type"] {
	case "object":
		fields, ok := data.(object)
		require.True(t, ok, path)
		properties, _ := s["properties"].(object)
		for name, v := range fields {
			if more, ok := s["additionalProperties"].(object); ok {
				conforms(t, path+"."+name, more, v)
				continue
			}
			require.Contains(t, properties, name, path)
			conforms(t, path+"."+name, properties[name].(object), v)
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			require.Contains(t, fields, name, path)
		}
	case "array":
		list, ok := data.([]any)
		require.True(t, ok, path)
		for _, v := range list {
			conforms(t, path+"[]", s["items"].(object), v)
		}
	case "string":
		text, ok := data.(string)
		require.True(t, ok, path)
		if values, ok := s["examples"].([]any); ok {
			require.True(t, slices.Contains(values, any(text)), "%s: %s", path, text)
		}
		if s["format"] == "date-time" {
			_, err := time.Parse(time.RFC3339Nano, text)
			require.NoError(t, err, path)
		}
	case "number", "integer":
		require.IsType(t, 0.0, data, path)
	case "boolean":
		require.IsType(t, true, data, path)
	default:
		require.Fail(t, path)
	}
}
