package verbatim

import (
	"fmt"
	"strings"
)

// layers of entries. They are found in one pass, each as if the others were not
// there: a theme takes no word from the sentiment.
const (
	tones  = iota // the sentiment, and what changes it
	topics        // the themes that are shipped
	wants         // the intents
	added         // the themes of a deployment
	layers        // how many
)

// trie finds the entries of one layer in one language in a sequence of words.
type trie struct {
	edges map[uint64]int32 // node and word -> node
	nodes []node
	also  map[int32][]int32 // the entries that end at a node beside its own; of intents
}

type node struct {
	entry  int32 // which ends here; 0 is none
	gap    int32 // the node after a gap; 0 is none
	verb   bool  // the entry's form here is a French verb's
	exact  bool  // the entry was written out, without notation
	more   bool  // an edge leads on
	shared bool  // other entries end here, too
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
func (a *Analyser) insert(layer, lexicon int, entry int32, f form) error {
	t, at := a.tries[layer][lexicon], int32(root)
	started := false
	for segment := range splitGaps(f.text) {
		if started {
			at = t.gap(at)
		}
		for field := range strings.FieldsSeq(segment) {
			words, err := a.wordsOf(field)
			if err != nil {
				return fmt.Errorf("%q: %w", f.text, err)
			}
			for _, id := range words {
				at, started = t.step(at, a.words.words[id].canon[lexicon]), true
			}
		}
	}
	if !started {
		return fmt.Errorf("%q: has no word", f.text)
	}
	n := &t.nodes[at]
	if layer == wants && n.entry != 0 {
		a.share(t, at, entry)
		return nil
	}
	exact := f.text == a.entries[entry].Text
	if n.entry == 0 || exact || !n.exact {
		n.entry, n.verb, n.exact = entry, f.verb, exact
	}
	return nil
}

// share lets one form be of several entries: what is said of two intents. What is said of
// one intent on two lines is said once, by the heavier line.
func (a *Analyser) share(t *trie, at, entry int32) {
	n := &t.nodes[at]
	if a.replaces(&n.entry, entry) {
		return
	}
	for i := range t.also[at] {
		if a.replaces(&t.also[at][i], entry) {
			return
		}
	}
	if t.also == nil {
		t.also = map[int32][]int32{}
	}
	t.also[at] = append(t.also[at], entry)
	n.shared = true
}

// replaces reports whether two entries of one form say the same, and leaves the heavier one.
// For and against, and only where it is praise or not, are different things to say.
func (a *Analyser) replaces(known *int32, entry int32) bool {
	old, e := &a.entries[*known], &a.entries[entry]
	if old.intent != e.intent || old.factor > 0 != (e.factor > 0) || (old.traits^e.traits)&praised != 0 {
		return false
	}
	weight, before := max(e.factor, -e.factor), max(old.factor, -old.factor)
	if weight > before || weight == before && e.traits&firm != 0 {
		*known = entry
	}
	return true
}

// index notes beside each word where it leads from the root: what most words
// lead to is nothing, and one look shall tell.
func (a *Analyser) index() {
	for id := range a.words.words {
		w := &a.words.words[id]
		for layer := range layers {
			for l := range lexica {
				if w.first[layer][l] = a.tries[layer][l].edges[edge(root, w.canon[l])]; w.first[layer][l] != 0 {
					w.begins |= 1 << layer
				}
			}
		}
		for l := range lexica {
			if w.first[tones][l] != 0 {
				w.known |= 1 << l
			}
		}
	}
	a.indexNumbers()
}

// indexNumbers lets a number that is in the data lead where any number does, too.
func (a *Analyser) indexNumbers() {
	anyOf := &a.words.words[a.words.number]
	for text, id := range a.words.ids {
		if text[0] < '0' || text[0] > '9' {
			continue
		}
		w := &a.words.words[id]
		w.begins |= anyOf.begins
		for layer := range layers {
			for l := range lexica {
				if w.first[layer][l] == 0 {
					w.first[layer][l] = anyOf.first[layer][l]
				}
			}
		}
	}
}
