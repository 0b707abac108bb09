package verbatim

// The factors of composition. docs/verbatims.md has them in a table.
const (
	negatedGood    = -0.8  // "pas bon" is nearly as bad as bon is good
	negatedVery    = -0.5  // "pas très bon" is less
	negatedBad     = -0.5  // "pas mauvais" is faint praise
	negatedBadAll  = -0.85 // "jamais déçu", "aucun souci" are praise
	wishedGood     = -0.5
	wishedBad      = 0.5
	hopedGood      = 0.1
	hopedBad       = 0.5
	contrastBefore = 0.6
	contrastAfter  = 1.25
	askedGood      = 0.4
	shouted        = 1.2
	drawn          = 1.2
	exclaimedEach  = 0.1 // for each sign, up to three
	degreeReach    = 1   // words between a degree and what it is beside
	hopeReach      = 10  // words after a hope or a wish
	anotherReach   = 4
	secondHalf     = 8 // words from ne to its second half
	maxPolarity    = 4
)

// compose works out every item's value, one sentence after the other.
func (a *Analyser) compose(s *Scratch) {
	calm := !s.shouts()
	for from := 0; from < len(s.items); {
		to := from
		for to < len(s.items) && s.items[to].effect != ends {
			to++
		}
		var mark *Token
		if to < len(s.items) {
			mark = &s.tokens[s.items[to].from]
		}
		a.sentence(s, s.items[from:to], mark, calm)
		from = to + 1
	}
}

// shouts reports whether half of the words and more are in capitals: then
// capitals say nothing about any one of them.
func (s *Scratch) shouts() bool {
	words, capitals := 0, 0
	for i := range s.tokens {
		if t := &s.tokens[i]; t.Kind == Word && t.End-t.Start >= 3 {
			words++
			if t.Has(Capitals) {
				capitals++
			}
		}
	}
	return 2*capitals >= words
}

// sentence composes one. mark is what ends it, else nil.
func (a *Analyser) sentence(s *Scratch, items []item, mark *Token, calm bool) {
	state := reading{contrast: lastContrast(items)}
	for i := range items {
		it := &items[i]
		if state.neg != nil && it.from-state.neg.to > a.entries[state.neg.entry].reach {
			state.neg = nil
		}
		switch it.effect {
		case polar:
			a.polar(items, i, &state)
			s.tone(it, mark, calm)
		case parts:
			state.neg, state.hope, state.ne = nil, nil, nil
		case ne:
			state.ne = it
			state.seconded = secondOf(items[i+1:], it)
		case negation, plus:
			a.negation(items, i, &state)
		case contrast:
			state.neg, state.hope, state.ne = nil, nil, nil
			state.after = true
		case unmet, hoped:
			state.hope = it
		case joins, degree, another, small, same, ends, denies, topic, want, stop:
		}
	}
}

// reading is what is in force at a place of a sentence.
type reading struct {
	neg      *item // the negation that reaches on
	ne       *item // the last ne
	seconded *item // the second half that ne waits for
	hope     *item
	contrast int // index of the last contrast; -1 is none
	after    bool
	last     int32 // end of the last polar item that was negated
}

func lastContrast(items []item) int {
	for i := len(items) - 1; i >= 0; i-- {
		if items[i].effect == contrast {
			return i
		}
	}
	return -1
}

// secondOf finds the second half of a French negation: pas, jamais, plus.
func secondOf(items []item, first *item) *item {
	for i := range items {
		it := &items[i]
		switch {
		case it.effect == parts || it.effect == contrast || it.effect == ne || it.from-first.to > secondHalf:
			return nil
		case it.effect == negation || it.effect == plus:
			return it
		}
	}
	return nil
}

// negation begins one, unless it is a "plus" that only compares.
func (a *Analyser) negation(items []item, i int, state *reading) {
	it := &items[i]
	second := state.seconded == it
	if it.effect == plus && !second {
		return
	}
	it.inForce = true
	state.ne, state.seconded = nil, nil
	// "ça marche pas": a bare pas negates what is right before it, when that is a verb.
	if i > 0 && !second && a.entries[it.entry].reach >= bareReach {
		if v := &items[i-1]; v.effect == polar && v.verb && v.to == it.from && v.rules&Negated == 0 {
			negate(v, it, a.entries[it.entry].reach)
			return
		}
	}
	if state.neg != nil && !state.neg.used {
		state.neg.used = true // "sans aucun problème" is one negation
	}
	state.neg = it
}

