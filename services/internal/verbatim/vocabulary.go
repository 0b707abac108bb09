package verbatim

import (
	"fmt"
)

// language indices of lexica.
const (
	french = iota
	english
	lexica // how many
)

// word is all that is known of one folded word.
type word struct {
	// tongues is a bit for each language that it is a function word of.
	tongues uint16
	// known is a bit for each lexicon that has an entry which begins with it.
	known uint8
	// small is a bit for each lexicon that lets a gap hold it.
	small uint8
	// canon is the word that stands for it in each lexicon.
	canon [lexica]int32
	// first is the node of each trie that it leads to.
	first [lexica]int32
}

// vocabulary numbers words. The number 0 is of none.
type vocabulary struct {
	ids   map[string]int32
	words []word
}

func newVocabulary() *vocabulary {
	return &vocabulary{ids: map[string]int32{}, words: make([]word, 1)}
}

func (v *vocabulary) id(folded string) int32 {
	if id, ok := v.ids[folded]; ok {
		return id
	}
	id := int32(len(v.words))
	v.ids[folded] = id
	v.words = append(v.words, word{canon: [lexica]int32{id, id}})
	return id
}

// resolve looks every token up.
func (v *vocabulary) resolve(s *Scratch) {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.Kind == Mark || t.Kind == Link {
			continue
		}
		t.word = v.ids[string(s.folded[t.foldStart:t.foldEnd])]
		if t.word == 0 && t.Has(Lengthened) {
			t.word = v.squeezed(s, t)
		}
	}
}

// squeezed looks a lengthened word up with one letter where two were kept:
// "nuuul" is nul, while "coool" was found as cool before.
func (v *vocabulary) squeezed(s *Scratch, t *Token) int32 {
	var one [64]byte
	n := 0
	for _, b := range s.Folded(t) {
		if n > 0 && one[n-1] == b {
			continue
		}
		if n == len(one) {
			return 0
		}
		one[n] = b
		n++
	}
	return v.ids[string(one[:n])]
}

// trie finds the entries of one lexicon in a sequence of words.
type trie struct {
	edges map[uint64]int32 // node and word -> node
	nodes []node
}

type node struct {
	entry int32 // which ends here; 0 is none
	gap   int32 // the node after a gap; 0 is none
	verb  bool  // the entry's form here is a French verb's
	exact bool  // the entry was written out, without notation
	more  bool  // an edge leads on
}

func newTrie() *trie { return &trie{edges: map[uint64]int32{}, nodes: make([]node, 2)} }

// root is where matching begins; 0 is nowhere.
const root = 1

func edge(from, word int32) uint64 { return uint64(uint32(from))<<32 | uint64(uint32(word)) }

func (t *trie) step(from, word int32) int32 {
	key := edge(from, word)
	if to, ok := t.edges[key]; ok {
		return to
	}
	to := t.node()
	t.edges[key] = to
	t.nodes[from].more = true
	return to
}

func (t *trie) node() int32 {
	t.nodes = append(t.nodes, node{})
	return int32(len(t.nodes) - 1)
}

func (t *trie) gap(from int32) int32 {
	if t.nodes[from].gap == 0 {
		to := t.node() // before the assignment: it may move the nodes
		t.nodes[from].gap = to
	}
	return t.nodes[from].gap
}

// insert adds one form of an entry. Of two entries with one form, the one that
// wrote it out wins over notation, and else the later.
func (a *Analyser) insert(lexicon int, entry int32, f form) error {
	t, at := a.tries[lexicon], int32(root)
	s := &a.loading
	first := int32(0)
	for segment := range splitGaps(f.text) {
		if first != 0 {
			at = t.gap(at)
		}
		s.Scan(segment)
		for i := range s.tokens {
			tok := &s.tokens[i]
			if tok.Kind == Mark || tok.Kind == Link {
				return fmt.Errorf("%q: punctuation is never matched", f.text)
			}
			w := a.words.words[a.words.id(string(s.Folded(tok)))].canon[lexicon]
			if at = t.step(at, w); first == 0 {
				first = w
			}
		}
	}
	if first == 0 {
		return fmt.Errorf("%q: has no word", f.text)
	}
	n := &t.nodes[at]
	exact := f.text == a.entries[entry].Text
	if n.entry == 0 || exact || !n.exact {
		n.entry, n.verb, n.exact = entry, f.verb, exact
	}
	return nil
}

// index notes beside each word where it leads from the root: what most words
// lead to is nothing, and one look shall tell.
func (a *Analyser) index() {
	for id := range a.words.words {
		w := &a.words.words[id]
		for l, t := range a.tries {
			if w.first[l] = t.edges[edge(root, w.canon[l])]; w.first[l] != 0 {
				w.known |= 1 << l
			}
		}
	}
}
