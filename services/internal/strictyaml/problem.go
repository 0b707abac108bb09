package strictyaml

import (
	"fmt"
	"strings"
)

// Bounds of what is said about a file.
const (
	maxProblems = 1000
	maxMessage  = 1000 // characters
)

// Problem is one mistake in a file.
type Problem struct {
	// Line and Column count from 1; Line is 0 when it is about the file as a whole.
	Line, Column int
	// Path is where, as answers[1].scale; empty for the file as a whole.
	Path string
	// Message says what is wrong and what is expected, as "must be a list".
	Message string
}

// String is the problem where the file needs no name, as line 2: answers[0]: message.
func (p Problem) String() string {
	s := p.Message
	if p.Path != "" {
		s = p.Path + ": " + s
	}
	if p.Line > 0 {
		s = fmt.Sprintf("line %d: %s", p.Line, s)
	}
	return s
}

// Error says that a file was refused, and names everything that is wrong with it.
type Error struct {
	// File as it is named in messages.
	File string
	// Problems, in the file's order.
	Problems []Problem
	// More is how many problems there are beside those.
	More int

	columns bool
}

// Refuse is the error of a file with these problems, found after it was read; nil when
// there are none.
func Refuse(file string, problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{File: file, Problems: inOrder(problems)}
}

// Error has one line a problem.
func (e *Error) Error() string { return strings.Join(e.Lines(), "\n") }

// Lines are the problems, each as file:line: path: message.
func (e *Error) Lines() []string {
	lines := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		lines = append(lines, e.line(p))
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d problems more", e.File, e.More))
	}
	return lines
}

func (e *Error) line(p Problem) string {
	place := e.File
	if p.Line > 0 {
		place += fmt.Sprintf(":%d", p.Line)
	}
	if p.Line > 0 && e.columns {
		place += fmt.Sprintf(":%d", p.Column)
	}
	if p.Path != "" {
		place += ": " + p.Path
	}
	return place + ": " + p.Message
}
