package strictjson

import (
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	timestampName protoreflect.FullName = "google.protobuf.Timestamp"
	durationName  protoreflect.FullName = "google.protobuf.Duration"
)

// maxDurationSeconds is protobuf's own bound, about 10,000 years.
const maxDurationSeconds = 315_576_000_000

var wrappers = map[protoreflect.FullName]bool{
	"google.protobuf.BoolValue": true, "google.protobuf.StringValue": true, "google.protobuf.BytesValue": true,
	"google.protobuf.DoubleValue": true, "google.protobuf.FloatValue": true,
	"google.protobuf.Int32Value": true, "google.protobuf.Int64Value": true,
	"google.protobuf.UInt32Value": true, "google.protobuf.UInt64Value": true,
}

// wellKnown reads a message that JSON writes in a form of its own.
func (d *decoder) wellKnown(m protoreflect.Message, name protoreflect.FullName) error {
	switch {
	case name == timestampName:
		return d.seconds(m, "a time in RFC 3339, as 2026-11-20T09:30:00Z", parseTime)
	case name == durationName:
		return d.seconds(m, "a duration in seconds, as 90s or 1.5s", parseDuration)
	case wrappers[name]:
		fd := m.Descriptor().Fields().ByNumber(1)
		v, ok, err := d.scalar(planOf(m.Descriptor()).fields["value"].value)
		if ok {
			m.Set(fd, v)
		}
		return err
	}
	d.report("cannot be given in JSON")
	return d.skip()
}

// seconds reads the string form of a Timestamp or a Duration.
func (d *decoder) seconds(m protoreflect.Message, want string, parse func(string) (int64, int32, bool)) error {
	if k := d.json.PeekKind(); k != '"' {
		return d.misplaced(k, want)
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return d.broken(err)
	}
	s, problem := d.unquote(raw)
	if problem != "" {
		d.report(problem)
		return nil
	}
	sec, nanos, ok := parse(s)
	if !ok {
		d.report("must be " + want)
		return nil
	}
	fields := m.Descriptor().Fields()
	if sec != 0 {
		m.Set(fields.ByNumber(1), protoreflect.ValueOfInt64(sec))
	}
	if nanos != 0 {
		m.Set(fields.ByNumber(2), protoreflect.ValueOfInt32(nanos))
	}
	return nil
}

// parseTime is RFC 3339 to the letter, years 1 to 9999 in UTC. The library alone
// lets one-digit hours and decimal commas pass.
func parseTime(s string) (int64, int32, bool) {
	const least = len("2006-01-02T15:04:05Z")
	if len(s) < least || len(s) > len("2006-01-02T15:04:05.999999999+07:00") || s[13] != ':' || s[16] != ':' {
		return 0, 0, false
	}
	if s[19] == ',' {
		return 0, 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, 0, false
	}
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return 0, 0, false
	}
	// Fractions finer than a nanosecond would be cut in silence.
	if dot := strings.IndexByte(s, '.'); dot >= 0 {
		if digits := strings.IndexAny(s[dot+1:], "Z+-"); digits > 9 {
			return 0, 0, false
		}
	}
	return t.Unix(), int32(t.Nanosecond()), true
}

// parseDuration is -?digits[.1 to 9 digits]s.
func parseDuration(s string) (int64, int32, bool) {
	s, ok := strings.CutSuffix(s, "s")
	if !ok {
		return 0, 0, false
	}
	s, negative := strings.CutPrefix(s, "-")
	intPart, frac, point := strings.Cut(s, ".")
	if !isDigits(intPart, 12) || len(intPart) > 1 && intPart[0] == '0' || point && !isDigits(frac, 9) {
		return 0, 0, false
	}
	sec, _ := strconv.ParseInt(intPart, 10, 64)
	nanos, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 32)
	if sec > maxDurationSeconds || sec == maxDurationSeconds && nanos > 0 {
		return 0, 0, false
	}
	if negative {
		sec, nanos = -sec, -nanos
	}
	return sec, int32(nanos), true
}

func isDigits(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
