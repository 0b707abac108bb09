package verbatim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// trait is what a line says of its entries beside what they are of, as a set.
type trait uint8

const (
	// fixed: a theme's entry with a polarity of its own.
	fixed trait = 1 << iota
	// weak: a theme's entry that only counts where its clause has no other.
	weak
	// last: and that only counts where it has nothing that is weak, either.
	last
	// plain: a theme's entry that says nothing good or bad, though the sentiment takes
	// it for a complaint when nothing else is said: "remboursement".
	plain
	// follows: a line of themes that names intents, and not words; the theme is there
	// where one of them is.
	follows
	// firm: an intent's entry that nothing denies.
	firm
	// praised: an intent's entry that only counts where its clause is good.
	praised
)

var traitNames = map[string]trait{"weak": weak, "last": last, "plain": plain, "follows": follows, "firm": firm, "praised": praised}

// themeOf reads the left side of a line of themes: `P product_quality`, then a
// polarity or `weak`; `-` is of no theme.
func (a *Analyser) themeOf(file string, l line) (Entry, error) {
	e := Entry{File: file, Line: l.number, effect: topic}
	if l.what[0] == "-" && len(l.what) == 1 {
		e.effect = stop
		return e, nil
	}
	d, ok := ParseDimension(l.what[0])
	if !ok || len(l.what) < 2 || !isThemeID(l.what[1]) {
		return e, fmt.Errorf("%s:%d: must be a dimension (P, C, R, G) and a theme, or -", file, l.number)
	}
	if e.theme, ok = a.define(l.what[1], d); !ok {
		return e, fmt.Errorf("%s:%d: %s is of dimension %s further up", file, l.number, l.what[1], a.themes[e.theme].dimension.Letter())
	}
	for _, w := range l.what[2:] {
		if v, err := strconv.ParseFloat(w, 32); err == nil && v >= -MaxStrength && v <= MaxStrength {
			e.Strength, e.traits = float32(v), e.traits|fixed
		} else if t := traitNames[w]; t&(weak|last|plain|follows) != 0 {
			e.traits |= t
		} else {
			return e, fmt.Errorf("%s:%d: %q is neither a polarity from -3 to 3 nor weak, last, plain or follows", file, l.number, w)
		}
	}
	return e, nil
}

// MaxThemeID is how long the name of a theme may be.
const MaxThemeID = 64

// isThemeID: lower case, digits and _.
func isThemeID(id string) bool {
	return id != "" && len(id) <= MaxThemeID && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// wantOf reads the left side of a line of intents: `churn_risk`, its weight unless
// it is 1, and `firm` or `praised`.
func (a *Analyser) wantOf(file string, l line) (Entry, error) {
	e := Entry{File: file, Line: l.number, effect: want, factor: 1}
	i := slices.Index(intentNames[:], l.what[0])
	if i <= 0 {
		return e, fmt.Errorf("%s:%d: %q is no intent", file, l.number, l.what[0])
	}
	a.families++
	e.intent, e.family = Intent(i), a.families
	for _, w := range l.what[1:] {
		if v, err := strconv.ParseFloat(w, 32); err == nil && v >= -MaxStrength && v <= 1 {
			e.factor = float32(v)
		} else if t := traitNames[w]; t == firm || t == praised {
			e.traits |= t
		} else {
			return e, fmt.Errorf("%s:%d: %q is neither a weight from -3 to 1 nor firm nor praised", file, l.number, w)
		}
	}
	return e, nil
}
