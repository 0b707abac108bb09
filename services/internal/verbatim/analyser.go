package verbatim

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

//go:embed data/*.tsv
var embedded embed.FS

// Analyser reads texts. It is safe for concurrent use.
type Analyser struct {
	words     *vocabulary
	tries     [layers][lexica]*trie
	sets      [lexica]sets
	entries   []Entry
	themes    []definition
	whole     int // the theme of a text that names none; -1 is none
	families  int32
	following [intents]int32 // the entry of the theme that an intent brings with it; 0 is none
	version   string
	forms     int
	loading   Scratch
	ids       []int32
	scratch   sync.Pool
}

// source is a file of a lexicon, and the layer that its entries are of.
type source struct {
	file  string
	layer int
}

// sources are the files of each lexicon, in the order in which they are read.
var sources = [lexica][]source{
	french:  {{"operators.fr.tsv", tones}, {"emoji.tsv", tones}, {"sentiment.fr.tsv", tones}, {"themes.fr.tsv", topics}, {"intents.fr.tsv", wants}},
	english: {{"operators.en.tsv", tones}, {"emoji.tsv", tones}, {"sentiment.en.tsv", tones}, {"themes.en.tsv", topics}, {"intents.en.tsv", wants}},
}

// New makes an Analyser from the data that the program carries. It takes some
// tenths of a second: one is enough for a process.
func New(opts ...Option) (*Analyser, error) {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	return Load(data, opts...)
}

// Load makes an Analyser from other data: all the files of data/, in fsys's root.
// The error names every line that is wrong.
func Load(fsys fs.FS, opts ...Option) (*Analyser, error) {
	var with options
	for _, o := range opts {
		o(&with)
	}
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
	for l := range sources {
		a.sets[l] = sets{}
		for layer := range a.tries {
			a.tries[layer][l] = newTrie()
		}
		for _, src := range sources[l] {
			errs = append(errs, a.addLines(src, l, read(src.file)))
		}
	}
	a.whole = slices.IndexFunc(a.themes, func(d definition) bool { return d.id == wholeTheme })
	errs = append(errs, a.addOwn(with.themes, digest))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	a.index()
	a.loading, a.ids = Scratch{}, nil
	a.version = "lexicon-" + hex.EncodeToString(digest.Sum(nil)[:4])
	return a, nil
}

// Version names the data: two analysers of one version find the same in every
// text, as long as the program is the same.
func (a *Analyser) Version() string { return a.version }

// Sizes are how many entries the data have, and how many forms those stand for.
func (a *Analyser) Sizes() (entries, forms int) { return len(a.entries) - 1, a.forms }

// ByModel is the number of the entry of findings that no entry of the data made,
// but a model's weights: its text is `model`, and it has no file.
const ByModel int32 = -1

// Entry is an entry of the data, by the number that a Finding has.
func (a *Analyser) Entry(number int32) Entry {
	if number == ByModel {
		return Entry{Text: "model"}
	}
	if number <= 0 || int(number) >= len(a.entries) {
		return Entry{}
	}
	return a.entries[number]
}
