// Package matcher picks alerts by their labels, as routes, silences, inhibitions and
// queries do: theme=delivery_time, severity=~"high|critical", team!=care.
//
// Safety. A regular expression is RE2, matches the whole of a label or not at all, and is
// refused when it is large: whatever people write, an alert is matched at a bounded cost.
package matcher

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Bounds of a matcher.
const (
	// maxText is how long one may be as text, in bytes.
	maxText = 1000
	// maxProgram is how many instructions a regular expression may be compiled to: those
	// that are matched by hand have tens.
	maxProgram = 2000
)

// labelName is what a label may be called; rule files are as strict.
var labelName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// Matcher compares one label. The zero Matcher is none that Parse returns, and picks
// nothing. It never changes, and is safe for concurrent use.
type Matcher struct {
	label    string
	operator eventsv1.Matcher_Operator
	value    string
	whole    *regexp.Regexp // of the operators that have one
}

// operators as text; the longer ones are looked for first.
var operators = []struct {
	text string
	is   eventsv1.Matcher_Operator
}{
	{"=~", eventsv1.Matcher_MATCHES},
	{"!~", eventsv1.Matcher_NOT_MATCHES},
	{"!=", eventsv1.Matcher_NOT_EQUAL},
	{"=", eventsv1.Matcher_EQUAL},
}

// Parse reads a matcher: a label, an operator (=, !=, =~ or !~) and a value, which may be
// in double quotes, where \" and \\ and the like stand for what they do in Go. An empty
// value is the label's absence. The error says what is wrong.
func Parse(text string) (Matcher, error) {
	if len(text) > maxText {
		return Matcher{}, fmt.Errorf("is longer than %d bytes", maxText)
	}
	at := strings.IndexAny(text, "=!")
	if at < 0 {
		return Matcher{}, errors.New(`must be a label, one of = != =~ !~, and a value, as severity=~"high|critical"`)
	}
	for _, o := range operators {
		rest, found := strings.CutPrefix(text[at:], o.text)
		if !found {
			continue
		}
		value, err := unquote(strings.TrimSpace(rest))
		if err != nil {
			return Matcher{}, err
		}
		return build(strings.TrimSpace(text[:at]), o.is, value)
	}
	return Matcher{}, errors.New("the operator must be one of = != =~ !~")
}

// ParseAll reads several, which must all pick. The error names the first that is wrong.
func ParseAll(texts []string) (All, error) {
	out := make(All, 0, len(texts))
	for _, text := range texts {
		m, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		out = append(out, m)
	}
	return out, nil
}

func unquote(value string) (string, error) {
	if !strings.HasPrefix(value, `"`) {
		if strings.ContainsAny(value, "\"\n") {
			return "", errors.New(`a value with a quote in it must be in quotes, as label="a \"b\""`)
		}
		return value, nil
	}
	out, err := strconv.Unquote(value)
	if err != nil {
		return "", errors.New("the quotes of the value are wrong: it must end where they do, and a quote or backslash in it needs a backslash before it")
	}
	return out, nil
}

// build makes a matcher of its parts.
func build(label string, operator eventsv1.Matcher_Operator, value string) (Matcher, error) {
	m := Matcher{label: label, operator: operator, value: value}
	switch {
	case !labelName.MatchString(label):
		return Matcher{}, errors.New("the label must be 1 to 64 letters, digits or _, and begin with no digit")
	case !utf8.ValidString(value):
		return Matcher{}, errors.New("the value is no UTF-8")
	case len(value) > maxText:
		return Matcher{}, fmt.Errorf("the value is longer than %d bytes", maxText)
	}
	switch operator {
	case eventsv1.Matcher_EQUAL, eventsv1.Matcher_NOT_EQUAL:
		return m, nil
	case eventsv1.Matcher_MATCHES, eventsv1.Matcher_NOT_MATCHES:
		var err error
		m.whole, err = compile(value)
		return m, err
	default:
		return Matcher{}, errors.New("the operator must be one of = != =~ !~")
	}
}

// compile makes a regular expression that matches the whole, unless its program is large.
func compile(value string) (*regexp.Regexp, error) {
	parsed, err := syntax.Parse(value, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("the regular expression cannot be read: %w", err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fmt.Errorf("the regular expression cannot be read: %w", err)
	}
	if len(program.Inst) > maxProgram {
		return nil, errors.New("the regular expression is too large: repeat less, or list fewer words")
	}
	whole, err := regexp.Compile(`^(?s:` + value + `)$`)
	if err != nil {
		return nil, fmt.Errorf("the regular expression cannot be read: %w", err)
	}
	return whole, nil
}

// Of is the matcher that a document holds. The error says what is wrong with it.
func Of(m *eventsv1.Matcher) (Matcher, error) {
	return build(m.GetLabel(), m.GetOperator(), m.GetValue())
}

// Proto is the matcher as a document holds it.
func (m Matcher) Proto() *eventsv1.Matcher {
	return &eventsv1.Matcher{Label: m.label, Operator: m.operator, Value: m.value}
}

// Label is the label that it compares.
func (m Matcher) Label() string { return m.label }

// Value is the label's value where the matcher picks no other; ok is false where it may.
func (m Matcher) Value() (value string, ok bool) {
	return m.value, m.operator == eventsv1.Matcher_EQUAL
}

// Picks reports whether it picks an alert with these labels. A label that is not there is
// an empty one.
func (m Matcher) Picks(labels map[string]string) bool {
	value := labels[m.label]
	switch m.operator {
	case eventsv1.Matcher_EQUAL:
		return value == m.value
	case eventsv1.Matcher_NOT_EQUAL:
		return value != m.value
	case eventsv1.Matcher_MATCHES:
		return m.whole.MatchString(value)
	case eventsv1.Matcher_NOT_MATCHES:
		return !m.whole.MatchString(value)
	default:
		return false
	}
}

// PicksAbsent reports whether it picks an alert without the label.
func (m Matcher) PicksAbsent() bool { return m.Picks(nil) }

// String is the matcher as Parse reads it, with quotes where it needs them.
func (m Matcher) String() string {
	for _, o := range operators {
		if o.is == m.operator {
			return m.label + o.text + quoted(m.value)
		}
	}
	return ""
}

func quoted(value string) string {
	bare := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.:/@", r)
	}
	if value != "" && !strings.ContainsFunc(value, func(r rune) bool { return !bare(r) }) {
		return value
	}
	return strconv.Quote(value)
}

// All are matchers that must all pick; none picks everything.
type All []Matcher

// Pick reports whether all of them pick an alert with these labels.
func (a All) Pick(labels map[string]string) bool {
	for _, m := range a {
		if !m.Picks(labels) {
			return false
		}
	}
	return true
}

// Protos are the matchers as a document holds them.
func (a All) Protos() []*eventsv1.Matcher {
	out := make([]*eventsv1.Matcher, len(a))
	for i, m := range a {
		out[i] = m.Proto()
	}
	return out
}

// OfAll are the matchers that a document holds. The error names the first that is wrong.
func OfAll(several []*eventsv1.Matcher) (All, error) {
	out := make(All, 0, len(several))
	for i, m := range several {
		one, err := Of(m)
		if err != nil {
			return nil, fmt.Errorf("matcher %d: %w", i+1, err)
		}
		out = append(out, one)
	}
	return out, nil
}
