package mapping

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one mistake in a mapping file.
type Problem struct {
	// Line of the mapping file; 0 when it is about the file as a whole.
	Line int
	// Path is where, as answers[1].scale; empty for the file as a whole.
	Path string
	// Message says what is wrong and what is expected.
	Message string
}

// String is the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems is every mistake found at once, in the file's order.
type Problems []Problem

// Error has one line a problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) orNil() error {
	if len(ps) == 0 {
		return nil
	}
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].Line < ps[j].Line })
	return ps
}
