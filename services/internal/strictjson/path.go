package strictjson

import (
	"strconv"
	"strings"
)

// step is one part of a path: a field, a map's key, or an index.
type step struct {
	name  string
	index int // -1 unless the step is an index
}

// path says where in the text the decoder is. It becomes a string only when
// something is wrong there.
type path []step

func (p *path) field(name string) { *p = append(*p, step{name: name, index: -1}) }
func (p *path) index(i int)       { *p = append(*p, step{index: i}) }
func (p *path) pop()              { *p = (*p)[:len(*p)-1] }

// String is the path as answers[1].value.
func (p path) String() string {
	var b strings.Builder
	for _, s := range p {
		if s.index >= 0 {
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.index))
			b.WriteByte(']')
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
	}
	return b.String()
}

// Unnamed stands in a path for a name that is not shown, because it may hold
// personal data.
const Unnamed = "?"

// Showable returns name when it looks like a name somebody gave to a field, and
// Unnamed when it may be anything: only letters, digits, _, - and ., up to 64,
// and a letter first.
func Showable(name string) string {
	if len(name) == 0 || len(name) > 64 || !isLetter(name[0]) {
		return Unnamed
	}
	for i := range len(name) {
		c := name[i]
		if !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return Unnamed
		}
	}
	return name
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
