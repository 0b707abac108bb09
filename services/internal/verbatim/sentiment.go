package verbatim

import "slices"

// Label is the sentiment in a word.
type Label uint8

// The labels. Neutral is also what nothing is known of: little confidence.
const (
	Neutral Label = iota
	Negative
	Positive
	// Unsaid is of a theme that is only mentioned; no text is.
	Unsaid
)

// String is as it stands in results; empty for Unsaid.
func (l Label) String() string { return [...]string{"neutral", "negative", "positive", ""}[l&3] }

// Finding is a piece of evidence: a place of the text that bears on the sentiment.
type Finding struct {
	// Start and End are bytes of the text as it was given.
	Start, End int32
	// Entry is the number of the entry that was found there; see Analyser.Entry.
	Entry int32
	// Strength is what the entry says, Polarity what is left of it here.
	Strength, Polarity float32
	// Rules are what changed it.
	Rules Rule
}

// Sentiment is how a text sounds.
//
//	Score = (Good - w × Bad) / (Good + w × Bad + k),  w = 1.3, k = 1.2
//
// where Good is the sum of the positive polarities and Bad of the negative ones
// without their sign. Faint ones, whose entry says 1 or less, count f of themselves:
//
//	f = 1 / (1 + all other polarities without their signs / 4)
//
// because a long text has many, of no meaning beside what it says plainly. Bad weighs more,
// because polite words stand in angry texts more often than the reverse; k keeps one faint
// word from deciding. The label is Neutral within ±0.15.
type Sentiment struct {
	// Score is from -1 to 1; 0 where nothing was found.
	Score float64
	// Good and Bad are the strengths of both parts, from 0.
	Good, Bad float64
	Label     Label
}

// The constants of the formula.
const (
	badWeight   = 1.3
	damping     = 1.2
	neutralBand = 0.15
	faint       = 1 // the strength up to which a word is
	outspoken   = 4 // so much of other words halves what faint ones count
	// fewest words: in a shorter text an operator says nothing ("Rien.", "Nothing.").
	fewest = 3
)

// Analysis is all that was found in a text.
type Analysis struct {
	Language  Language
	Sentiment Sentiment
	// Findings are the evidence, in the order of the text.
	Findings []Finding
	// Themes are what it is about, each once, in the order of the text; those that only
	// an intent brought come last.
	Themes []Theme
	// Intents are what its writer wants or announces, each once.
	Intents []IntentFound
	// Words are how many there were.
	Words int
	// Cut says that the text was longer than MaxText and the rest was not read.
	Cut bool
}

// Analyse reads a text. The Analysis shares s's memory: it is valid until the next
// text is read with s.
func (a *Analyser) Analyse(s *Scratch, text string) Analysis {
	s.Scan(text)
	a.words.resolve(s)
	s.forget()
	s.votes = a.vote(s, 0, len(s.tokens))
	language, use := s.votes.language()
	s.use = use
	if language == Mixed {
		a.matchMixed(s)
	} else {
		a.match(s, 0, len(s.tokens), use)
	}
	a.compose(s)
	a.collect(s)
	sentiment := sum(s.findings)
	if len(s.hits) > 0 {
		a.deny(s)
		a.bear(s)
		a.wantsOf(s, sentiment)
	}
	a.themesOf(s, sentiment.Label)
	return Analysis{
		Language: language, Sentiment: sentiment, Findings: s.findings, Themes: s.themes, Intents: s.intents,
		Words: int(s.votes.words), Cut: s.cut,
	}
}

// Read reads a text and returns an Analysis of its own.
func (a *Analyser) Read(text string) Analysis {
	s := a.scratch.Get().(*Scratch)
	defer a.scratch.Put(s)
	out := a.Analyse(s, text)
	out.Findings = slices.Clone(out.Findings)
	out.Themes, out.Intents = slices.Clone(out.Themes), slices.Clone(out.Intents)
	for i := range out.Themes {
		out.Themes[i].Evidence = slices.Clone(out.Themes[i].Evidence)
	}
	for i := range out.Intents {
		out.Intents[i].Evidence = slices.Clone(out.Intents[i].Evidence)
	}
	return out
}

// matchMixed matches each sentence by the lexicon of its own language.
func (a *Analyser) matchMixed(s *Scratch) {
	for from := 0; from < len(s.tokens); {
		to := from
		for to < len(s.tokens) && !s.tokens[to].Has(Ends) {
			to++
		}
		to = min(to+1, len(s.tokens))
		v := a.vote(s, from, to)
		_, use := v.language()
		if fr, en := v.of[tongueFR], v.of[tongueEN]; fr != en {
			use = [lexica]bool{fr > en, en > fr}
		}
		a.match(s, from, to, use)
		from = to
	}
}

// collect makes findings of the items that say something.
func (a *Analyser) collect(s *Scratch) {
	for i := range s.items {
		it := &s.items[i]
		value, rules := it.value, it.rules
		switch it.effect {
		case polar:
			if value == 0 && rules == 0 {
				continue
			}
		case negation, plus, unmet, contrast:
			if it.used || value == 0 || it.effect == plus && !it.inForce || s.votes.words < fewest {
				continue
			}
			rules |= Alone
		default:
			continue
		}
		s.findings = append(s.findings, Finding{
			Start: s.tokens[it.from].Start, End: s.tokens[it.to-1].End,
			Entry: it.entry, Strength: a.entries[it.entry].Strength, Polarity: value, Rules: rules,
		})
	}
}

// sum adds up what was found.
func sum(findings []Finding) Sentiment {
	var out, hinted Sentiment
	for i := range findings {
		to := &out
		if s := findings[i].Strength; -faint <= s && s <= faint {
			to = &hinted
		}
		if p := float64(findings[i].Polarity); p > 0 {
			to.Good += p
		} else {
			to.Bad -= p
		}
	}
	f := 1 / (1 + (out.Good+out.Bad)/outspoken)
	out.Good += f * hinted.Good
	out.Bad += f * hinted.Bad
	out.Score, out.Label = judge(out.Good, out.Bad)
	return out
}

// judge is the formula.
func judge(good, bad float64) (score float64, label Label) {
	bad *= badWeight
	score = (good - bad) / (good + bad + damping)
	switch {
	case score > neutralBand:
		label = Positive
	case score < -neutralBand:
		label = Negative
	}
	return score, label
}
