package verbatim

import (
	"unicode"
	"unicode/utf8"
)

// core is a run of letters as it is read.
type core struct {
	end            int
	letters, upper int
	notes          Note
	last           rune // the last letter, folded
	run            int  // how often it came
	foldedBefore   int  // where its folded form begins
}

// word takes a word, or the part of one up to an apostrophe or a hyphen.
func (s *Scratch) word(i int) int {
	if end := s.web(i); end > 0 {
		return end
	}
	c := core{end: i, foldedBefore: len(s.folded)}
	s.letters(&c)
	if c.end >= len(s.text) {
		return s.emit(i, &c)
	}
	if n := apostrophe(s.text[c.end:]); n > 0 && s.class(c.end+n) == isAlpha {
		return s.atApostrophe(i, &c, n)
	}
	switch s.text[c.end] {
	case '.':
		return s.atStop(i, &c)
	case '@':
		if s.class(c.end+1) == isAlpha {
			s.folded = s.folded[:c.foldedBefore]
			return s.link(i, c.end)
		}
	case '/':
		if c.letters == 1 && c.last == 'n' && c.end+1 < len(s.text) && s.text[c.end+1]|0x20 == 'a' && s.class(c.end+2) != isAlpha {
			s.folded = append(s.folded, "/a"...)
			c.end += 2
		}
	case '-':
		if s.class(c.end+1) == isAlpha {
			return s.emit(i, &c) + 1 // peut-être is the same as peut être
		}
	}
	return s.emit(i, &c)
}

// web takes http://… and www.…
func (s *Scratch) web(i int) int {
	rest := s.text[i:]
	if len(rest) < 8 || rest[0]|0x20 != 'h' && rest[0]|0x20 != 'w' {
		return 0
	}
	for _, p := range [...]string{"http://", "https://", "www."} {
		if foldHasPrefix(rest, p) {
			return s.link(i, i)
		}
	}
	return 0
}

func foldHasPrefix(s, lower string) bool {
	if len(s) < len(lower) {
		return false
	}
	for i := range len(lower) {
		b := s[i]
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}

// letters goes on over letters, digits and the marks that belong to letters.
func (s *Scratch) letters(c *core) {
	for c.end < len(s.text) {
		b := s.text[c.end]
		if b < utf8.RuneSelf {
			switch classOf[b] {
			case isAlpha:
				lower := b | 0x20
				if lower != b {
					c.upper++
				}
				c.letters++
				s.letter(c, rune(lower))
			case isDigit:
				s.folded = append(s.folded, b)
				c.last = 0
			default:
				return
			}
			c.end++
			continue
		}
		r, n := utf8.DecodeRuneInString(s.text[c.end:])
		switch {
		case isMark(r):
			c.notes |= Accented
		case isLetter(r):
			s.wideLetter(c, r)
		default:
			return
		}
		c.end += n
	}
}

// letter appends an ASCII letter; of three or more in a row two are kept.
func (s *Scratch) letter(c *core, lower rune) {
	if lower == c.last {
		c.run++
	} else {
		c.last, c.run = lower, 1
	}
	if c.run > 2 {
		c.notes |= Lengthened
		return
	}
	s.folded = append(s.folded, byte(lower))
}

func (s *Scratch) wideLetter(c *core, r rune) {
	c.letters++
	if unicode.IsUpper(r) {
		c.upper++
	}
	before := len(s.folded)
	folded, latin := appendFolded(s.folded, r)
	c.notes |= Accented
	if !latin {
		c.notes |= Foreign
	}
	if latin && len(folded) == before+1 { // é after é is e after e
		s.letter(c, rune(folded[before]))
		return
	}
	s.folded = folded
	c.last = 0
}

// emit adds the word that began at start.
func (s *Scratch) emit(start int, c *core) int {
	if c.upper == c.letters && c.letters >= 3 {
		c.notes |= Capitals
	}
	return s.add(Token{Start: int32(start), End: int32(c.end), Kind: Word, Notes: c.notes}, len(s.folded)-c.foldedBefore)
}

// atApostrophe goes on where letters follow an apostrophe of n bytes.
func (s *Scratch) atApostrophe(start int, c *core, n int) int {
	switch folded := s.folded[c.foldedBefore:]; {
	case isElision(folded): // l' + agent
		s.folded = append(s.folded, '\'')
		c.end += n
		return s.emit(start, c)
	case s.suffix(c.end+n) > 0:
		w := s.suffix(c.end + n)
		if w == 1 && s.text[c.end+n]|0x20 == 't' && folded[len(folded)-1] == 'n' { // isn't is isnt
			c.end += n
			s.letters(c)
			return s.emit(start, c)
		}
		from := s.emit(start, c) // it + 's
		s.folded = append(s.folded, '\'')
		for _, b := range []byte(s.text[from+n : from+n+w]) {
			s.folded = append(s.folded, b|0x20)
		}
		return s.add(Token{Start: int32(from), End: int32(from + n + w), Kind: Word}, w+1)
	default: // aujourd'hui
		c.end += n
		s.letters(c)
		return s.emit(start, c)
	}
}

// isElision is a word that French cuts before a vowel.
func isElision(folded []byte) bool {
	switch string(folded) {
	case "l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu", "presqu":
		return true
	}
	return false
}

// suffix is how long the end of an English contraction at i is: 's, 've and so on.
func (s *Scratch) suffix(i int) int {
	n := 0
	for n < 3 && s.class(i+n) == isAlpha {
		n++
	}
	switch rest := s.text[i : i+min(n, len(s.text)-i)]; {
	case n == 1 && (rest[0]|0x20 == 's' || rest[0]|0x20 == 't' || rest[0]|0x20 == 'm' || rest[0]|0x20 == 'd'):
		return 1
	case n == 2 && (foldHasPrefix(rest, "re") || foldHasPrefix(rest, "ve") || foldHasPrefix(rest, "ll")):
		return 2
	}
	return 0
}

// atStop decides what a full stop after letters is: of an abbreviation (S.A.V.),
// of an address (rappel.fr), or the end of a sentence that the next is glued to.
func (s *Scratch) atStop(start int, c *core) int {
	if c.letters == 1 && c.end-start == 1 {
		return s.abbreviation(start, c)
	}
	if n := domain(s.text[c.end+1:]); n > 0 && s.class(c.end+1+n) != isAlpha && s.class(c.end+1+n) != isDigit {
		s.folded = s.folded[:c.foldedBefore]
		return s.link(start, c.end)
	}
	return s.emit(start, c)
}

// domain is how long the domain is that s begins with. Those that are words too
// (de, es, ca, be) are left out: "nul.de plus" is said more often.
func domain(s string) int {
	for _, d := range [...]string{"fr", "com", "net", "org", "eu", "io", "co.uk"} {
		if foldHasPrefix(s, d) {
			return len(d)
		}
	}
	return 0
}

// abbreviation joins single letters with full stops between them.
func (s *Scratch) abbreviation(start int, c *core) int {
	for c.end+1 < len(s.text) && s.text[c.end] == '.' && s.text[c.end+1] < utf8.RuneSelf && classOf[s.text[c.end+1]] == isAlpha && s.class(c.end+2) != isAlpha {
		c.end++
		if s.text[c.end]|0x20 != s.text[c.end] {
			c.upper++
		}
		c.letters++
		s.folded = append(s.folded, s.text[c.end]|0x20)
		c.end++
	}
	if c.letters > 1 && c.end < len(s.text) && s.text[c.end] == '.' {
		c.end++
	}
	return s.emit(start, c)
}
