package strictjson

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// scalar reads one value that is no message. ok is false when it is wrong, which
// has been reported.
func (d *decoder) scalar(p *valuePlan) (v protoreflect.Value, ok bool, err error) {
	given := d.json.PeekKind()
	if !p.kind.takes(given) {
		return v, false, d.misplaced(given, p.wanted())
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return v, false, d.broken(err)
	}
	switch p.kind.family {
	case text:
		s, problem := d.unquote(raw)
		return d.checked(protoreflect.ValueOfString(s), problem)
	case truth:
		return protoreflect.ValueOfBool(given == 't'), true, nil
	case enumerated:
		return d.checked(p.enumValue(raw, given))
	case binary:
		s, problem := d.unquote(raw)
		if problem != "" {
			return d.checked(v, problem)
		}
		return d.checked(bytesValue(s))
	case floating, signed, unsigned, message:
	}
	if given == '"' {
		if raw, ok = d.quotedNumber(raw); !ok {
			return d.checked(v, "must be a number")
		}
	}
	return d.checked(numberValue(p.kind, raw))
}

func (d *decoder) checked(v protoreflect.Value, problem string) (protoreflect.Value, bool, error) {
	if problem != "" {
		d.report(problem)
		return v, false, nil
	}
	return v, true, nil
}

func (v *valuePlan) wanted() string {
	if v.enum != nil {
		return "one of " + v.allowed
	}
	return v.kind.describe()
}

// unquote returns what a raw JSON string says, and what is wrong with it.
func (d *decoder) unquote(raw jsontext.Value) (s, problem string) {
	body := raw[1 : len(raw)-1]
	if bytes.IndexByte(body, '\\') < 0 {
		if !utf8.Valid(body) {
			return "", invalidUTF8
		}
		return string(body), "" // a raw NUL is a syntax error
	}
	var err error
	if d.scratch, err = jsontext.AppendUnquote(d.scratch[:0], raw); err != nil {
		return "", invalidUTF8
	}
	if bytes.IndexByte(d.scratch, 0) >= 0 {
		return "", "contains a NUL character"
	}
	return string(d.scratch), ""
}

const invalidUTF8 = "is not valid UTF-8"

// enumValue takes a name or a number that has one.
func (v *valuePlan) enumValue(raw jsontext.Value, given jsontext.Kind) (protoreflect.Value, string) {
	var found protoreflect.EnumValueDescriptor
	if given == '"' {
		found = v.enum.Values().ByName(protoreflect.Name(raw[1 : len(raw)-1]))
	} else if n, err := strconv.ParseInt(string(raw), 10, 32); err == nil {
		found = v.enum.Values().ByNumber(protoreflect.EnumNumber(n))
	}
	if found == nil {
		return protoreflect.Value{}, "must be one of " + v.allowed
	}
	return protoreflect.ValueOfEnum(found.Number()), ""
}

func bytesValue(s string) (protoreflect.Value, string) {
	enc := base64.StdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.URLEncoding
	}
	if len(s)%4 != 0 {
		enc = enc.WithPadding(base64.NoPadding)
	}
	b, err := enc.DecodeString(s)
	if err != nil {
		return protoreflect.Value{}, "must be a string in base64"
	}
	return protoreflect.ValueOfBytes(b), ""
}

// quotedNumber returns the number inside a string, when it is one in JSON's
// grammar and nothing else.
func (d *decoder) quotedNumber(raw jsontext.Value) (jsontext.Value, bool) {
	s, problem := d.unquote(raw)
	if problem != "" || s == "" || s[0] <= ' ' || s[len(s)-1] <= ' ' {
		return nil, false
	}
	v := jsontext.Value(s)
	return v, v.Kind() == '0' && v.IsValid()
}

func numberValue(k kind, raw jsontext.Value) (v protoreflect.Value, problem string) {
	wide := k.bits == 64
	if k.family == floating {
		f, ok := float(raw, k.bits)
		if wide {
			return protoreflect.ValueOfFloat64(f), unless(ok, outOfRange)
		}
		return protoreflect.ValueOfFloat32(float32(f)), unless(ok, outOfRange)
	}
	if k.family == unsigned {
		n, problem := parseUnsigned(raw, k.bits)
		if wide {
			return protoreflect.ValueOfUint64(n), problem
		}
		return protoreflect.ValueOfUint32(uint32(n)), problem
	}
	n, problem := parseSigned(raw, k.bits)
	if wide {
		return protoreflect.ValueOfInt64(n), problem
	}
	return protoreflect.ValueOfInt32(int32(n)), problem
}

const outOfRange = "is a number out of range"

func unless(ok bool, problem string) string {
	if ok {
		return ""
	}
	return problem
}

// float reads a JSON number; a few digits, which most are, without a detour.
func float(raw []byte, size int) (float64, bool) {
	if len(raw) <= 9 {
		n := 0
		for _, c := range raw {
			if c < '0' || c > '9' {
				n = -1
				break
			}
			n = n*10 + int(c-'0')
		}
		if n >= 0 && (size == 64 || n < 1<<24) {
			return float64(n), true
		}
	}
	f, err := strconv.ParseFloat(string(raw), size)
	return f, err == nil && !math.IsInf(f, 0)
}

func parseSigned(raw []byte, size int) (int64, string) {
	if n, err := strconv.ParseInt(string(raw), 10, size); err == nil {
		return n, ""
	}
	f, problem := integral(raw)
	if problem == "" && (f < -math.Ldexp(1, size-1) || f >= math.Ldexp(1, size-1)) {
		problem = outOfRange
	}
	return int64(f), problem
}

func parseUnsigned(raw []byte, size int) (uint64, string) {
	if n, err := strconv.ParseUint(string(raw), 10, size); err == nil {
		return n, ""
	}
	f, problem := integral(raw)
	if problem == "" && (f < 0 || f >= math.Ldexp(1, size)) {
		problem = outOfRange
	}
	return uint64(max(f, 0)), problem
}

// integral reads a whole number written as 1.0 or 1e3. Beyond what a double holds
// exactly, only digits will do.
func integral(raw []byte) (float64, string) {
	f, ok := float(raw, 64)
	switch {
	case !ok:
		return 0, outOfRange
	case f != math.Trunc(f):
		return 0, "must be a whole number"
	case math.Abs(f) >= 1<<53:
		return 0, outOfRange
	}
	return f, ""
}

func mapKey(k kind, name string) (protoreflect.MapKey, bool) {
	if k.family == text {
		return protoreflect.ValueOfString(name).MapKey(), true
	}
	if k.family == truth {
		return protoreflect.ValueOfBool(name == "true").MapKey(), name == "true" || name == "false"
	}
	if strings.Trim(name, "-0123456789") != "" || name == "" {
		return protoreflect.MapKey{}, false
	}
	v, problem := numberValue(k, jsontext.Value(name))
	return v.MapKey(), problem == ""
}
