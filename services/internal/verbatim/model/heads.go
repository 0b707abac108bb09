package model

import (
	"math"
	"math/bits"
	"slices"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// The heads: one for each dimension, then one for each intent.
const (
	dimensionHeads = 4
	intentHeads    = 8
	headCount      = dimensionHeads + intentHeads
)

// MaxHeadFeatures bounds how many words and pairs heads have weights for, and so
// what an encoded model can come to.
const MaxHeadFeatures = 24 << 10

// never is a limit that no logit reaches.
const never = 1e5

// heads are twelve logistic regressions over the same features.
type heads struct {
	dense [facts][headCount]float32
	// scale is what a step of each head's weights is worth.
	scale [headCount]float32
	// add is above what logit something is found that no rule has found, drop below
	// which what a rule has found is not believed. Drop is -never for intents.
	add, drop [headCount]float32
	keys      []uint32 // sorted
	weights   [][headCount]int8
	slots     []slot // of the keys, by open addressing
}

type slot struct {
	key uint32
	row int32 // plus 1; 0 is none
}

// wordsLeast is how many words a text must have for heads to judge it: of one word
// the rules know all there is.
const wordsLeast = 2

// Refine lets what was learnt change what rules have found in the text that was
// read last with s, of which a is the analysis. It adds dimensions, as themes
// without an ID, and intents, where the words speak for them; their evidence is the
// words that speak the most, and their entry verbatim.ByModel. It takes dimensions
// back that the words speak against, but no intent and no theme of a deployment's
// own. It does not allocate once s has grown. A model without heads changes nothing.
func (m *Model) Refine(s *verbatim.Scratch, a *verbatim.Analysis) {
	h := m.heads
	if h == nil || a.Words < wordsLeast || !s.Understood() {
		return
	}
	x := factsOf(s, a)
	z := h.logits(s, &x)
	found := x[:headCount]
	for k := range z {
		switch {
		case found[k] == 0 && z[k] > float64(h.add[k])+reserve(&x, k):
			h.propose(s, a, k)
		case found[k] != 0 && z[k] < float64(h.drop[k])-trust(&x, k):
			s.WithdrawThemes(a, verbatim.Dimension(k+1))
		}
	}
}

// wary is how much more it takes to find what the facts do not suggest: another
// dimension in a short text in which the rules have found one; any in a few words that
// are neither good nor bad and name none; that somebody satisfied leaves or is in
// need; that somebody who complains praises.
const wary = 0.9

// reserve is what more it takes for head k to propose something, given the facts.
func reserve(x *[facts]float64, k int) float64 {
	const (
		churn  = dimensionHeads + int(verbatim.ChurnRisk) - 1
		urgent = dimensionHeads + int(verbatim.Urgent) - 1
		praise = dimensionHeads + int(verbatim.StaffPraised) - 1
	)
	score := x[factScore]
	switch {
	case x[factRefused+k] != 0:
		return never
	case k < dimensionHeads && (x[factSingle] != 0 || x[factNone] != 0 && x[factShort] != 0 && x[factGood]+x[factBad] == 0):
		return wary
	case (k == churn || k == urgent) && score > 0.5, k == praise && score <= 0.15 && x[factBad] > 0:
		return 2 * wary
	}
	return 0
}

// trust is how much more it takes to disbelieve what the rules have found for head k.
func trust(x *[facts]float64, k int) float64 {
	switch {
	case k >= dimensionHeads:
		return never
	case x[factFirm+k] != 0:
		return firmTrust
	}
	return 0
}

// firmTrust is that of a theme's own words.
const firmTrust = 1

// logits are what each head says.
func (h *heads) logits(s *verbatim.Scratch, x *[facts]float64) (z [headCount]float64) {
	var sums [headCount]int32
	n := 0
	eachHeadFeature(s, func(key uint32, _, _ int) {
		n++
		if w := h.of(key); w != nil {
			for k := range w {
				sums[k] += int32(w[k])
			}
		}
	})
	damped := headDamp(n)
	for k := range z {
		z[k] = damped * float64(h.scale[k]) * float64(sums[k])
	}
	for f := range x {
		if x[f] != 0 {
			for k := range z {
				z[k] += x[f] * float64(h.dense[f][k])
			}
		}
	}
	return z
}

// of are the weights of a feature; nil is none.
func (h *heads) of(key uint32) *[headCount]int8 {
	mask := uint32(len(h.slots) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		switch t := h.slots[i]; {
		case t.row == 0:
			return nil
		case t.key == key:
			return &h.weights[t.row-1]
		}
	}
}

// index makes the slots.
func (h *heads) index() *heads {
	h.slots = make([]slot, 1<<bits.Len(uint(2*len(h.keys))))
	mask := uint32(len(h.slots) - 1)
	for r, key := range h.keys {
		i := key & mask
		for h.slots[i].row != 0 {
			i = (i + 1) & mask
		}
		h.slots[i] = slot{key: key, row: int32(r + 1)}
	}
	return h
}

// proofs are how many places are evidence at most.
const proofs = 3

// propose adds what head k found, unless no word speaks for it.
func (h *heads) propose(s *verbatim.Scratch, a *verbatim.Analysis, k int) {
	var best [proofs]struct {
		weight int8
		span   verbatim.Span
	}
	eachHeadFeature(s, func(key uint32, from, to int) {
		w := h.of(key)
		if w == nil || w[k] <= best[proofs-1].weight {
			return
		}
		at := proofs - 1
		for i := range best { // a word or a pair that overlaps with another is one place
			if b := &best[i]; b.weight > 0 && from < b.span.To && b.span.From < to {
				if w[k] <= b.weight {
					return
				}
				at = i
				break
			}
		}
		best[at].weight, best[at].span = w[k], verbatim.Span{From: from, To: to}
		for ; at > 0 && best[at].weight > best[at-1].weight; at-- {
			best[at], best[at-1] = best[at-1], best[at]
		}
	})
	var words [proofs]verbatim.Span
	n := 0
	for ; n < proofs && best[n].weight > 0 && 3*int(best[n].weight) >= int(best[0].weight); n++ {
		words[n] = best[n].span
	}
	spans := merge(words[:n])
	switch {
	case n == 0: // nothing that could be shown
	case k < dimensionHeads:
		s.ProposeTheme(a, verbatim.Dimension(k+1), spans)
	default:
		s.ProposeIntent(a, verbatim.Intent(k-dimensionHeads+1), spans)
	}
}

// merge sorts spans and joins those that overlap.
func merge(spans []verbatim.Span) []verbatim.Span {
	slices.SortFunc(spans, func(a, b verbatim.Span) int { return a.From - b.From })
	out := spans[:0]
	for _, sp := range spans {
		if n := len(out); n > 0 && sp.From < out[n-1].To {
			out[n-1].To = max(out[n-1].To, sp.To)
			continue
		}
		out = append(out, sp)
	}
	return out
}

// headDamp is n^(-1/4): a longer text speaks of more, and a word of it says nearly
// as much as in a shorter one.
func headDamp(n int) float64 { return 1 / math.Sqrt(math.Sqrt(float64(max(n, 1)))) }
