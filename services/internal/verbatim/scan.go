package verbatim

import (
	"unicode/utf8"
)

// Scan makes the tokens of a text. Whatever the text, it goes over it once:
// looking ahead is bounded, and what is taken is not looked at again.
func (s *Scratch) Scan(text string) {
	s.tokens, s.folded, s.cut = s.tokens[:0], s.folded[:0], false
	if len(text) > MaxText {
		text, s.cut = cutText(text), true
	}
	s.text = text
	for i := 0; i < len(text); {
		i = s.next(i)
	}
}

// cutText ends a text at the last boundary of a character before MaxText.
func cutText(text string) string {
	n := MaxText
	for n > MaxText-utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// What an ASCII character begins.
const (
	isOther = iota
	isSpace
	isAlpha
	isDigit
	isEnd   // . ! ?
	isPart  // , ; : ( ) and so on
	isBreak // the end of a line
)

var classOf = func() (c [utf8.RuneSelf]uint8) {
	for b := range c {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z':
			c[b] = isAlpha
		case b >= '0' && b <= '9':
			c[b] = isDigit
		}
	}
	for _, b := range " \t\v\f" {
		c[b] = isSpace
	}
	for _, b := range ".!?" {
		c[b] = isEnd
	}
	for _, b := range ",;:()[]{}|" {
		c[b] = isPart
	}
	c['\n'], c['\r'] = isBreak, isBreak
	return c
}()

func (s *Scratch) class(i int) uint8 {
	if i >= len(s.text) {
		return isSpace
	}
	if b := s.text[i]; b < utf8.RuneSelf {
		return classOf[b]
	}
	r, _ := utf8.DecodeRuneInString(s.text[i:])
	if isLetter(r) {
		return isAlpha
	}
	return isOther
}

// next takes what begins at i and returns where it ends.
func (s *Scratch) next(i int) int {
	b := s.text[i]
	if b >= utf8.RuneSelf {
		return s.wide(i)
	}
	switch classOf[b] {
	case isSpace:
		return i + 1
	case isAlpha:
		if end := s.emoticon(i); end > 0 {
			return end
		}
		return s.word(i)
	case isDigit:
		return s.number(i)
	case isEnd:
		return s.sentenceMark(i)
	case isBreak:
		return s.mark(i, i+1, Ends, 1)
	}
	return s.sign(i)
}

// wide takes what begins beyond ASCII.
func (s *Scratch) wide(i int) int {
	r, n := utf8.DecodeRuneInString(s.text[i:])
	switch {
	case r == utf8.RuneError && n == 1:
		return i + 1 // not UTF-8: it parts words
	case isLetter(r):
		return s.word(i)
	case isEmoji(r):
		return s.emoji(i, n)
	case r == '…':
		return s.sentenceMark(i)
	case r == '。' || r == '！' || r == '？' || r == '¡' || r == '¿':
		return s.mark(i, i+n, Ends, 1)
	case r == '–' || r == '—' || r == '•' || r == '·':
		return s.mark(i, i+n, Parts, 1)
	}
	return i + n
}

// sign takes an ASCII sign that is neither a letter nor ends a sentence.
func (s *Scratch) sign(i int) int {
	if end := s.emoticon(i); end > 0 {
		return end
	}
	b := s.text[i]
	switch {
	case classOf[b] == isPart:
		return s.mark(i, i+1, Parts, 1)
	case b == '@' && s.class(i+1) == isAlpha:
		return s.link(i, i)
	case b == '&':
		s.folded = append(s.folded, '&')
		return s.add(Token{Start: int32(i), End: int32(i + 1), Kind: Word}, 1)
	case b == '-' && s.class(i+1) != isAlpha && s.class(i+1) != isDigit:
		return s.mark(i, i+1, Parts, 1)
	case b == '+':
		return s.pluses(i)
	}
	return i + 1
}

// pluses takes a run of plus signs: two or more are praise.
func (s *Scratch) pluses(i int) int {
	end := i
	for end < len(s.text) && s.text[end] == '+' {
		end++
	}
	if end-i < 2 {
		return end
	}
	s.folded = append(s.folded, "++"...)
	return s.add(Token{Start: int32(i), End: int32(end), Kind: Emoji}, 2)
}

// add adds a token whose folded form is the last so many bytes, and returns its
// end.
func (s *Scratch) add(t Token, folded int) int {
	t.foldEnd = int32(len(s.folded))
	t.foldStart = t.foldEnd - int32(folded)
	s.tokens = append(s.tokens, t)
	return int(t.End)
}

func (s *Scratch) mark(start, end int, notes Note, count int) int {
	return s.add(Token{Start: int32(start), End: int32(end), Kind: Mark, Notes: notes, Count: uint8(min(count, 255))}, 0)
}

