package model

import (
	"math"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

const (
	bucketBits = 17
	buckets    = 1 << bucketBits
	// negationReach is how many words behind a negation are marked as negated.
	negationReach = 3
	// stem is how many bytes of a longer word stand for its family.
	stem = 5
)

// What is neighbour to a word at a clause's begin, behind an address, or behind
// a number: any of these is one word.
const (
	atBegin uint64 = iota + 1
	atLink
	atNumber
)

// Each sort of feature is hashed by a multiplier of its own (odd numbers without
// pattern: the fractional parts of the golden ratio and of the roots of 2, 3, 5).
const (
	asWord    = 0x9e3779b97f4a7c15
	asPair    = 0x6a09e667f3bcc909
	asNegated = 0xbb67ae8584caa73b
	asStem    = 0x3c6ef372fe94f82b
)

// eachFeature calls yield with every feature of the text that was read last with
// s: its key, whose highest bits are its bucket, and its tokens, [from,to).
func eachFeature(s *verbatim.Scratch, yield func(key uint32, from, to int)) {
	before, first, negated := atBegin, 0, 0
	tokens := s.Tokens()
	for i := range tokens {
		t := &tokens[i]
		switch t.Kind {
		case verbatim.Mark:
			before, negated = atBegin, 0
			continue
		case verbatim.Link:
			before = atLink
			continue
		case verbatim.Number:
			before = atNumber
			continue
		case verbatim.Word, verbatim.Emoji:
		}
		w := s.Folded(t)
		h := hash(w)
		if before <= atNumber {
			first = i
		}
		yield(key(h, asWord), i, i+1)
		yield(key(h+before*3, asPair), first, i+1)
		if negated > 0 {
			yield(key(h, asNegated), i, i+1)
			negated--
		}
		if len(w) > stem {
			yield(key(hash(w[:stem]), asStem), i, i+1)
		}
		if negates(w) {
			negated = negationReach
		}
		before, first = h, i
	}
}

// hash is FNV-1a, of 64 bits.
func hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// key mixes (the finaliser of MurmurHash3, with another multiplier for each sort)
// and takes the highest bits.
func key(h, sort uint64) uint32 {
	h = (h ^ h>>33) * sort
	h = (h ^ h>>29) * 0xff51afd7ed558ccd
	return uint32(h >> 32)
}

// bucket is that of a key.
func bucket(key uint32) uint32 { return key >> (32 - bucketBits) }

// negates reports whether a folded word turns what follows it. It is coarser than
// the lexicon's rules, which know where a negation ends; the model learns what is
// left of a negated word.
func negates(w []byte) bool {
	switch string(w) {
	case "pas", "jamais", "aucun", "aucune", "sans", "ni", "rien", "guere",
		"not", "never", "no", "nothing", "without", "cannot", "nor", "none", "nobody",
		"dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "werent", "cant", "couldnt",
		"wont", "wouldnt", "hasnt", "havent", "hadnt", "shouldnt":
		return true
	}
	return false
}

// damp is n^(-5/8), by square roots, which are exact on every machine.
func damp(n int) float64 {
	half := math.Sqrt(float64(n))
	return 1 / (half * math.Sqrt(math.Sqrt(half)))
}

// roundScore is the lexicon's score in steps of 1/256, so that its last bit
// decides nothing.
func roundScore(score float64) float64 { return math.Round(score*256) / 256 }
