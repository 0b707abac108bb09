package response

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// line returns one line of text with the spaces around it cut.
func (c *checker) line(path, s string, most int) string { return c.text(path, s, most, false) }

// block returns a text of several lines: line ends become \n.
func (c *checker) block(path, s string, most int) string {
	if len(s) <= utf8.UTFMax*most && strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return c.text(path, s, most, true)
}

// printable is line for an id: no invisible characters at all.
func (c *checker) printable(path, s string, most int) string {
	before := len(c.found)
	s = c.line(path, s, most)
	if len(c.found) > before {
		return s
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			c.add(path, "contains a character that cannot be seen")
			break
		}
	}
	return s
}

func (c *checker) text(path, s string, most int, lines bool) string {
	s = strings.TrimSpace(s)
	if len(s) > most {
		// Far too long is not worth counting.
		if len(s) > utf8.UTFMax*most || utf8.RuneCountInString(s) > most {
			c.add(path, fmt.Sprintf("is longer than %d characters", most))
			return ""
		}
	}
	if problem := unclean(s, lines); problem != "" {
		c.add(path, problem)
		return ""
	}
	return s
}

// unclean says what a text must not contain.
func unclean(s string, lines bool) string {
	ascii := true
	for i := range len(s) {
		switch b := s[i]; {
		case b >= utf8.RuneSelf:
			ascii = false
		case b == 0:
			return "contains a NUL character"
		case lines && (b == '\n' || b == '\t'):
		case b < ' ', b == 0x7f:
			return "contains a control character"
		}
	}
	if ascii {
		return ""
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return "is not valid UTF-8"
			}
		}
		if r >= 0x80 && r < 0xa0 {
			return "contains a control character"
		}
	}
	return ""
}

// attributes returns the attributes that say something, nil when none does.
func (c *checker) attributes(in map[string]string) map[string]string {
	if len(in) == 0 {
		return nil
	}
	if len(in) > MaxAttributes {
		c.add("attributes", fmt.Sprintf("are %d, at most %d are taken", len(in), MaxAttributes))
		return nil
	}
	out := make(map[string]string, len(in))
	before := len(c.found)
	c.within = "attributes."
	for name, value := range in {
		c.attribute(out, name, value)
	}
	c.within = ""
	// A map has no order; what is wrong with it shall have one.
	slices.SortFunc(c.found[before:], func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Problem, b.Problem))
	})
	if len(out) == 0 {
		return nil
	}
	return out
}

func (c *checker) attribute(out map[string]string, name, value string) {
	c.name = name
	before := len(c.found)
	key := c.line("", name, MaxLabel)
	if len(c.found) > before {
		c.found[before].Problem = "its name " + c.found[before].Problem
	} else if key == "" {
		c.add("", "has no name")
	} else if _, twice := out[key]; twice {
		c.name = key // the same whichever of them comes second
		c.add("", "is given more than once, but for the spaces around its name")
	}
	if value = c.line("", value, MaxAttributeValue); value != "" {
		out[key] = value
	}
}

// showable is a name that can stand in an error: one that may be anything else,
// as a phone number, is not shown.
func showable(name string) string {
	if len(name) == 0 || len(name) > MaxLabel {
		return "?"
	}
	for i := range len(name) {
		c := name[i] | 0x20
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789_-.", rune(name[i]))) {
			return "?"
		}
	}
	return name
}
