package rule

import (
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// locate finds where, in the file, the character of a scalar's text at offset
// is written. YAML tells only where a scalar begins; folding, indentation and
// quotes move what is inside. But none of them adds or reorders visible
// characters (an escape only puts some between), so the text is found again by
// walking both, visible character by visible character.
func (r *reader) locate(n *yaml.Node, offset int) Position {
	at := r.position(n)
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

func (r *reader) position(n *yaml.Node) Position {
	return Position{File: r.file, Line: n.Line, Column: n.Column}
}

// wrongAt says what is wrong within a condition.
func (r *reader) wrongAt(p Position, message string) {
	r.Add(strictyaml.Problem{Line: p.Line, Column: p.Column, Message: message})
}

// next is the first place from here on where the file has this character.
func (r *reader) next(line, col int, c rune) (int, int, bool) {
	for ; line < len(r.text); line, col = line+1, 0 {
		for ; col < len(r.text[line]); col++ {
			if r.text[line][col] == c {
				return line, col, true
			}
		}
	}
	return line, col, false
}
