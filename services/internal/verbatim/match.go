package verbatim

// item is what the lexicon, or punctuation, has to say at a place.
type item struct {
	entry    int32
	from, to int32 // tokens
	effect   effect
	verb     bool // a French verb's form
	used     bool // an operator that has changed something
	closed   bool // an entry that holds its own negation: "aucun souci"
	inForce  bool // a negation, or a plus that is one
	value    float32
	rules    Rule
}

// hit is an entry of a theme or an intent at a place.
type hit struct {
	entry    int32
	from, to int32 // tokens
	value    float32
	rules    Rule
	valued   bool // something bears on it
	settled  bool // nothing more shall
	dropped  bool // it does not count
}

// maxGap is how many small words a gap may hold.
const maxGap = 2

// match fills the items and the hits of the tokens in [from,to), by one lexicon
// or by both.
func (a *Analyser) match(s *Scratch, from, to int, use [lexica]bool) {
	var free [layers]int // where each layer may go on
	for i := from; i < to; i++ {
		t := &s.tokens[i]
		if t.Kind == Mark {
			s.items = append(s.items, item{from: int32(i), to: int32(i + 1), effect: markEffect(t)})
			continue
		}
		begins := a.words.words[t.word].begins
		for layer := 0; begins != 0; layer, begins = layer+1, begins>>1 {
			if begins&1 != 0 && i >= free[layer] {
				free[layer] = a.matchAt(s, layer, i, to, use)
			}
		}
	}
}

func markEffect(t *Token) effect {
	if t.Has(Ends) {
		return ends
	}
	return parts
}

// matchAt adds the longest entry of a layer that begins at a token, and returns
// where the layer goes on. Of two of one length, the French one is first. Of the
// intents it adds all that begin there: one may lie in another.
func (a *Analyser) matchAt(s *Scratch, layer, i, to int, use [lexica]bool) int {
	end, best, in := i, int32(0), 0
	w := &a.words.words[s.tokens[i].word]
	s.begin = int32(i)
	for l, first := range w.first[layer] {
		if !use[l] || first == 0 {
			continue
		}
		if n, at := a.longest(s, layer, l, first, i+1, to); n != 0 && at > end {
			end, best, in = at, n, l
		}
	}
	if best == 0 || layer == wants {
		return i + 1
	}
	t := a.tries[layer][in]
	n := &t.nodes[best]
	if layer != tones {
		if a.entries[n.entry].effect != stop {
			s.hits = append(s.hits, hit{entry: n.entry, from: int32(i), to: int32(end)})
		}
		return end
	}
	e, head := &a.entries[n.entry], &a.entries[t.nodes[w.first[layer][in]].entry]
	s.items = append(s.items, item{closed: head.effect == negation && end > i+1, entry: n.entry, from: int32(i), to: int32(end), effect: e.effect, verb: n.verb, value: e.Strength})
	return end
}

// want adds the hits of intents that end at a node.
func (s *Scratch) want(t *trie, at int32, end int) {
	s.hits = append(s.hits, hit{entry: t.nodes[at].entry, from: s.begin, to: int32(end)})
	if t.nodes[at].shared {
		for _, e := range t.also[at] {
			s.hits = append(s.hits, hit{entry: e, from: s.begin, to: int32(end)})
		}
	}
}

// longest follows the trie from a node and returns the node of the longest entry
// with the token behind it. Gaps bound how often it branches.
func (a *Analyser) longest(s *Scratch, layer, lexicon int, at int32, i, to int) (found int32, end int) {
	t := a.tries[layer][lexicon]
	for {
		n := &t.nodes[at]
		if n.entry != 0 {
			found, end = at, i
			if layer == wants {
				s.want(t, at, i)
			}
		}
		if n.gap != 0 {
			if f, e := a.overGap(s, layer, lexicon, n.gap, i, to); f != 0 && e >= end {
				found, end = f, e
			}
		}
		if !n.more || i >= to || s.tokens[i].word == 0 || s.tokens[i].Kind == Mark {
			return found, end
		}
		next := a.follow(s, t, lexicon, at, i)
		if next == 0 {
			return found, end
		}
		at = next
		i++
	}
}

// follow is the node that a token leads to. A number leads where any number does,
// unless an entry has that very one.
func (a *Analyser) follow(s *Scratch, t *trie, lexicon int, at int32, i int) int32 {
	s.steps++
	tok := &s.tokens[i]
	next := t.edges[edge(at, a.words.words[tok.word].canon[lexicon])]
	if next == 0 && tok.Kind == Number {
		next = t.edges[edge(at, a.words.number)]
	}
	return next
}

// overGap goes on behind up to maxGap small words.
func (a *Analyser) overGap(s *Scratch, layer, lexicon int, at int32, i, to int) (found int32, end int) {
	for range maxGap + 1 {
		if i >= to || s.tokens[i].Kind == Mark || s.tokens[i].word == 0 {
			return found, end
		}
		if next := a.follow(s, a.tries[layer][lexicon], lexicon, at, i); next != 0 {
			if f, e := a.longest(s, layer, lexicon, next, i+1, to); f != 0 && e > end {
				found, end = f, e
			}
		}
		if a.words.words[s.tokens[i].word].small&(1<<lexicon) == 0 {
			return found, end
		}
		i++
	}
	return found, end
}
