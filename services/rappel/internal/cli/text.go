package cli

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// clean removes what a terminal would obey and a person cannot see; line breaks
// stay.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), isBidi(r):
			return -1
		}
		return r
	}, s)
}

// isBidi is a mark that turns the direction of what follows.
func isBidi(r rune) bool { return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 }

// oneLine is clean without line breaks.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// cells is how many places of a terminal a text takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += cellsOf(r)
	}
	return n
}

func cellsOf(r rune) int {
	switch {
	case r == 0x200d, unicode.In(r, unicode.Mn, unicode.Me), r >= 0xfe00 && r <= 0xfe0f:
		return 0
	}
	if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// cut shortens a text to most places, with an ellipsis.
func cut(s string, most int) string {
	if cells(s) <= most {
		return s
	}
	n := 0
	for i, r := range s {
		if n += cellsOf(r); n > most-1 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// pad fills a text with spaces up to a number of places.
func pad(s string, to int) string {
	return s + strings.Repeat(" ", max(0, to-cells(s)))
}

// wrap breaks a text into lines of most places, between words where it can.
func wrap(s string, most int) []string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line, n := "", 0
		words := strings.Fields(paragraph)
		for _, word := range words {
			w := cells(word)
			if n > 0 && n+1+w > most {
				lines, line, n = append(lines, line), "", 0
			}
			for w > most { // a word longer than the line
				head := hardCut(word, most)
				lines, word = append(lines, head), word[len(head):]
				w = cells(word)
			}
			if n > 0 && w > 0 {
				line, n = line+" ", n+1
			}
			line, n = line+word, n+w
		}
		if line != "" || len(words) == 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// hardCut is the longest beginning of at most so many places, one rune at least.
func hardCut(s string, most int) string {
	n := 0
	for i, r := range s {
		if n += cellsOf(r); n > most && i > 0 {
			return s[:i]
		}
	}
	return s
}

// style paints on a terminal, and nowhere else.
type style struct{ on bool }

func (s style) paint(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(t string) string   { return s.paint("1", t) }
func (s style) dim(t string) string    { return s.paint("2", t) }
func (s style) red(t string) string    { return s.paint("31", t) }
func (s style) green(t string) string  { return s.paint("32", t) }
func (s style) yellow(t string) string { return s.paint("33", t) }
func (s style) cyan(t string) string   { return s.paint("36", t) }
