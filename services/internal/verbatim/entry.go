package verbatim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// effect is what an entry does to a text.
type effect uint8

const (
	// polar has a polarity of its own.
	polar effect = iota + 1
	// negation turns what follows.
	negation
	// ne is the first half of a French negation: nothing without the second.
	ne
	// plus is more, and after ne no more.
	plus
	// degree makes what it is beside stronger or weaker, by a factor.
	degree
	// contrast makes what follows it in the sentence count more than what went before.
	contrast
	// unmet says that what follows was wished for.
	unmet
	// hoped says that what follows has not happened.
	hoped
	// another says that what is near is about somebody else, or about before.
	another
	// joins hands a negation on: neither kind nor quick.
	joins
	// small is a word that a gap may hold, with no effect of its own.
	small
	// same makes words one word for the lexicon: the, a and an.
	same
	// denies takes what follows from an intent: "je ne changerai pas".
	denies
	// topic is of a theme, want of an intent; stop is of none, and takes its words
	// from what is shorter.
	topic
	want
	stop
	// parts and ends are punctuation.
	parts
	ends
)

var effectNames = map[string]effect{
	"negation": negation, "ne": ne, "plus": plus, "degree": degree, "contrast": contrast, "unmet": unmet,
	"hoped": hoped, "another": another, "joins": joins, "small": small, "same": same, "denies": denies,
}

// MaxStrength bounds an entry's polarity.
const MaxStrength = 3

// Entry is one entry of the data as somebody wrote it.
type Entry struct {
	// Text is the entry in the notation of the file.
	Text string
	// File and Line are where it stands.
	File string
	Line int
	// Strength is its polarity, from -3 to 3; of an operator that is used for
	// nothing, what it says alone.
	Strength float32
	effect   effect
	factor   float32 // of a degree; of an intent, its weight
	reach    int32   // of a negation, or of what denies, in words
	theme    int32   // of a topic: its number
	intent   Intent  // of a want
	family   int32   // of a want: its line
	traits   trait
}

// line is a line of a data file.
type line struct {
	what    []string
	entries []string
	number  int
}

// parseLines reads `what<TAB>entry, entry`. Empty lines and those that begin
// with # are left out.
func parseLines(file, text string) ([]line, error) {
	var out []line
	var errs []error
	for i, row := range strings.Split(text, "\n") {
		row = strings.TrimRight(row, " \r")
		if row == "" || row[0] == '#' {
			continue
		}
		what, rest, ok := strings.Cut(row, "\t")
		l := line{what: strings.Fields(what), number: i + 1}
		for e := range strings.SplitSeq(rest, ",") {
			if e = strings.TrimSpace(e); e != "" {
				l.entries = append(l.entries, e)
			}
		}
		if !ok || len(l.what) == 0 || len(l.entries) == 0 {
			errs = append(errs, fmt.Errorf("%s:%d: must be what it does, a tab, and entries with commas between them", file, i+1))
			continue
		}
		out = append(out, l)
	}
	return out, errors.Join(errs...)
}

// toneOf reads what a line of the sentiment's files says that its entries do.
func toneOf(file string, l line) (Entry, error) {
	e := Entry{File: file, Line: l.number}
	if v, err := strconv.ParseFloat(l.what[0], 32); err == nil {
		e.effect, e.Strength = polar, float32(v)
		if len(l.what) > 1 || v < -MaxStrength || v > MaxStrength {
			return e, fmt.Errorf("%s:%d: a polarity is one number from -3 to 3", file, l.number)
		}
		return e, nil
	}
	e.effect = effectNames[l.what[0]]
	numbers, err := floats(l.what[1:])
	want := map[effect]int{negation: 2, plus: 2, degree: 1, unmet: 1, contrast: 1, denies: 1}[e.effect]
	if e.effect == 0 || err != nil || len(numbers) != want {
		return e, fmt.Errorf("%s:%d: %q is neither a polarity nor an operator with its %d numbers", file, l.number, strings.Join(l.what, " "), want)
	}
	switch e.effect {
	case negation, plus:
		e.Strength, e.reach = -numbers[0], int32(numbers[1])
	case degree:
		e.factor = numbers[0]
	case denies:
		e.reach = int32(numbers[0])
	case unmet, contrast:
		e.Strength = -numbers[0]
	default:
	}
	return e, nil
}

func floats(words []string) ([]float32, error) {
	out := make([]float32, len(words))
	for i, w := range words {
		v, err := strconv.ParseFloat(w, 32)
		if err != nil {
			return nil, err
		}
		out[i] = float32(v)
	}
	return out, nil
}
