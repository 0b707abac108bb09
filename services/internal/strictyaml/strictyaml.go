// Package strictyaml reads YAML files that people write: strictly, and to the end. A
// Reader gathers everything that is wrong with a file, each with its line and path, so
// that one look mends them all.
//
// Authority. A package that owns a file's form says what may stand where: which keys an
// object has (Object), where names are free (Pairs), what is a list, a text, a number.
// What can be wrong whatever the form is said here, in the same words everywhere.
//
// Safety. A file holds one document. A key that is not known, or stands twice, is a
// problem. A secret file's problems repeat nothing of it: what stands in the wrong place
// may be a key that was pasted.
//
// Cost. A file has at most so many bytes, stands for so many values with its aliases
// followed, and is nested so deep; an alias of what it is a part of is refused. So
// whoever walks what Document returns comes to an end. Problems are kept up to a number,
// and up to a length.
package strictyaml

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Options say what file is read.
type Options struct {
	// File is its name in problems.
	File string
	// Limit is how many bytes it has at most.
	Limit int
	// Empty is the problem with a file that holds nothing; without it, that is none.
	Empty string
	// Secret files are never repeated in problems: neither a key that is not known, nor
	// one that is free.
	Secret bool
	// Columns has problems printed with their columns.
	Columns bool
}

// Reader reads one file and gathers what is wrong with it. Its methods take a node and
// the path that leads to it, as answers[1].scale, and go on after a problem: what could
// not be read is the zero value.
type Reader struct {
	options  Options
	about    string
	problems []Problem
	dropped  int
}

// New makes a reader of one file.
func New(o Options) *Reader { return &Reader{options: o} }

// About names what the problems that follow are about, as "rule late", before their
// paths; empty is the file.
func (r *Reader) About(what string) { r.about = what }

// Count is how many problems there are so far: what changes it is wrong.
func (r *Reader) Count() int { return len(r.problems) + r.dropped }

// Wrong says what is wrong at a node.
func (r *Reader) Wrong(n *yaml.Node, path, format string, args ...any) {
	r.Add(Problem{Line: n.Line, Column: n.Column, Path: path, Message: fmt.Sprintf(format, args...)})
}

// Add says what is wrong at a place that is no node's, as within a text. A problem too
// many is counted and not kept.
func (r *Reader) Add(p Problem) {
	if len(r.problems) == maxProblems {
		r.dropped++
		return
	}
	switch {
	case p.Path == "":
		p.Path = r.about
	case r.about != "":
		p.Path = r.about + ": " + p.Path
	}
	p.Path, p.Message = oneLine(p.Path), oneLine(p.Message)
	r.problems = append(r.problems, p)
}

// Err is nil when nothing is wrong; else an *Error.
func (r *Reader) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return &Error{File: r.options.File, Problems: inOrder(r.problems), More: r.dropped, columns: r.options.Columns}
}

// oneLine keeps what the file says from breaking the list of problems.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, s)
	if runes := []rune(s); len(runes) > maxMessage {
		return string(runes[:maxMessage]) + "…"
	}
	return s
}

func inOrder(problems []Problem) []Problem {
	all := slices.Clone(problems)
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return all
}
