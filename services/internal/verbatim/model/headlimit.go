package model

import (
	"math"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// headHeld is a row that was held out, with what was said of it.
type headHeld struct {
	row *headRow
	z   [headCount]float64
}

// The grid of limits: logits from -limitReach to limitReach.
const (
	limitStep  = 0.25
	limitReach = 24 // steps
	// limitLeast is of proposals: what is found should be about as probable as not,
	// also where it is rarer than in the examples.
	limitLeast = -0.4
	// intentLeast is of intents that somebody acts on and that are much rarer in most
	// surveys than in the examples.
	intentLeast = 0.5
	// limitWorth is how much better F1 must be for a limit that changes more.
	limitWorth = 0.002
)

// choose sets the limits that are best for F1 on what was held out. The fewer
// there are to be found, or not to be, the nearer they stay to the base's, or to 0
// and -3.
func (h *heads) choose(held []headHeld, base *heads) {
	for k := range h.add {
		from, low := 0.0, -3.0
		if base != nil {
			from, low = float64(base.add[k]), float64(base.drop[k])
		}
		positives, said := 0.0, 0.0
		for i := range held {
			if held[i].row.unsaid[k] {
				continue
			}
			said++
			if held[i].row.truth[k] {
				positives++
			}
		}
		drops := k < dimensionHeads
		if !drops {
			low = 0 // what is trusted never is
		}
		if base == nil && positives < Fewest {
			h.add[k], h.drop[k] = never, -never
			continue
		}
		if base != nil && said == 0 {
			h.add[k], h.drop[k] = base.add[k], base.drop[k]
			continue
		}
		add := bestLimit(held, k, false, from, low)
		drop := low
		if drops {
			drop = bestLimit(held, k, true, add, low)
		}
		rarest := min(positives, said-positives)
		trust := rarest / (rarest + few)
		if from < never {
			add = from + (add-from)*trust
		}
		if drops && low > -never {
			drop = low + (drop-low)*trust
		}
		h.add[k], h.drop[k] = float32(max(add, least(k))), float32(drop)
	}
}

// least is below what logit head k proposes nothing. Praise costs nobody anything if
// it is wrong, and danger costs the most if it is missed.
func least(k int) float64 {
	const safety, praise = dimensionHeads + int(verbatim.Safety) - 1, dimensionHeads + int(verbatim.StaffPraised) - 1
	if k < dimensionHeads || k == safety || k == praise {
		return limitLeast
	}
	return intentLeast
}

// bestLimit is the limit of the grid with the highest F1, of those about as good the
// one that changes least; the other limit stays as it is.
func bestLimit(held []headHeld, k int, drops bool, add, drop float64) float64 {
	best, highest := add, -1.0
	for n := range 2*limitReach + 1 {
		v := limitStep * float64(limitReach-n)
		a, d := v, drop
		if drops {
			v = -v
			a, d = add, v
		}
		if f := f1Of(held, k, a, d); f > highest+limitWorth {
			best, highest = v, f
		}
	}
	return best
}

func f1Of(held []headHeld, k int, add, drop float64) float64 {
	right, wrong, missed := 0.0, 0.0, 0.0
	for i := range held {
		r := held[i].row
		if r.unsaid[k] {
			continue
		}
		said := held[i].z[k] > add && r.facts[factRefused+k] == 0
		if r.facts[k] != 0 {
			said = held[i].z[k] >= drop-trust(&r.facts, k)
		}
		switch {
		case said && r.truth[k]:
			right += r.weight
		case said:
			wrong += r.weight
		case r.truth[k]:
			missed += r.weight
		}
	}
	return 2 * right / math.Max(2*right+wrong+missed, 1)
}
