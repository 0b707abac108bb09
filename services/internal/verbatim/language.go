package verbatim

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Language is what a text is written in.
type Language uint8

// The languages that are told apart. Every other is Unknown.
const (
	Unknown Language = iota
	French
	English
	// Mixed is French and English, both with weight.
	Mixed
)

// String is as it stands in results: fr, en, mixed or unknown.
func (l Language) String() string {
	return [...]string{"unknown", "fr", "en", "mixed"}[l&3]
}

// tongues are the languages whose function words are counted: those that are
// told apart, and neighbours that must not be taken for them.
var tongues = [...]string{"fr", "en", "es", "it", "pt", "de", "nl", "other"}

const (
	tongueFR = iota
	tongueEN
	tongueES
	tongueIT
	tonguePT
	tongueDE
	tongueNL
	tongueOther
)

// votes are the weights for each of tongues, and the words that were counted.
type votes struct {
	of          [len(tongues)]int32
	words, hits int32
}

// A word that k languages have votes for each with the k-th of these: what is
// French alone says more than what Spanish has, too.
var shares = [...]int32{0, 6, 3, 2, 1, 1, 1, 1, 1}

// knownShare is the vote of a word that only one lexicon has.
const knownShare = 3

func (a *Analyser) addTongues(file string, lines []line) error {
	var errs []error
	for _, l := range lines {
		i := slices.Index(tongues[:], l.what[0])
		if i < 0 || len(l.what) > 1 {
			errs = append(errs, fmt.Errorf("%s:%d: %q is none of %s", file, l.number, strings.Join(l.what, " "), strings.Join(tongues[:], ", ")))
			continue
		}
		for _, entry := range l.entries {
			for w := range strings.FieldsSeq(entry) {
				a.words.words[a.words.id(a.foldWord(w))].tongues |= 1 << i
			}
		}
	}
	return errors.Join(errs...)
}

// vote counts the tokens in [from,to).
func (a *Analyser) vote(s *Scratch, from, to int) (v votes) {
	for i := from; i < to; i++ {
		t := &s.tokens[i]
		if t.Kind != Word {
			continue
		}
		v.words++
		w := &a.words.words[t.word]
		switch {
		case t.Has(Foreign):
			v.of[tongueOther] += shares[1]
		case t.word != 0 && w.tongues != 0:
			v.hits++
			share := shares[bits.OnesCount16(w.tongues)]
			for m := w.tongues; m != 0; m &= m - 1 {
				v.of[bits.TrailingZeros16(m)] += share
			}
		case t.word != 0 && w.known == 1<<french:
			v.hits++
			v.of[tongueFR] += knownShare
		case t.word != 0 && w.known == 1<<english:
			v.hits++
			v.of[tongueEN] += knownShare
		case t.word != 0 && w.known != 0:
			v.hits++
		case t.Has(Accented):
			v.accents(s.text[t.Start:t.End])
		}
	}
	return v
}

// accents votes by the letters of a word that nothing else is known of.
func (v *votes) accents(text string) {
	for _, r := range text {
		switch r {
		case 'é', 'è', 'ê', 'à', 'ç', 'œ', 'î', 'û', 'É':
			v.of[tongueFR]++
		case 'ñ', 'í', 'ó', 'ú':
			v.of[tongueES] += 2
		case 'ä', 'ö', 'ü', 'ß':
			v.of[tongueDE] += 3
		case 'ã', 'õ':
			v.of[tonguePT] += 4
		case 'ì', 'ò', 'ù':
			v.of[tongueIT] += 2
		case 'ø', 'å', 'æ', 'ł', 'ą', 'ę', 'ś', 'ż', 'ğ', 'ş', 'ı', 'ț', 'ș', 'ă', 'ř', 'ě', 'š', 'č', 'ő', 'ű':
			v.of[tongueOther] += 4
		}
	}
}

// Thresholds of the decision.
const (
	leastVotes  = 3    // below, nothing is said
	leastMixed  = 12   // of the weaker language, for a text to be mixed
	mixedShare  = 0.4  // of the stronger's votes
	rivalShare  = 0.8  // of the best's votes: a third language that near makes it unknown
	leastHits   = 0.25 // of the words, in a text of more than fewWords
	fewWords    = 4
	tieDistance = 1.15 // below this ratio neither of fr and en has won
)

// language decides, and says which lexica are of use: none where another
// language has the most votes, both where nothing is known.
func (v *votes) language() (Language, [lexica]bool) {
	fr, en := v.of[tongueFR], v.of[tongueEN]
	rival := slices.Max(v.of[tongueES:])
	best := max(fr, en)
	if rival > best {
		return Unknown, [lexica]bool{}
	}
	if best < leastVotes {
		return Unknown, [lexica]bool{true, true}
	}
	if float64(rival) > rivalShare*float64(best) || v.words > fewWords && float64(v.hits) < leastHits*float64(v.words) {
		return Unknown, [lexica]bool{fr >= en, en > fr}
	}
	weaker := min(fr, en)
	switch {
	case weaker >= leastMixed && float64(weaker) >= mixedShare*float64(best):
		return Mixed, [lexica]bool{true, true}
	case float64(best) < tieDistance*float64(weaker):
		return Unknown, [lexica]bool{true, true}
	case fr > en:
		return French, [lexica]bool{true, false}
	}
	return English, [lexica]bool{false, true}
}
