package model

import (
	"math"
	"slices"

	"github.com/rappel-loop/rappel/services/internal/evaluation"
)

// scored is an example that was held out, with what was said of it.
type scored struct {
	z      [classes]float64
	class  Class
	weight float64
	source int // 0 where groups are none
}

// calibration is what is done to logits, and how probabilities are read.
type calibration struct {
	slope float64 // 1 by the temperature
	shift [classes]float64
	share [classes]float64
}

// elsewhereShare is how frequent the classes are taken to be where nothing is
// known of it: as many dissatisfied as satisfied, and two thirds as many in the middle.
var elsewhereShare = [classes]float64{0.375, 0.25, 0.375}

// calibrate finds the slope and the shifts that make what was said of examples
// most probable (temperature and bias: Guo and others, "On Calibration of Modern
// Neural Networks", 2017), by Adagrad over all of them at once, and then the
// shares. Where the classes are taken to be equally frequent each weighs the same, and
// shares are equal; where sources are kept apart each weighs the same.
func calibrate(held []scored, by way) calibration {
	if by.apart {
		held = evened(held)
	}
	var sums [classes]float64
	for i := range held {
		sums[held[i].class] += held[i].weight
	}
	weigh := [classes]float64{1, 1, 1}
	total := sums[0] + sums[1] + sums[2]
	if by.equal {
		for c := range weigh {
			weigh[c] = elsewhereShare[c] * total / max(sums[c], 1)
		}
	}
	c := calibration{slope: 1, share: [classes]float64{1. / classes, 1. / classes, 1. / classes}}
	const steps = 100
	var squares [classes + 1]float64
	for range steps {
		var gradient [classes + 1]float64
		for i := range held {
			e := &held[i]
			p := c.apply(e.z)
			p[e.class]--
			for k := range p {
				g := p[k] * weigh[e.class] * e.weight
				gradient[k] += g
				gradient[classes] += g * e.z[k]
			}
		}
		for k := range c.shift {
			if by.fixed {
				break
			}
			c.shift[k] -= adagrad(&squares[k], gradient[k], 0.2)
		}
		c.slope = max(0.1, c.slope-adagrad(&squares[classes], gradient[classes], 0.2))
	}
	if !by.equal {
		c.chooseShares(held, sums)
	}
	return c
}

// evened are what was held out, weighed so that each source counts the same.
func evened(held []scored) []scored {
	out := slices.Clone(held)
	var sums []float64
	for i := range held {
		for len(sums) <= held[i].source {
			sums = append(sums, 0)
		}
		sums[held[i].source] += held[i].weight
	}
	for i := range out {
		out[i].weight *= float64(len(held)) / float64(len(sums)) / sums[out[i].source]
	}
	return out
}

// apply makes probabilities of logits.
func (c *calibration) apply(z [classes]float64) [classes]float64 {
	for k := range z {
		z[k] = z[k]*c.slope + c.shift[k]
	}
	return softmax(z)
}

// few is how many examples of the rarest class move the shares half of the way
// from where classes are equally frequent to what was best for those examples.
const few = 50

// The grid of shares that are tried: so many steps to each side, each a factor of e^¼.
// What a share is worth is the mean over those up to beside steps from it, since the best
// of a few hundred is chance where their worths are nearly the same.
const (
	gridReach = 12
	gridStep  = 0.25
	beside    = 2
)

// chooseShares tries a grid of shares for the mean of the classes' F1 among two and
// among three classes. The fewer examples there are the nearer the shares stay to the
// classes' own, which make all equally frequent.
func (c *calibration) chooseShares(held []scored, sums [classes]float64) {
	said := make([][classes]float64, len(held))
	for i := range held {
		said[i] = c.apply(held[i].z)
	}
	equal := [classes]float64{Positive: 1}
	for k := range Positive {
		equal[k] = max(sums[k], 1) / max(sums[Positive], 1)
	}
	const wide = 2*gridReach + 1
	var worths [wide][wide]float64
	at := func(n, m int) [classes]float64 {
		return [classes]float64{math.Exp(float64(n-gridReach) * gridStep), math.Exp(float64(m-gridReach) * gridStep), 1}
	}
	for n := range wide {
		for m := range wide {
			worths[n][m] = worth(held, said, at(n, m))
		}
	}
	best, highest := equal, -1.0
	for n := beside; n < wide-beside; n++ {
		for m := beside; m < wide-beside; m++ {
			sum := 0.0
			for i := n - beside; i <= n+beside; i++ {
				for _, v := range worths[i][m-beside : m+beside+1] {
					sum += v
				}
			}
			if sum > highest {
				best, highest = at(n, m), sum
			}
		}
	}
	for k := range Positive {
		rarest := min(sums[k], sums[Positive])
		c.share[k] = equal[k] * math.Pow(best[k]/equal[k], rarest/(rarest+few))
	}
	c.share[Positive] = 1
}

// worth is the mean over the sources of the sum of both means of F1 under some
// shares.
func worth(held []scored, said [][classes]float64, share [classes]float64) float64 {
	var two, three []evaluation.Matrix
	for i := range held {
		v, truth := decide(said[i], share), held[i].class
		for len(two) <= held[i].source {
			two, three = append(two, evaluation.NewMatrix(2)), append(three, evaluation.NewMatrix(classes))
		}
		three[held[i].source].Add(int(truth), int(v.Class))
		if truth != Neutral {
			nearer := 1
			if v.Score < 0 {
				nearer = 0
			}
			two[held[i].source].Add(int(truth)/2, nearer)
		}
	}
	sum := 0.0
	for i := range two {
		sum += two[i].MacroF1() + three[i].MacroF1()
	}
	return sum / float64(max(len(two), 1))
}

// quantise makes a model: each weight is one of 255 steps, of which the outermost
// is the strongest. The calibration goes into the numbers. It is to be sealed.
func (w *weights) quantise(prefix string, c calibration) *Model {
	m := &Model{prefix: prefix, weights: make([]int8, len(w.words))}
	strongest := float32(0)
	for _, v := range w.words {
		strongest = max(strongest, v, -v)
	}
	if strongest > 0 {
		for i, v := range w.words {
			m.weights[i] = int8(math.Round(float64(v / strongest * math.MaxInt8)))
		}
	}
	m.scale = strongest / math.MaxInt8 * float32(c.slope)
	for k := range classes {
		m.bias[k] = float32(w.bias[k]*c.slope + c.shift[k])
		for i := range signs {
			m.signs[i][k] = float32(w.signs[i][k] * c.slope)
		}
		m.share[k] = float32(c.share[k])
	}
	return m
}
