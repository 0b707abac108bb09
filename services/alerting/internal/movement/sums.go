package movement

import (
	"cmp"
	"slices"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// sums are sufficient for every measure: how many responses, and how many of them are of
// the good and of the bad class (or, of a share, have it).
type sums struct{ n, good, bad uint64 }

func (s sums) plus(o sums) sums { return sums{s.n + o.n, s.good + o.good, s.bad + o.bad} }

// figure is what people read; 0 of nothing.
func (s sums) figure(of rule.Measure) float64 {
	if of == rule.Count {
		return float64(s.n)
	}
	if s.n == 0 {
		return 0
	}
	return 100 * (float64(s.good) - float64(s.bad)) / float64(s.n) // none but NPS has bad ones
}

// turned is the same with good and bad swapped: what rises there drops here. Of a measure
// without bad ones, the good are those that are not.
func (s sums) turned(of rule.Measure) sums {
	if of == rule.NPS {
		return sums{s.n, s.bad, s.good}
	}
	return sums{n: s.n, good: s.n - s.good}
}

// cell is what came in one slot.
type cell struct{ slot, n, good, bad uint32 }

// cells are those slots in which something came, in their order.
type cells []cell

// cellBytes is what a cell takes.
const cellBytes = 16

// add adds a response, or takes it away again.
func (c *cells) add(slot uint32, sign rule.Sign, by uint32) {
	i := len(*c)
	if i == 0 || (*c)[i-1].slot < slot { // as nearly always
		*c = append(*c, cell{slot: slot})
	} else {
		var found bool
		if i, found = slices.BinarySearchFunc(*c, slot, func(c cell, slot uint32) int { return cmp.Compare(c.slot, slot) }); !found {
			*c = slices.Insert(*c, i, cell{slot: slot})
		}
	}
	at := &(*c)[i]
	at.n += by
	switch sign {
	case rule.Good:
		at.good += by
	case rule.Bad:
		at.bad += by
	case rule.Neither:
	}
}

// between sums the slots from one on and before another.
func (c cells) between(from, to uint32) (s sums) {
	i, _ := slices.BinarySearchFunc(c, from, func(c cell, slot uint32) int { return cmp.Compare(c.slot, slot) })
	for ; i < len(c) && c[i].slot < to; i++ {
		s = s.plus(sums{uint64(c[i].n), uint64(c[i].good), uint64(c[i].bad)})
	}
	return s
}

// forget lets go of what is before a slot. Room is given back when most of it is unused.
func (c *cells) forget(before uint32) {
	i, _ := slices.BinarySearchFunc(*c, before, func(c cell, slot uint32) int { return cmp.Compare(c.slot, slot) })
	if i == 0 {
		return
	}
	*c = append((*c)[:0], (*c)[i:]...)
	if cap(*c) > 64 && cap(*c) > 4*len(*c) {
		*c = slices.Clip(slices.Clone(*c))
	}
}
