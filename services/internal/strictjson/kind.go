package strictjson

import (
	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// family is what kinds have in common in JSON.
type family uint8

const (
	text family = iota
	binary
	truth
	enumerated
	floating
	signed
	unsigned
	message
)

// kind is a family and, for numbers, the size in bits.
type kind struct {
	family family
	bits   int
}

var kinds = map[protoreflect.Kind]kind{
	protoreflect.StringKind:   {text, 0},
	protoreflect.BytesKind:    {binary, 0},
	protoreflect.BoolKind:     {truth, 0},
	protoreflect.EnumKind:     {enumerated, 0},
	protoreflect.DoubleKind:   {floating, 64},
	protoreflect.FloatKind:    {floating, 32},
	protoreflect.Int32Kind:    {signed, 32},
	protoreflect.Sint32Kind:   {signed, 32},
	protoreflect.Sfixed32Kind: {signed, 32},
	protoreflect.Int64Kind:    {signed, 64},
	protoreflect.Sint64Kind:   {signed, 64},
	protoreflect.Sfixed64Kind: {signed, 64},
	protoreflect.Uint32Kind:   {unsigned, 32},
	protoreflect.Fixed32Kind:  {unsigned, 32},
	protoreflect.Uint64Kind:   {unsigned, 64},
	protoreflect.Fixed64Kind:  {unsigned, 64},
	protoreflect.MessageKind:  {message, 0},
	protoreflect.GroupKind:    {message, 0},
}

// describe is what a person is told to write.
func (k kind) describe() string {
	switch k.family {
	case text:
		return "a string"
	case binary:
		return "a string in base64"
	case truth:
		return "true or false"
	case enumerated:
		return "a name"
	case floating:
		return "a number"
	case signed, unsigned:
		return "a whole number"
	case message:
		return "an object"
	}
	return ""
}

// takes says which JSON types a value may be written as.
func (k kind) takes(j jsontext.Kind) bool {
	switch k.family {
	case text, binary:
		return j == '"'
	case truth:
		return j == 't' || j == 'f'
	case enumerated, floating, signed, unsigned:
		return j == '0' || j == '"'
	case message:
		return j == '{'
	}
	return false
}
