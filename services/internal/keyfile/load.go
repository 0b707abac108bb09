package keyfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Bounds of a file.
const (
	// MaxKeys is how many keys one file holds.
	MaxKeys = 10_000
	// MaxRate is the highest rate, in answers a second, and MaxBurst the largest burst.
	MaxRate  = 100_000
	MaxBurst = 1_000_000
	// MinRate is the lowest rate: one answer in 1,000 seconds.
	MinRate = 0.001
)

// Entry is one key of a file.
type Entry struct {
	// Name says whose the key is. Keys of one name are one sender's: the old key and the
	// new one, while the sender changes over.
	Name string
	// Hash of the key.
	Hash Hash
	// Surveys and Channels that the key may send; empty is any.
	Surveys, Channels []string
	// NotAfter is the last moment the key is taken; zero is for ever.
	NotAfter time.Time
	// Rate is in answers a second, with Burst at once; 0 is without a limit.
	Rate  float64
	Burst int
}

// Load reads a file; its name is for messages. The error names everything that is wrong,
// a line each, with file and line.
func Load(file string, text []byte) ([]Entry, error) {
	r := &reader{file: file, hashes: map[Hash]int{}, names: map[string]named{}}
	list, err := r.document(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, unquoted(err))
	}
	if len(list) > MaxKeys {
		r.wrong(list[MaxKeys], "this is the key too many: a file holds at most %d", MaxKeys)
		list = list[:MaxKeys]
	}
	entries := make([]Entry, 0, len(list))
	for _, n := range list {
		entries = append(entries, r.entry(n))
	}
	if len(list) == 0 && len(r.problems) == 0 {
		return nil, fmt.Errorf("%s: holds no key, so nobody could send anything; rappel keys new makes one", file)
	}
	return entries, r.err()
}

// unquoted leaves out what the YAML library repeats of a text that it can't read.
func unquoted(err error) error {
	text, _, _ := strings.Cut(err.Error(), "`")
	return errors.New(strings.TrimSpace(text))
}

// reader gathers what is wrong.
type reader struct {
	file     string
	hashes   map[Hash]int     // line of each
	names    map[string]named // the first of each
	problems []problem
}

type named struct {
	line  int
	rate  float64
	burst int
}

type problem struct {
	line int
	text string
}

func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, problem{n.Line, fmt.Sprintf(format, args...)})
}

// err lists the problems in the order of the file.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	lines := make([]string, len(r.problems))
	for i, p := range r.problems {
		lines[i] = fmt.Sprintf("%s:%d: %s", r.file, p.line, p.text)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// document finds the keys. The error is of text that is no YAML.
func (r *reader) document(text []byte) (list []*yaml.Node, err error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := d.Decode(&more); err == nil {
		r.wrong(&more, "the file must hold one document, not several")
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	r.object(doc.Content[0], fields{"keys": func(n *yaml.Node, at string) {
		if n = resolve(n); n.Kind != yaml.SequenceNode {
			r.wrong(n, "%s must be a list: each entry begins with a dash", at)
			return
		}
		list = n.Content
	}})
	return list, nil
}
