package verbatim

import "slices"

// What follows lets a model change what rules have found in the text that was read
// last with s, in s's memory: the Analysis must be that text's.

// Leaning is the most that the weights of an intent came to in a sentence, from 0;
// from 1 on, about, the text has the intent.
func (s *Scratch) Leaning(in Intent) float32 { return s.leanings[in] }

// Refused reports whether words of an intent were denied, or others spoke against it.
func (s *Scratch) Refused(in Intent) bool { return s.refused[in] }

// NamesNothing reports whether the text's only theme is the whole, because it is
// good or bad and no words of a theme were found.
func (s *Scratch) NamesNothing() bool { return s.whole }

// Understood reports whether the text's language is none that is known to be
// neither French nor English.
func (s *Scratch) Understood() bool { return s.use != [lexica]bool{} }

// Span is some tokens of a text, [From,To).
type Span struct{ From, To int }

// ProposeTheme adds a dimension that no rule has found, with the words that speak
// for it, in their order. It has the polarity of what is found in their sentences,
// else that of the text.
func (s *Scratch) ProposeTheme(a *Analysis, d Dimension, words []Span) {
	s.themes = append(s.themes, Theme{Dimension: d, Polarity: s.around(a, words), Evidence: s.proof(words)})
	a.Themes = s.themes
}

// ProposeIntent adds an intent that no rule has found, likewise.
func (s *Scratch) ProposeIntent(a *Analysis, in Intent, words []Span) {
	s.intents = append(s.intents, IntentFound{Intent: in, Evidence: s.proof(words)})
	a.Intents = s.intents
}

// WithdrawThemes takes a dimension's themes back, but for those that a deployment
// has defined.
func (s *Scratch) WithdrawThemes(a *Analysis, d Dimension) {
	s.themes = slices.DeleteFunc(s.themes, func(t Theme) bool { return t.Dimension == d && !t.own })
	a.Themes = s.themes
}

// proof makes evidence of spans.
func (s *Scratch) proof(words []Span) []Finding {
	from := len(s.evidence)
	for _, w := range words {
		s.evidence = append(s.evidence, Finding{Start: s.tokens[w.From].Start, End: s.tokens[w.To-1].End, Entry: ByModel})
	}
	return s.evidence[from:len(s.evidence):len(s.evidence)]
}

// around is how the sentences sound that spans are in.
func (s *Scratch) around(a *Analysis, words []Span) Label {
	var good, bad float64
	until := -1
	for _, w := range words {
		if w.From < until {
			continue // in the sentence of the span before
		}
		from, to := s.sentenceOf(w.From)
		until = to
		part := sum(within(a.Findings, s.tokens[from].Start, s.tokens[to-1].End))
		good, bad = good+part.Good, bad+part.Bad
	}
	if good+bad > 0 {
		_, label := judge(good, bad)
		return label
	}
	if a.Sentiment.Good+a.Sentiment.Bad > 0 {
		return a.Sentiment.Label
	}
	return Unsaid
}

// sentenceOf is the tokens of the sentence that a token is in.
func (s *Scratch) sentenceOf(token int) (from, to int) {
	from, to = token, int(s.sentenceEnd(int32(token)))
	for from > 0 && !s.tokens[from-1].Has(Ends) {
		from--
	}
	return from, max(to, token+1)
}

// within are the findings that begin in the bytes [start,end).
func within(findings []Finding, start, end int32) []Finding {
	from := 0
	for from < len(findings) && findings[from].Start < start {
		from++
	}
	to := from
	for to < len(findings) && findings[to].Start < end {
		to++
	}
	return findings[from:to]
}
