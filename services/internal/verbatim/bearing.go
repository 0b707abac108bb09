package verbatim

import "slices"

// bear gives every hit the polarity of what bears on it, clause by clause: between
// two marks, or a mark and a "mais". The hits and the items are in the order of
// the text, and each is looked at a bounded number of times.
func (a *Analyser) bear(s *Scratch) {
	items, hits := s.items, s.hits
	sentence, sentenceHits, begin := 0, 0, int32(0)
	for i, h := 0, 0; sentenceHits < len(hits); {
		j, end := i, int32(len(s.tokens))
		for j < len(items) && !bounds(items[j].effect) {
			j++
		}
		if j < len(items) {
			end = items[j].from
		}
		k := h
		for k < len(hits) && hits[k].from < end {
			k++
		}
		a.clause(s, items[i:j], hits[h:k], begin, end)
		begin = end
		if h, i = k, j+1; j >= len(items) || items[j].effect == ends {
			a.rest(items[sentence:min(j, len(items))], hits[sentenceHits:k])
			sentence, sentenceHits = i, k
		}
	}
}

func bounds(e effect) bool { return e == parts || e == ends || e == contrast }

// clause gives the hits of one their polarity: their own, else that of the words
// which they share with the sentiment, else that of what is nearest.
func (a *Analyser) clause(s *Scratch, items []item, hits []hit, from, to int32) {
	if len(hits) == 0 {
		return
	}
	a.shared(s, items, hits)
	a.nearest(items, hits, false)
	a.nearest(items, hits, true)
	if a.yield(hits) == last && a.names(s, items, from, to) {
		for h := range hits {
			hits[h].dropped = hits[h].dropped || a.entries[hits[h].entry].traits&last != 0
		}
	}
}

// names reports whether the tokens in [from,to) name something: have a word that is
// neither in an item nor a function word nor small.
func (a *Analyser) names(s *Scratch, items []item, from, to int32) bool {
	for k := from; k < to; k++ {
		for len(items) > 0 && items[0].to <= k {
			items = items[1:]
		}
		if len(items) > 0 && items[0].from <= k || s.tokens[k].Kind != Word {
			continue
		}
		if w := &a.words.words[s.tokens[k].word]; w.tongues == 0 && w.small == 0 {
			return true
		}
	}
	return false
}

// shared sees to hits with a polarity of their own, and to words that are both
// about something and good or bad: "souriant".
func (a *Analyser) shared(s *Scratch, items []item, hits []hit) {
	i := 0
	for h := range hits {
		it, e := &hits[h], &a.entries[hits[h].entry]
		if e.effect != topic {
			continue
		}
		for i < len(items) && items[i].to <= it.from {
			i++
		}
		for k := i; k < len(items) && items[k].from < it.to; k++ {
			switch {
			case items[k].effect != polar:
			case e.traits&plain != 0:
				items[k].effect = small // from here on it bears on nothing
			default:
				items[k].used = int(e.theme) != a.whole
				it.take(&items[k])
			}
		}
		if e.traits&fixed != 0 {
			it.own(e.Strength, s.denied(it))
		}
		it.settled = it.valued
	}
}

func (h *hit) take(it *item) {
	h.value += it.value
	h.rules |= it.rules
	h.valued = h.valued || it.value != 0
}

// own sets an entry's own polarity.
func (h *hit) own(value float32, denied bool) {
	h.valued, h.value, h.rules = true, value, 0
	switch {
	case denied && value > 0:
		h.value, h.rules = value*negatedGood, Negated
	case denied:
		h.value, h.rules = value*negatedBad, Negated
	}
}

// nearest gives each polarity to the hit that it is nearest to, of those which
// have none; at first what is in no hit itself, then all.
func (a *Analyser) nearest(items []item, hits []hit, all bool) {
	before := -1 // the last hit that wants one and begins before the item
	next := a.wanting(hits, 0)
	for i := range items {
		it := &items[i]
		if it.effect != polar || it.value == 0 || it.used && !all {
			continue
		}
		for next < len(hits) && hits[next].from < it.from {
			before, next = next, a.wanting(hits, next+1)
		}
		to := before
		if next < len(hits) && (before < 0 || hits[next].from-it.to < it.from-hits[before].to) {
			to = next
		}
		if to >= 0 {
			hits[to].take(it)
		}
	}
	for h := range hits { // from now on they have one
		hits[h].settled = hits[h].valued
	}
}

// wanting is the first hit of a theme, from one on, that has no polarity.
func (a *Analyser) wanting(hits []hit, h int) int {
	for h < len(hits) && (hits[h].settled || a.entries[hits[h].entry].effect != topic) {
		h++
	}
	return h
}

// yield drops hits that only count where nothing stronger in their clause does:
// "parfait" is about the whole, "livraison parfaite" is not.
func (a *Analyser) yield(hits []hit) (strongest trait) {
	strongest = last + 1
	for h := range hits {
		if e := &a.entries[hits[h].entry]; e.effect == topic {
			strongest = min(strongest, e.traits&(weak|last))
		}
	}
	for h := range hits {
		if e := &a.entries[hits[h].entry]; e.effect == topic && e.traits&(weak|last) > strongest {
			hits[h].dropped = true
		}
	}
	return strongest
}

// rest sees to what is of a whole sentence: a hit that nothing bears on in its
// clause has what is said of nothing ("accueil, lit, repas : tout était parfait"),
// and what may be praise has all that is said.
func (a *Analyser) rest(items []item, hits []hit) {
	var all, free hit
	for i := range items {
		if items[i].effect != polar {
			continue
		}
		if all.take(&items[i]); !items[i].used {
			free.take(&items[i])
		}
	}
	others := slices.ContainsFunc(hits, func(h hit) bool {
		e := &a.entries[h.entry]
		return e.effect == topic && e.traits&last == 0 && !h.dropped
	})
	for h := range hits {
		it, e := &hits[h], &a.entries[hits[h].entry]
		switch {
		case e.traits&last != 0 && others:
			it.dropped = true
		case e.traits&praised != 0:
			it.value = all.value
		case e.effect == topic && !it.valued:
			it.value, it.rules, it.valued = free.value, free.rules, free.valued
		}
	}
}
