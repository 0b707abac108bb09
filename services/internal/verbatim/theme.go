package verbatim

import (
	"slices"
)

// Theme is something that a text is about.
type Theme struct {
	// ID is its name in the data, as delivery_time; empty where no more than the
	// dimension is known.
	ID string
	// Dimension is what it belongs to.
	Dimension Dimension
	// Polarity is how it is spoken of; Unsaid where it is only mentioned.
	Polarity Label
	// Evidence is where, in the order of the text. Strength is what the entry says
	// by itself, Polarity what it comes to there, with what bears on it.
	Evidence []Finding
	// Firm says that it has evidence of its own: not only words that count where no
	// others do, an intent, or how the text sounds.
	Firm bool
	// own says that a deployment has defined it, or given it terms.
	own bool
}

// definition is a theme of the data.
type definition struct {
	id        string
	dimension Dimension
	own       bool
}

// wholeTheme is the theme of a text that says how it is and not what is.
const wholeTheme = "satisfaction"

// define is the number of a theme; the first line that names it decides its
// dimension, and ok is false if another one says otherwise.
func (a *Analyser) define(id string, d Dimension) (number int32, ok bool) {
	for i := range a.themes {
		if a.themes[i].id == id {
			return int32(i), a.themes[i].dimension == d
		}
	}
	a.themes = append(a.themes, definition{id: id, dimension: d})
	return int32(len(a.themes) - 1), true
}

// ThemesKnown yields every theme of the data with its dimension, in their order.
func (a *Analyser) ThemesKnown() []Theme {
	out := make([]Theme, len(a.themes))
	for i, d := range a.themes {
		out[i] = Theme{ID: d.id, Dimension: d.dimension, Polarity: Unsaid}
	}
	return out
}

// themesOf makes themes of the hits: each once, in the order of the text.
func (a *Analyser) themesOf(s *Scratch, tone Label) {
	s.places = emptied(s.places, len(a.themes))
	for i := range s.hits {
		if h := &s.hits[i]; !h.dropped && a.entries[h.entry].effect == topic {
			p := &s.places[a.entries[h.entry].theme]
			if p.count++; p.count == 1 {
				s.order = append(s.order, a.entries[h.entry].theme)
			}
			p.add(h)
			p.firm = p.firm || a.entries[h.entry].traits&(weak|last) == 0
		}
	}
	s.room()
	for i := range s.hits {
		if h := &s.hits[i]; !h.dropped && a.entries[h.entry].effect == topic {
			p := &s.places[a.entries[h.entry].theme]
			s.evidence[p.next] = s.finding(h, a.entries[h.entry].Strength, h.value)
			p.next++
		}
	}
	for _, n := range s.order {
		p, d := &s.places[n], &a.themes[n]
		s.themes = append(s.themes, Theme{ID: d.id, Dimension: d.dimension, Polarity: p.label(), Firm: p.firm, own: d.own, Evidence: s.evidence[p.next-p.count : p.next : p.next]})
	}
	a.followed(s)
	if len(s.themes) == 0 {
		a.wholeOf(s, tone)
	}
}

// followed adds the themes that intents bring with them, or tells how those are
// spoken of that words have named.
func (a *Analyser) followed(s *Scratch) {
	for i := range s.intents {
		n := a.following[s.intents[i].Intent]
		if n == 0 {
			continue
		}
		e := &a.entries[n]
		d := &a.themes[e.theme]
		k := slices.IndexFunc(s.themes, func(t Theme) bool { return t.ID == d.id })
		if k < 0 {
			k = len(s.themes)
			s.themes = append(s.themes, Theme{ID: d.id, Dimension: d.dimension, Polarity: Unsaid, own: d.own, Evidence: s.intents[i].Evidence})
		}
		if e.traits&fixed != 0 {
			s.themes[k].Polarity = leaning(e.Strength)
		}
	}
}

// leaning is the label of an entry's own polarity.
func leaning(strength float32) Label {
	if strength > 0 {
		return Positive
	}
	return Negative
}

// place is what there is of a theme in a text.
type place struct {
	count, next int
	good, bad   float64
	valued      bool
	firm        bool
}

func (p *place) add(h *hit) {
	p.valued = p.valued || h.valued
	if h.value > 0 {
		p.good += float64(h.value)
	} else {
		p.bad -= float64(h.value)
	}
}

func (p *place) label() Label {
	if !p.valued {
		return Unsaid
	}
	_, label := judge(p.good, p.bad)
	return label
}

// room makes room for the evidence of each theme, one after the other.
func (s *Scratch) room() {
	at := len(s.evidence)
	for _, n := range s.order {
		s.places[n].next = at
		at += s.places[n].count
	}
	s.evidence = slices.Grow(s.evidence, at-len(s.evidence))[:at]
}

// wholeOf says that a text with a sentiment and no theme is about the whole.
func (a *Analyser) wholeOf(s *Scratch, tone Label) {
	if tone == Neutral || a.whole < 0 {
		return
	}
	s.whole = true
	d := &a.themes[a.whole]
	s.themes = append(s.themes, Theme{ID: d.id, Dimension: d.dimension, Polarity: tone, own: d.own, Evidence: s.findings})
}

// finding is a hit as evidence.
func (s *Scratch) finding(h *hit, strength, polarity float32) Finding {
	return Finding{
		Start: s.tokens[h.from].Start, End: s.tokens[h.to-1].End,
		Entry: h.entry, Strength: strength, Polarity: polarity, Rules: h.rules,
	}
}

// emptied is a slice of n zeros in the memory of another.
func emptied[T any](memory []T, n int) []T {
	memory = slices.Grow(memory[:0], n)[:n]
	clear(memory)
	return memory
}
