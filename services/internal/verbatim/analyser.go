package verbatim

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"sync"
)

//go:embed data/*.tsv
var embedded embed.FS

// Analyser reads texts. It is safe for concurrent use.
type Analyser struct {
	words   *vocabulary
	tries   [lexica]*trie
	entries []Entry
	version string
	forms   int
	loading Scratch
	scratch sync.Pool
}

// lexiconFiles are the files of each lexicon.
var lexiconFiles = [lexica][]string{
	french:  {"operators.fr.tsv", "emoji.tsv", "sentiment.fr.tsv"},
	english: {"operators.en.tsv", "emoji.tsv", "sentiment.en.tsv"},
}

// New makes an Analyser from the data that the program carries. It takes some
// tens of milliseconds: one is enough for a process.
func New() (*Analyser, error) {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	return Load(data)
}

// Load makes an Analyser from other data: all the files of data/, in fsys's root.
// The error names every line that is wrong.
func Load(fsys fs.FS) (*Analyser, error) {
	a := &Analyser{words: newVocabulary(), entries: make([]Entry, 1)}
	a.scratch.New = func() any { return new(Scratch) }
	digest := sha256.New()
	var errs []error
	read := func(file string) []line {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		_, _ = fmt.Fprintf(digest, "%s %d\n%s", file, len(text), text) // a hash takes everything
		lines, err := parseLines(file, string(text))
		errs = append(errs, err)
		return lines
	}
	errs = append(errs, a.addTongues("language.tsv", read("language.tsv")))
	for l, files := range lexiconFiles {
		a.tries[l] = newTrie()
		for _, file := range files {
			errs = append(errs, a.addEntries(l, file, read(file)))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	a.index()
	a.loading = Scratch{}
	a.version = "lexicon-" + hex.EncodeToString(digest.Sum(nil)[:4])
	return a, nil
}

// Version names the data: two analysers of one version find the same in every
// text, as long as the program is the same.
func (a *Analyser) Version() string { return a.version }

// Sizes are how many entries the data have, and how many forms those stand for.
func (a *Analyser) Sizes() (entries, forms int) { return len(a.entries) - 1, a.forms }

// Entry is an entry of the data, by the number that a Finding has.
func (a *Analyser) Entry(number int32) Entry {
	if number <= 0 || int(number) >= len(a.entries) {
		return Entry{}
	}
	return a.entries[number]
}

func (a *Analyser) addEntries(lexicon int, file string, lines []line) error {
	var errs []error
	for _, l := range lines {
		e, err := entryOf(file, l)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if e.effect == same {
			a.unite(lexicon, l.entries)
			continue
		}
		for _, text := range l.entries {
			e.Text = text
			a.entries = append(a.entries, e)
			if err := a.addForms(lexicon, int32(len(a.entries)-1)); err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %w", file, l.number, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (a *Analyser) addForms(lexicon int, entry int32) error {
	e := a.entries[entry]
	forms, err := expand(e.Text)
	if err != nil {
		return err
	}
	a.forms += len(forms)
	for _, f := range forms {
		if e.effect == small || e.effect == degree || e.effect == ne || e.effect == plus {
			a.words.words[a.words.id(a.foldWord(f.text))].small |= 1 << lexicon
		}
		if e.effect == small {
			continue
		}
		if err := a.insert(lexicon, entry, f); err != nil {
			return err
		}
	}
	return nil
}

// unite makes words one word, the first, for a lexicon.
func (a *Analyser) unite(lexicon int, words []string) {
	head := a.words.id(a.foldWord(words[0]))
	for _, w := range words {
		id := a.words.id(a.foldWord(w))
		a.words.words[id].canon[lexicon] = head
	}
}

// foldWord folds one word as a text's are.
func (a *Analyser) foldWord(w string) string {
	a.loading.Scan(w)
	if len(a.loading.tokens) == 0 {
		return w
	}
	return string(a.loading.Folded(&a.loading.tokens[0]))
}

// splitGaps gives the parts of a form between its gaps.
func splitGaps(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(" "+text+" ", " _ ") {
			if !yield(part) {
				return
			}
		}
	}
}
