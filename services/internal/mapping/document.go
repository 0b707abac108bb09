package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/ohler55/ojg/jp"
)

// maxDepth bounds how deep a body may be nested.
const maxDepth = 64

// Document reads a JSON text for Body.Map. Its error says where the text is wrong and
// repeats nothing of it. Members keep their order, so that a path with a wildcard finds
// the same each time; of two with one name the last counts.
func Document(data []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
	v, err := readValue(d, 0)
	if err == nil {
		if _, more := d.ReadToken(); !errors.Is(more, io.EOF) {
			err = errors.New("something stands behind it")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the body is no JSON text (at byte %d of %d)", d.InputOffset(), len(data))
	}
	return v, nil
}

// Object makes a document of named documents, in order: name, document, and so on.
func Object(pairs ...any) any {
	o := &object{values: map[string]any{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := pairs[i].(string); ok {
			o.put(name, pairs[i+1])
		}
	}
	return o
}

var errDepth = errors.New("nested too deep")

func readValue(d *jsontext.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case '{':
		return readObject(d, depth)
	case '[':
		list := []any{}
		for d.PeekKind() != ']' {
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.ReadToken()
		return list, err
	case '"':
		return t.String(), nil
	case 't', 'f':
		return t.Bool(), nil
	case '0':
		return number(t.String()), nil
	default:
		return nil, nil
	}
}

func readObject(d *jsontext.Decoder, depth int) (any, error) {
	o := &object{values: map[string]any{}}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		v, err := readValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o.put(key, v)
	}
	_, err := d.ReadToken()
	return o, err
}

// number keeps whole numbers whole: they may be ids.
func number(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && len(s) < 32 {
		return f
	}
	return s
}

// appendTexts adds what a value says in words.
func appendTexts(texts []string, v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			texts = append(texts, v)
		}
	case bool:
		texts = append(texts, strconv.FormatBool(v))
	case int64:
		texts = append(texts, strconv.FormatInt(v, 10))
	case float64:
		texts = append(texts, strconv.FormatFloat(v, 'f', -1, 64))
	case []any:
		for _, e := range v {
			if _, nested := e.([]any); !nested {
				texts = appendTexts(texts, e)
			}
		}
	}
	return texts
}

// object is a JSON object that keeps the order of its members.
type object struct {
	names  []string
	values map[string]any
}

var _ jp.Keyed = (*object)(nil)

func (o *object) put(name string, v any) {
	if _, has := o.values[name]; !has {
		o.names = append(o.names, name)
	}
	o.values[name] = v
}

// ValueForKey returns a member.
func (o *object) ValueForKey(name string) (any, bool) { v, has := o.values[name]; return v, has }

// Keys are the members' names, in the text's order.
func (o *object) Keys() []string { return o.names }

// SetValueForKey does nothing: documents are read.
func (o *object) SetValueForKey(string, any) {}

// RemoveValueForKey does nothing.
func (o *object) RemoveValueForKey(string) {}

// Leaf is one value of a document, with the path that leads to it.
type Leaf struct{ Path, Text string }

// Leaves are the values of a document, in its order.
func Leaves(document any) []Leaf { return leaves(nil, "", document) }

func leaves(all []Leaf, path string, v any) []Leaf {
	switch v := v.(type) {
	case *object:
		for _, name := range v.names {
			all = leaves(all, member(path, name), v.values[name])
		}
	case []any:
		for i, e := range v {
			all = leaves(all, path+"["+strconv.Itoa(i)+"]", e)
		}
	default:
		if texts := appendTexts(nil, v); len(texts) > 0 {
			all = append(all, Leaf{path, texts[0]})
		}
	}
	return all
}

// member writes the path of an object's member.
func member(path, name string) string {
	plain := name != "" && (name[0] < '0' || name[0] > '9')
	for _, c := range name {
		plain = plain && (c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
	}
	switch {
	case !plain:
		name = strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name)
		if path == "" {
			path = "$"
		}
		return path + "['" + name + "']"
	case path == "":
		return name
	default:
		return path + "." + name
	}
}
