package timeline

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Timeline is what a file says.
type Timeline struct {
	// About is what it is about: the text before the first section.
	About string
	// Sections are the texts by their names, as rules and notify.
	Sections map[string]string
	// Lines are what happens and what is expected, in the file's order.
	Lines []Line
}

// Line is one line of a timeline.
type Line struct {
	// Number is its line in the file, Text what stands there.
	Number int
	Text   string
	// From and To are when, since the beginning; they are the same but for an expectation
	// within some time.
	From, To time.Duration
	// Do is what happens; nil for an expectation.
	Do *Action
	// Expect is what people are told; nil for what happens.
	Expect *Expected
}

// Action is something that happens.
type Action struct {
	// Verb is what, Words what follows as it is, Given what follows as name=value.
	Verb  string
	Words []string
	Given map[string]string
}

// Expected is what one or more receivers are told.
type Expected struct {
	Receivers []string
	Kind      string
	// Given are figures (firing, resolved, step, round) and labels of the group that must be
	// so; others may be whatever.
	Given map[string]string
}

// Parse reads a file. The error names the line.
func Parse(text string) (*Timeline, error) {
	t := &Timeline{Sections: map[string]string{}}
	section := ""
	var about []string
	var last time.Duration
	for i, raw := range strings.Split(text, "\n") {
		name, begins := strings.CutPrefix(raw, "== ")
		switch {
		case begins:
			section = strings.TrimSpace(name)
			if _, twice := t.Sections[section]; twice {
				return nil, fmt.Errorf("line %d: there is another section %s", i+1, section)
			}
			t.Sections[section] = ""
		case section == "":
			about = append(about, raw)
		case section != "timeline":
			t.Sections[section] += raw + "\n"
		default:
			line, err := parseLine(raw)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			if line == nil {
				continue
			}
			line.Number = i + 1
			if line.Do != nil && line.From < last {
				return nil, fmt.Errorf("line %d: %s is before the line before", i+1, line.From)
			}
			if line.Do != nil {
				last = line.From
			}
			t.Lines = append(t.Lines, *line)
		}
	}
	t.About = strings.TrimSpace(strings.Join(about, "\n"))
	return t, nil
}

var (
	within  = regexp.MustCompile(`^between (\S+) and (\S+):\s*(.*)$`)
	instant = regexp.MustCompile(`^at (\S+):\s*(.*)$`)
)

// parseLine reads one line; nil is one that says nothing.
func parseLine(raw string) (*Line, error) {
	text := strings.TrimSpace(raw)
	if text == "" || strings.HasPrefix(text, "#") {
		return nil, nil //nolint:nilnil // an empty line is no error
	}
	l := &Line{Text: text}
	var from, to, rest string
	if m := within.FindStringSubmatch(text); m != nil {
		from, to, rest = m[1], m[2], m[3]
	} else if m := instant.FindStringSubmatch(text); m != nil {
		from, to, rest = m[1], m[1], m[2]
	} else {
		return nil, fmt.Errorf("%q is neither at TIME: … nor between TIME and TIME: …", text)
	}
	var err error
	if l.From, err = since(from); err == nil {
		l.To, err = since(to)
	}
	if err != nil {
		return nil, err
	}
	words, err := split(rest)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("nothing happens %q", text)
	}
	if words[0] == "expect" {
		l.Expect, err = expected(words[1:])
		return l, err
	}
	if l.From != l.To {
		return nil, fmt.Errorf("only what is expected can be within some time: %q", text)
	}
	l.Do = &Action{Verb: words[0], Given: map[string]string{}}
	for _, w := range words[1:] {
		if name, value, is := assigned(w); is {
			l.Do.Given[name] = value
		} else {
			l.Do.Words = append(l.Do.Words, w)
		}
	}
	return l, nil
}

// since reads a time since the beginning, as 90s, 1h30m or 2d4h.
func since(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.Atoi(days)
	if err != nil {
		return 0, fmt.Errorf("%q is no time, as 2d4h", s)
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	return d + more, err
}

// expected reads who is told what.
func expected(words []string) (*Expected, error) {
	if len(words) < 2 {
		return nil, fmt.Errorf("an expectation needs receivers and a kind, as chat NEW firing=1")
	}
	e := &Expected{Receivers: strings.Split(words[0], ","), Kind: words[1], Given: map[string]string{}}
	for _, w := range words[2:] {
		name, value, is := assigned(w)
		if !is {
			return nil, fmt.Errorf("%q must be a figure or a label, as firing=1", w)
		}
		e.Given[name] = value
	}
	return e, nil
}

var assignment = regexp.MustCompile(`^([a-z_]+)=([^~].*)$`)

// assigned takes name=value apart. What stands in quotes, and matchers with other operators,
// are words.
func assigned(w string) (name, value string, is bool) {
	m := assignment.FindStringSubmatch(w)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// split cuts a line into words. A quote holds a word together, and goes.
func split(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for _, r := range s {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case r == '#' && !quoted && !begun:
			return words, nil // the rest is a remark
		case (r == ' ' || r == '\t') && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("a quote is not closed in %q", s)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}
