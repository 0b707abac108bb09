package verbatim

import (
	"unicode"
	"unicode/utf8"
)

// foldedLatin says what the letters from À to ſ are without their accents, in
// the order of their code points. A space is none of them.
var foldedLatin = [...]string{
	// U+00C0
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", " ", "o", "u", "u", "u", "u", "y", "th", "ss",
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", " ", "o", "u", "u", "u", "u", "y", "th", "y",
	// U+0100
	"a", "a", "a", "a", "a", "a", "c", "c", "c", "c", "c", "c", "c", "c", "d", "d",
	"d", "d", "e", "e", "e", "e", "e", "e", "e", "e", "e", "e", "g", "g", "g", "g",
	"g", "g", "g", "g", "h", "h", "h", "h", "i", "i", "i", "i", "i", "i", "i", "i",
	"i", "i", "ij", "ij", "j", "j", "k", "k", "k", "l", "l", "l", "l", "l", "l", "l",
	"l", "l", "l", "n", "n", "n", "n", "n", "n", "n", "n", "n", "o", "o", "o", "o",
	"o", "o", "oe", "oe", "r", "r", "r", "r", "r", "r", "s", "s", "s", "s", "s", "s",
	"s", "s", "t", "t", "t", "t", "t", "t", "u", "u", "u", "u", "u", "u", "u", "u",
	"u", "u", "u", "u", "w", "w", "y", "y", "y", "z", "z", "z", "z", "z", "z", "s",
}

// foldedLigatures are those of U+FB00 and after.
var foldedLigatures = [...]string{"ff", "fi", "fl", "ffi", "ffl", "st", "st"}

// appendFolded appends a letter in lower case and without its accents. latin is
// false for letters of other scripts, which stay as they are.
func appendFolded(b []byte, r rune) (folded []byte, latin bool) {
	switch {
	case r < utf8.RuneSelf:
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(b, byte(r)), true
	case r >= 0xC0 && r < 0xC0+rune(len(foldedLatin)):
		return append(b, foldedLatin[r-0xC0]...), true
	case r >= 0xFB00 && r < 0xFB00+rune(len(foldedLigatures)):
		return append(b, foldedLigatures[r-0xFB00]...), true
	case r == 'ª':
		return append(b, 'a'), true
	case r == 'º':
		return append(b, 'o'), true
	}
	return utf8.AppendRune(b, unicode.ToLower(r)), unicode.Is(unicode.Latin, r)
}

// isMark is a sign that is part of the letter before it.
func isMark(r rune) bool {
	return r >= 0x300 && r <= 0x36F || r == 0x200D || r == 0xFE0F || r == 0xAD || r >= 0x590 && unicode.Is(unicode.M, r)
}

// isLetter is for runes beyond ASCII.
func isLetter(r rune) bool { return r != '×' && r != '÷' && unicode.IsLetter(r) }

// apostrophe is the width of the apostrophe that s begins with, else 0.
func apostrophe(s string) int {
	if s == "" {
		return 0
	}
	switch s[0] {
	case '\'', '`':
		return 1
	case 0xC2: // ´
		if len(s) > 1 && s[1] == 0xB4 {
			return 2
		}
	case 0xCA: // ʼ
		if len(s) > 1 && s[1] == 0xBC {
			return 2
		}
	case 0xE2: // ‘ ’
		if len(s) > 2 && s[1] == 0x80 && (s[2] == 0x98 || s[2] == 0x99) {
			return 3
		}
	}
	return 0
}

// isEmoji is a pictograph, of the blocks where they are.
func isEmoji(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case r >= 0x2600 && r <= 0x27BF:
		return true
	}
	return r == 0x2B50 || r == 0x2B55 || r == 0x203C || r == 0x2049 || r == 0x2639 || r == 0x263A
}

// isModifier is what may follow an emoji and belongs to it.
func isModifier(r rune) bool {
	return r == 0xFE0F || r == 0xFE0E || r >= 0x1F3FB && r <= 0x1F3FF || r == 0x20E3 || r >= 0xE0020 && r <= 0xE007F
}
