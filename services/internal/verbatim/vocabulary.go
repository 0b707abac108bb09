package verbatim

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// language indices of lexica.
const (
	french = iota
	english
	lexica // how many
)

// word is all that is known of one folded word.
type word struct {
	// tongues is a bit for each language that it is a function word of.
	tongues uint16
	// known is a bit for each lexicon whose sentiment has an entry that begins with it.
	known uint8
	// begins is a bit for each layer that has an entry which begins with it.
	begins uint8
	// small is a bit for each lexicon that lets a gap hold it.
	small uint8
	// ne is a bit for each lexicon in which it is the first half of a negation.
	ne uint8
	// denies is how many words it denies, in each lexicon; below 0, after ne only.
	denies [lexica]int8
	// canon is the word that stands for it in each lexicon.
	canon [lexica]int32
	// first is the node of each trie that it leads to.
	first [layers][lexica]int32
}

// The words that stand for any number, and for a name: a word with a capital
// inside a sentence that is in no file. Entries write them so.
const (
	anyNumber = "#"
	anyName   = "@"
)

// vocabulary numbers words. The number 0 is of none.
type vocabulary struct {
	ids          map[string]int32
	words        []word
	number, name int32
}

func newVocabulary() *vocabulary {
	v := &vocabulary{ids: map[string]int32{}, words: make([]word, 1)}
	v.number, v.name = v.id(anyNumber), v.id(anyName)
	return v
}

func (v *vocabulary) id(folded string) int32 {
	if id, ok := v.ids[folded]; ok {
		return id
	}
	id := int32(len(v.words))
	v.ids[folded] = id
	v.words = append(v.words, word{canon: [lexica]int32{id, id}})
	return id
}

// resolve looks every token up.
func (v *vocabulary) resolve(s *Scratch) {
	begins := true // a sentence
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.Kind == Mark || t.Kind == Link {
			begins = t.Has(Ends)
			continue
		}
		t.word = v.ids[string(s.folded[t.foldStart:t.foldEnd])]
		if t.word == 0 {
			t.word = v.unknown(s, t, begins)
		}
		begins = false
	}
}

// unknown is what a word is that is in no file.
func (v *vocabulary) unknown(s *Scratch, t *Token, begins bool) int32 {
	switch {
	case t.Kind == Number:
		return v.number
	case t.Has(Lengthened):
		return v.squeezed(s, t)
	case t.Kind == Word && !begins && isUpperAt(s.text[t.Start:]):
		return v.name
	}
	return 0
}

func isUpperAt(text string) bool {
	if b := text[0]; b < utf8.RuneSelf {
		return 'A' <= b && b <= 'Z'
	}
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsUpper(r)
}

// squeezed looks a lengthened word up with one letter where two were kept:
// "nuuul" is nul, while "coool" was found as cool before.
func (v *vocabulary) squeezed(s *Scratch, t *Token) int32 {
	var one [64]byte
	n := 0
	for _, b := range s.Folded(t) {
		if n > 0 && one[n-1] == b {
			continue
		}
		if n == len(one) {
			return 0
		}
		one[n] = b
		n++
	}
	return v.ids[string(one[:n])]
}

var errPunctuation = errors.New("punctuation is never matched")

// wordsOf are the numbers of the words that a piece of an entry, without spaces,
// is read as. They are valid until the next call.
func (a *Analyser) wordsOf(field string) ([]int32, error) {
	switch field {
	case anyNumber:
		return []int32{a.words.number}, nil
	case anyName:
		return []int32{a.words.name}, nil
	}
	n := a.scanField(field)
	ids := a.ids[:0]
	for i := range n {
		t := &a.loading.tokens[i]
		if t.Kind == Mark || t.Kind == Link {
			return nil, errPunctuation
		}
		ids = append(ids, a.words.id(string(a.loading.Folded(t))))
	}
	a.ids = ids
	return ids, nil
}

// scanField reads a piece of an entry as a text's words are read, and returns how
// many there are. An apostrophe at its end is one before a vowel: l', qu'.
func (a *Analyser) scanField(field string) int {
	if strings.HasSuffix(field, "'") {
		a.loading.Scan(field + "a")
		return len(a.loading.tokens) - 1
	}
	a.loading.Scan(field)
	return len(a.loading.tokens)
}
