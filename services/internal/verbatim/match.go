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

// maxGap is how many small words a gap may hold.
const maxGap = 2

// match fills the items of the tokens in [from,to), by one lexicon or by both.
func (a *Analyser) match(s *Scratch, from, to int, use [lexica]bool) {
	for i := from; i < to; {
		t := &s.tokens[i]
		switch {
		case t.Kind == Mark:
			s.items = append(s.items, item{from: int32(i), to: int32(i + 1), effect: markEffect(t)})
			i++
		case t.word == 0:
			i++
		default:
			i = a.matchAt(s, i, to, use)
		}
	}
}

func markEffect(t *Token) effect {
	if t.Has(Ends) {
		return ends
	}
	return parts
}

// matchAt adds the longest entry that begins at a token, and returns where to go
// on. Of two of one length, the French one is first.
func (a *Analyser) matchAt(s *Scratch, i, to int, use [lexica]bool) int {
	end, best, in := i, int32(0), 0
	w := &a.words.words[s.tokens[i].word]
	for l := range a.tries {
		if !use[l] || w.first[l] == 0 {
			continue
		}
		if n, at := a.longest(s, l, w.first[l], i+1, to); n != 0 && at > end {
			end, best, in = at, n, l
		}
	}
	if best == 0 {
		return i + 1
	}
	n := &a.tries[in].nodes[best]
	e := &a.entries[n.entry]
	head := &a.entries[a.tries[in].nodes[w.first[in]].entry]
	s.items = append(s.items, item{closed: head.effect == negation && end > i+1, entry: n.entry, from: int32(i), to: int32(end), effect: e.effect, verb: n.verb, value: e.Strength})
	return end
}

// longest follows the trie from a node and returns the node of the longest entry
// with the token behind it. Gaps bound how often it branches.
func (a *Analyser) longest(s *Scratch, lexicon int, at int32, i, to int) (found int32, end int) {
	t := a.tries[lexicon]
	for {
		n := &t.nodes[at]
		if n.entry != 0 {
			found, end = at, i
		}
		if n.gap != 0 {
			if f, e := a.overGap(s, lexicon, n.gap, i, to); f != 0 && e >= end {
				found, end = f, e
			}
		}
		if !n.more || i >= to || s.tokens[i].word == 0 || s.tokens[i].Kind == Mark {
			return found, end
		}
		w := a.words.words[s.tokens[i].word].canon[lexicon]
		next := t.edges[edge(at, w)]
		if next == 0 {
			return found, end
		}
		at = next
		i++
	}
}

// overGap goes on behind up to maxGap small words.
func (a *Analyser) overGap(s *Scratch, lexicon int, at int32, i, to int) (found int32, end int) {
	for range maxGap + 1 {
		if i >= to || s.tokens[i].Kind == Mark || s.tokens[i].word == 0 {
			return found, end
		}
		w := &a.words.words[s.tokens[i].word]
		if next := a.tries[lexicon].edges[edge(at, w.canon[lexicon])]; next != 0 {
			if f, e := a.longest(s, lexicon, next, i+1, to); f != 0 && e > end {
				found, end = f, e
			}
		}
		if w.small&(1<<lexicon) == 0 {
			return found, end
		}
		i++
	}
	return found, end
}