// negate turns a polarity.
func negate(it, by *item, reach int32) {
	by.used = true
	it.rules |= Negated
	switch {
	case it.value > 0 && it.rules&Stronger != 0:
		it.value *= negatedVery
	case it.value > 0:
		it.value *= negatedGood
	case reach >= thorough:
		it.value *= negatedBadAll
	default:
		it.value *= negatedBad
	}
}

// bareReach is the reach from which a negation turns a verb before it: pas,
// jamais, and not sans.
const bareReach = 4

// thorough is the reach from which a negation is one of the strong: jamais, aucun.
const thorough = 5

// polar changes one polarity by what is in force.
func (a *Analyser) polar(items []item, i int, state *reading) {
	it := &items[i]
	a.degrees(items, i)
	switch {
	case it.closed:
		if state.neg != nil {
			state.neg.used = true
		}
	case state.ne != nil && state.seconded != nil && state.seconded.from > it.from:
		negate(it, state.seconded, a.entries[state.seconded.entry].reach)
		state.last = it.to
	case state.neg != nil && (!state.neg.used || joined(items, i, state)):
		negate(it, state.neg, a.entries[state.neg.entry].reach)
		state.last = it.to
	}
	if h := state.hope; h != nil && it.from-h.to <= hopeReach {
		wish(it, h)
	}
	if nearAnother(items, i) {
		it.value, it.rules = 0, it.rules|OfAnother
	}
	switch {
	case state.contrast < 0:
	case i < state.contrast:
		it.value *= contrastBefore
		it.rules |= BeforeContrast
	default:
		it.value *= contrastAfter
		it.rules |= AfterContrast
	}
}

// joined reports whether "and" or "or" hands the negation of the polarity before
// on to this one: "ni aimable ni efficace".
func joined(items []item, i int, state *reading) bool {
	if i < 2 || items[i-1].effect != joins && (i < 3 || items[i-1].effect != degree || items[i-2].effect != joins) {
		return false
	}
	return state.last != 0 && items[i].from-state.last <= 2
}

// degrees applies the words of degree right before an item.
func (a *Analyser) degrees(items []item, i int) {
	it, at := &items[i], items[i].from
	for k := i - 1; k >= 0 && (items[k].effect == degree || items[k].effect == plus) && at-items[k].to <= degreeReach; k-- {
		at = items[k].from
		f := a.entries[items[k].entry].factor
		if items[k].effect == plus {
			if items[k].inForce { // it negates
				return
			}
			f = 1.1
		}
		items[k].used = true
		it.value *= f
		if f >= 1 {
			it.rules |= Stronger
		} else {
			it.rules |= Weaker
		}
	}
}

func wish(it, by *item) {
	by.used = by.used || by.effect == hoped
	good, bad := float32(wishedGood), float32(wishedBad)
	rule := WishedFor
	if by.effect == hoped {
		good, bad, rule = hopedGood, hopedBad, HopedFor
	}
	if it.value > 0 {
		it.value *= good
	} else {
		it.value *= bad
	}
	it.rules |= rule
}

// nearAnother looks for "ancien", "previous" beside an item, in its clause.
func nearAnother(items []item, i int) bool {
	for k := i - 1; k >= 0 && items[k].effect != parts && items[k].effect != contrast && items[i].from-items[k].to <= anotherReach; k-- {
		if items[k].effect == another {
			return true
		}
	}
	for k := i + 1; k < len(items) && items[k].effect != parts && items[k].effect != contrast && items[k].from-items[i].to <= anotherReach; k++ {
		if items[k].effect == another {
			return true
		}
	}
	return false
}

// tone applies how the sentence ends and how the words are written.
func (s *Scratch) tone(it *item, mark *Token, calm bool) {
	if mark != nil && mark.Has(Question) && it.value > 0 {
		it.value *= askedGood
		it.rules |= Asked
	}
	if mark != nil && mark.Has(Exclaim) {
		it.value *= 1 + exclaimedEach*float32(min(mark.Count, 3))
		it.rules |= Exclaimed
	}
	for i := it.from; i < it.to; i++ {
		if calm && s.tokens[i].Has(Capitals) && it.rules&Shouted == 0 {
			it.value *= shouted
			it.rules |= Shouted
		}
		if s.tokens[i].Has(Lengthened) && it.rules&Drawn == 0 {
			it.value *= drawn
			it.rules |= Drawn
		}
	}
	it.value = max(-maxPolarity, min(maxPolarity, it.value))
}
