package rule

import (
	"unicode"

	"go.yaml.in/yaml/v3"
)

// locate finds where, in the file, the character of a scalar's text at offset
// is written. YAML tells only where a scalar begins; folding, indentation and
// quotes move what is inside. But none of them adds or reorders visible
// characters (an escape only puts some between), so the text is found again by
// walking both, visible character by visible character.
func (r *reader) locate(n *yaml.Node, offset int) Position {
	at := r.at(n)
	line, col := n.Line-1, n.Column-1
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		line, col = line+1, 0
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		col++
	}
	for i, c := range []rune(n.Value) {
		if i > offset {
			break
		}
		if unicode.IsSpace(c) {
			continue
		}
		var found bool
		if line, col, found = r.next(line, col, c); !found {
			break
		}
		at.Line, at.Column = line+1, col+1
		col++
	}
	return at
}

// next is the first place from here on where the file has this character.
func (r *reader) next(line, col int, c rune) (int, int, bool) {
	for ; line < len(r.lines); line, col = line+1, 0 {
		for ; col < len(r.lines[line]); col++ {
			if r.lines[line][col] == c {
				return line, col, true
			}
		}
	}
	return line, col, false
}
