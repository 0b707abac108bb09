package verbatim

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// addLines adds the entries of a file.
func (a *Analyser) addLines(src source, lexicon int, lines []line) error {
	var errs []error
	for _, l := range lines {
		if err := a.addLine(src, lexicon, l); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (a *Analyser) addLine(src source, lexicon int, l line) error {
	at := func(err error) error { return fmt.Errorf("%s:%d: %w", src.file, l.number, err) }
	if l.what[0] == "set" && len(l.what) == 2 {
		if err := a.sets[lexicon].define(l.what[1], l.entries); err != nil {
			return at(err)
		}
		return nil
	}
	e, err := a.entryOf(src, l)
	if err != nil {
		return err
	}
	if e.effect == same {
		a.unite(lexicon, l.entries)
		return nil
	}
	if e.traits&follows != 0 {
		if err := a.addFollowing(e, l.entries); err != nil {
			return at(err)
		}
		return nil
	}
	var errs []error
	for _, text := range l.entries {
		if err := a.addEntry(src.layer, lexicon, e, text); err != nil {
			errs = append(errs, at(err))
		}
	}
	return errors.Join(errs...)
}

// addFollowing adds a theme that intents bring with them.
func (a *Analyser) addFollowing(e Entry, names []string) error {
	for _, name := range names {
		i := slices.Index(intentNames[:], name)
		if i <= 0 {
			return fmt.Errorf("%q is no intent", name)
		}
		e.Text = name
		a.entries = append(a.entries, e)
		a.following[i] = int32(len(a.entries) - 1)
	}
	return nil
}

// entryOf reads what a line says that its entries do.
func (a *Analyser) entryOf(src source, l line) (Entry, error) {
	switch src.layer {
	case topics:
		return a.themeOf(src.file, l)
	case wants:
		return a.wantOf(src.file, l)
	}
	return toneOf(src.file, l)
}

// addEntry adds what a text in the notation stands for.
func (a *Analyser) addEntry(layer, lexicon int, e Entry, text string) error {
	if text == "" {
		return errors.New("an entry is empty")
	}
	forms, err := expand(text, a.sets[lexicon])
	if err != nil {
		return err
	}
	e.Text = text
	a.entries = append(a.entries, e)
	a.forms += len(forms)
	for _, f := range forms {
		if !a.note(lexicon, &e, f.text) {
			continue
		}
		if err := a.insert(layer, lexicon, int32(len(a.entries)-1), f); err != nil {
			return err
		}
	}
	return nil
}

// note notes what an operator makes of a word, and reports whether it is an entry,
// too.
func (a *Analyser) note(lexicon int, e *Entry, text string) bool {
	if e.effect != small && e.effect != degree && e.effect != ne && e.effect != plus && e.effect != denies {
		return true
	}
	w := &a.words.words[a.words.id(a.foldWord(text))]
	switch e.effect {
	case denies:
		w.denies[lexicon] = int8(e.reach)
		return false
	case ne:
		w.ne |= 1 << lexicon
	default:
	}
	w.small |= 1 << lexicon
	return e.effect != small
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
	if a.scanField(w) == 0 {
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
