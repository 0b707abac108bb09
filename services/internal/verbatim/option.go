package verbatim

import (
	"errors"
	"fmt"
	"hash"
)

// OwnTheme is a theme that a deployment adds to those that are shipped. Its terms
// are found beside all else and take no words from it.
type OwnTheme struct {
	// ID is its name: lower case, digits and _, at most MaxThemeID. A theme that is
	// shipped may be given more terms, under the dimension that it has.
	ID        string
	Dimension Dimension
	// French and English are its terms, in the notation of docs/verbatims.md.
	French, English []string
	// Polarity is how its terms are spoken of, from -3 to 3; 0 where the words around
	// them tell.
	Polarity float32
	// File and Line are where it was written, for errors and evidence.
	File string
	Line int
}

// Option changes what an Analyser knows.
type Option func(*options)

type options struct{ themes []OwnTheme }

// WithThemes adds themes of a deployment's own.
func WithThemes(themes ...OwnTheme) Option {
	return func(o *options) { o.themes = append(o.themes, themes...) }
}

// addOwn adds them all; the error names everything that is wrong with any.
func (a *Analyser) addOwn(themes []OwnTheme, digest hash.Hash) error {
	var errs []error
	terms := map[string]string{}
	for i := range themes {
		t := &themes[i]
		if err := a.addOne(t, terms); err != nil {
			errs = append(errs, err)
		}
		_, _ = fmt.Fprintf(digest, "%q %d %v %q %q\n", t.ID, t.Dimension, t.Polarity, t.French, t.English) // a hash takes everything
	}
	return errors.Join(errs...)
}

func (a *Analyser) addOne(t *OwnTheme, terms map[string]string) error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%d: theme %q: %w", t.File, t.Line, t.ID, fmt.Errorf(format, args...)))
	}
	e := Entry{File: t.File, Line: t.Line, Strength: t.Polarity, effect: topic}
	if !isThemeID(t.ID) {
		wrong("an id is lower case letters, digits and _, at most %d", MaxThemeID)
	}
	if t.Dimension == 0 || t.Dimension >= dimensions {
		wrong("has no dimension")
	}
	if t.Polarity < -MaxStrength || t.Polarity > MaxStrength {
		wrong("its polarity must be from -3 to 3")
	}
	if t.Polarity != 0 {
		e.traits = fixed
	}
	if len(t.French)+len(t.English) == 0 {
		wrong("has no terms")
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	var ok bool
	if e.theme, ok = a.define(t.ID, t.Dimension); !ok {
		wrong("is of %s", a.themes[e.theme].dimension)
		return errors.Join(errs...)
	}
	a.themes[e.theme].own = true
	for lexicon, texts := range [lexica][]string{french: t.French, english: t.English} {
		for _, text := range texts {
			key := fmt.Sprint(lexicon, text)
			if of := terms[key]; of != "" {
				wrong("%q is a term of %q already", text, of)
				continue
			}
			terms[key] = t.ID
			if err := a.addEntry(added, lexicon, e, text); err != nil {
				wrong("%w", err)
			}
		}
	}
	return errors.Join(errs...)
}
