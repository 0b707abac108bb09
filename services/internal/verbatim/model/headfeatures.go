package model

import (
	"bytes"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// eachHeadFeature yields the features that heads know of: those of eachFeature but
// for words that only fill, and pairs of them. They would be learnt as the style of
// whoever wrote the examples, and they explain nothing.
func eachHeadFeature(s *verbatim.Scratch, yield func(key uint32, from, to int)) {
	tokens := s.Tokens()
	last, fills := -1, false // the word that was looked at last
	eachFeature(s, func(key uint32, from, to int) {
		if to-1 != last {
			last, fills = to-1, isFiller(s.Folded(&tokens[to-1]))
		}
		if fills && (from == to-1 || isFiller(s.Folded(&tokens[from]))) {
			return
		}
		yield(key, from, to)
	})
}

// isFiller reports whether a folded word only holds others together: articles,
// pronouns, prepositions, forms of to be and to have.
func isFiller(w []byte) bool {
	w = bytes.Trim(w, "'")
	if len(w) > 6 {
		return false
	}
	switch string(w) {
	case "le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "au", "aux", "ce", "cet", "cette", "ces", "c", "cest", "ca", "cela",
		"mon", "ma", "mes", "ton", "ta", "tes", "son", "sa", "ses", "notre", "nos", "votre", "vos", "leur", "leurs",
		"je", "j", "tu", "il", "elle", "on", "nous", "vous", "ils", "elles", "me", "m", "te", "t", "se", "s", "lui", "moi", "toi", "eux", "en", "y",
		"qui", "que", "qu", "quoi", "dont", "ou", "et", "mais", "donc", "or", "si", "car", "comme", "quand", "quel", "quelle",
		"par", "pour", "sur", "dans", "chez", "avec", "a", "est", "sont", "etait", "etre", "ete", "suis", "es", "etes", "soit", "sera",
		"ai", "as", "avons", "avez", "ont", "avait", "avoir", "eu", "fait", "faire", "ne", "n", "tres", "tout", "tous", "toute", "toutes",
		"chaque", "meme", "aussi", "entre", "vers", "sous", "dire", "dit", "rien",
		"the", "an", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their",
		"i", "you", "he", "she", "it", "we", "they", "him", "us", "them", "who", "which", "what", "when", "where", "how", "why",
		"and", "but", "so", "if", "than", "then", "of", "to", "in", "at", "by", "for", "from", "with", "into", "about",
		"is", "are", "was", "were", "be", "been", "being", "am", "has", "have", "had", "do", "does", "did", "will", "would", "can", "could",
		"very", "just", "also", "all", "any", "some", "each", "there", "here", "now", "re", "ve", "ll", "one", "up", "out", "off":
		return true
	}
	return false
}