// sentenceMark takes a run of . ! ? and …
func (s *Scratch) sentenceMark(i int) int {
	notes, n, stops, end := Ends, 0, 0, i
	for end < len(s.text) {
		switch b := s.text[end]; {
		case b == '!':
			notes |= Exclaim
		case b == '?':
			notes |= Question
		case b == '.':
			if stops++; stops == 2 {
				notes |= Ellipsis
			}
		case b == 0xE2 && len(s.text) > end+2 && s.text[end:end+3] == "…":
			notes |= Ellipsis
			end += 2
		case b == ' ' && end+1 < len(s.text) && (s.text[end+1] == '!' || s.text[end+1] == '?'):
			n-- // French puts a space before them: "! !" is one run
		default:
			return s.mark(i, end, notes, n)
		}
		end++
		n++
	}
	return s.mark(i, end, notes, n)
}

// number takes digits with what stands between digits.
func (s *Scratch) number(i int) int {
	end := i + 1
	for end < len(s.text) {
		b := s.text[end]
		inside := b == '.' || b == ',' || b == ':' || b == '/' || b == 'h' || b == 'H'
		if s.class(end) != isDigit && (!inside || s.class(end+1) != isDigit) {
			break
		}
		end++
	}
	s.folded = append(s.folded, s.text[i:end]...)
	return s.add(Token{Start: int32(i), End: int32(end), Kind: Number}, end-i)
}

// emoji takes a pictograph with its modifiers and what is joined to it. It is
// folded to its first sign.
func (s *Scratch) emoji(i, n int) int {
	s.folded = append(s.folded, s.text[i:i+n]...)
	end := i + n
	for end < len(s.text) {
		r, w := utf8.DecodeRuneInString(s.text[end:])
		switch {
		case isModifier(r):
			end += w
			continue
		case r == 0x200D:
			end += w
			if j, jw := utf8.DecodeRuneInString(s.text[end:]); isEmoji(j) {
				end += jw
			}
			continue
		}
		break
	}
	return s.add(Token{Start: int32(i), End: int32(end), Kind: Emoji}, n)
}

// link takes an address up to the next space.
func (s *Scratch) link(start, i int) int {
	for i < len(s.text) && s.text[i] > ' ' && s.text[i] < utf8.RuneSelf && s.text[i] != ',' && s.text[i] != ')' && s.text[i] != '!' {
		i++
	}
	for i > start+1 && (s.text[i-1] == '.' || s.text[i-1] == '?' || s.text[i-1] == ';') {
		i--
	}
	t := Token{Start: int32(start), End: int32(i), Kind: Link}
	if s.text[start] == '@' {
		t.Notes = Account
	}
	return s.add(t, 0)
}

// emoticon takes :-) and its like, else returns 0. Noses are left out of the
// folded form.
func (s *Scratch) emoticon(i int) int {
	rest := s.text[i:]
	for _, e := range [...]string{"^_^", "-_-", "</3", "<3", "^^", "xD", "XD"} {
		if len(rest) >= len(e) && rest[:len(e)] == e && s.alone(i, i+len(e)) {
			s.folded = append(s.folded, e...)
			return s.add(Token{Start: int32(i), End: int32(i + len(e)), Kind: Emoji}, len(e))
		}
	}
	if b := rest[0]; b != ':' && b != ';' && b != '=' {
		return 0
	}
	at, tear := 1, 0
	for at < len(rest) && at < 3 && (rest[at] == '-' || rest[at] == '\'' || rest[at] == ' ' && at == 1 && len(rest) > 2 && rest[2] == '-') {
		if rest[at] == '\'' {
			tear = 1
		}
		at++
	}
	if at >= len(rest) || !isMouth(rest[at]) || s.class(i+at) != isPart && !s.alone(i, i+at+1) {
		return 0
	}
	end := at + 1
	for end < len(rest) && rest[end] == rest[at] {
		end++
	}
	s.folded = append(s.folded, ':')
	if tear == 1 {
		s.folded = append(s.folded, '\'')
	}
	s.folded = append(s.folded, rest[at])
	return s.add(Token{Start: int32(i), End: int32(i + end), Kind: Emoji}, 2+tear)
}

func isMouth(b byte) bool {
	switch b {
	case ')', '(', '/', '\\', '|', 'D', 'P', 'p', '*', ']', '[', '@', 'o', 'O':
		return true
	}
	return false
}

// alone reports whether no word touches text[start:end].
func (s *Scratch) alone(start, end int) bool {
	if c := s.class(end); c == isAlpha || c == isDigit {
		return false
	}
	return start == 0 || s.text[start-1] < utf8.RuneSelf && classOf[s.text[start-1]] != isAlpha && classOf[s.text[start-1]] != isDigit
}
