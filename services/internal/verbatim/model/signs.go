package model

import "github.com/rappel-loop/rappel/services/internal/verbatim"

// The signs are what is known of a text beside its words.
const (
	// signScore is the lexicon's score.
	signScore = iota
	// signAddressed is 1 where the text names an account (@name): it is a message to somebody
	// and no answer to a survey, and whoever writes one is dissatisfied more often.
	signAddressed
	// signAsks is 1 where it asks something.
	signAsks
	// signLength is what n features of the same weight come to: n^(3/8). No more is learnt of
	// it than what words say of texts in general (anchor).
	signLength
	signs
	// learnt are those of which it is learnt what they say.
	learnt = signLength
)

// signsOf are those of the text that was read last with s, of which a is the analysis; n is
// how many features it has.
func signsOf(s *verbatim.Scratch, a *verbatim.Analysis, n int) (out [signs]float64) {
	out[signScore] = roundScore(a.Sentiment.Score)
	out[signLength] = float64(n) * damp(max(n, 1))
	tokens := s.Tokens()
	for i := range tokens {
		switch t := &tokens[i]; {
		case t.Kind == verbatim.Link && t.Has(verbatim.Account):
			out[signAddressed] = 1
		case t.Kind == verbatim.Mark && t.Has(verbatim.Question):
			out[signAsks] = 1
		}
	}
	return out
}
