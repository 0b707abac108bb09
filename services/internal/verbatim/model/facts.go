package model

import (
	"math"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// The facts are what heads learn from beside words. The first headCount are
// whether the rules have found what each head looks for.
const (
	factOften   = headCount                  // for each dimension, how often the rules have found it
	factFirm    = factOften + dimensionHeads // for each dimension, whether a theme of it is firm
	factWhole   = factFirm + dimensionHeads  // the text names nothing, it is only good or bad
	factLeaning = factWhole + 1              // for each intent, what its weights came to
	factScore   = factLeaning + intentHeads  // the sentiment's score
	factGood    = factScore + 1              // how much is good, and bad
	factBad     = factGood + 1
	factLong    = factBad + 1 // the logarithm of the number of words
	factShort   = factLong + 1
	factEnglish = factShort + 1
	factNumber  = factEnglish + 1         // a number stands in it
	factNone    = factNumber + 1          // the rules have found no dimension
	factSingle  = factNone + 1            // they have found one, and the text is short
	factRefused = factSingle + 1          // for each head, what it looks for was refused: it is then not proposed
	factOne     = factRefused + headCount // the bias
	facts       = factOne + 1
)

// factsOf are the facts of the text that was read last with s. They are rounded,
// so that a last bit decides nothing.
func factsOf(s *verbatim.Scratch, a *verbatim.Analysis) (x [facts]float64) {
	for i := range a.Themes {
		t := &a.Themes[i]
		k := int(t.Dimension) - 1
		x[k] = 1
		if t.Firm {
			x[factFirm+k] = 1
		}
		x[factOften+k] = min(x[factOften+k]+0.25*float64(len(t.Evidence)), 1)
	}
	if s.NamesNothing() {
		x[factWhole] = 1
	}
	dims := x[0] + x[1] + x[2] + x[3]
	if dims == 0 {
		x[factNone] = 1
	}
	if dims == 1 && a.Words < 8 {
		x[factSingle] = 1
	}
	for i := range a.Intents {
		x[dimensionHeads+int(a.Intents[i].Intent)-1] = 1
	}
	for in := verbatim.ChurnRisk; in <= verbatim.Suggestion; in++ {
		x[factLeaning+int(in)-1] = roundScore(min(float64(s.Leaning(in)), 1))
	}
	for in := verbatim.ChurnRisk; in <= verbatim.Suggestion; in++ {
		if s.Refused(in) {
			x[factRefused+dimensionHeads+int(in)-1] = 1
		}
	}
	x[factScore] = roundScore(a.Sentiment.Score)
	x[factGood] = roundScore(a.Sentiment.Good / (a.Sentiment.Good + 2))
	x[factBad] = roundScore(a.Sentiment.Bad / (a.Sentiment.Bad + 2))
	x[factLong] = roundScore(math.Log1p(float64(a.Words)) / 4)
	if a.Words < 6 {
		x[factShort] = 1
	}
	if a.Language == verbatim.English {
		x[factEnglish] = 1
	}
	for _, t := range s.Tokens() {
		if t.Kind == verbatim.Number {
			x[factNumber] = 1
			break
		}
	}
	x[factOne] = 1
	return x
}
