package model

import (
	"context"
	"math"
)

// headWeights are heads while they learn.
type headWeights struct {
	words [][headCount]float32
	dense [facts][headCount]float64
}

func (w *headWeights) logits(s *headSet, r *headRow) (z [headCount]float64) {
	var sums [headCount]float32
	for _, n := range s.features[r.from:r.to] {
		for k, v := range &w.words[n] {
			sums[k] += v
		}
	}
	for k := range z {
		z[k] = r.damp * float64(sums[k])
	}
	for f, x := range r.facts {
		if x != 0 {
			for k := range z {
				z[k] += x * w.dense[f][k]
			}
		}
	}
	return z
}

// factPull is how many rows' worth of pull holds what the facts say to nothing, and
// basedPull to a base: corrections are few, and of what went wrong.
const (
	factPull  = 2
	basedPull = 30
)

// fit learns from the rows that use takes, as trainer.fit does: Adagrad over
// shuffled rows, and the mean of the second half. Words are pulled to the base's,
// or to nothing; so are the facts.
func (s *headSet) fit(ctx context.Context, o HeadOptions, use func(*headRow) bool) (*headWeights, error) {
	base := s.start()
	at := &headWeights{words: append([][headCount]float32(nil), base.words...), dense: base.dense}
	mean := &headWeights{words: make([][headCount]float32, len(s.keys))}
	squares := &headWeights{words: make([][headCount]float32, len(s.keys))}
	share := make([]float32, len(s.keys))
	var rows []*headRow
	for i := range s.rows {
		if r := &s.rows[i]; use(r) {
			rows = append(rows, r)
			for _, n := range s.features[r.from:r.to] {
				share[n]++
			}
		}
	}
	for n, c := range share {
		if c > 0 {
			share[n] = float32(o.Pull) / c
		}
	}
	pull := factPull / float64(max(len(rows), 1))
	if s.base != nil {
		pull *= basedPull / factPull
	}
	order, kept := shuffler(o.Seed), 0
	for epoch := range o.Epochs {
		shuffle(&order, rows)
		for i, r := range rows {
			if i%256 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			g := at.logits(s, r)
			for k := range g {
				if r.unsaid[k] {
					g[k] = 0
					continue
				}
				p := 1 / (1 + math.Exp(-g[k]))
				if r.truth[k] {
					p--
				}
				g[k] = p * r.weight
			}
			for _, n := range s.features[r.from:r.to] {
				w, b, q := &at.words[n], &base.words[n], &squares.words[n]
				for k := range w {
					d := float32(g[k]*r.damp) + share[n]*(w[k]-b[k])
					q[k] += d * d
					w[k] -= rate * d / (float32(math.Sqrt(float64(q[k]))) + smallest)
				}
			}
			for f, x := range r.facts {
				w, b, q := &at.dense[f], &base.dense[f], &squares.dense[f]
				for k := range w {
					d := g[k]*x + pull*(w[k]-b[k])
					q[k] += d * d
					w[k] -= rate * d / (math.Sqrt(q[k]) + smallest)
				}
			}
		}
		if epoch >= o.Epochs/2 {
			kept++
			mean.add(at)
		}
	}
	mean.divide(kept)
	return mean, nil
}

// start is where learning begins: the base's heads, or nothing.
func (s *headSet) start() *headWeights {
	w := &headWeights{words: make([][headCount]float32, len(s.keys))}
	if s.base == nil {
		return w
	}
	for f := range w.dense {
		for k := range w.dense[f] {
			w.dense[f][k] = float64(s.base.dense[f][k])
		}
	}
	for n, key := range s.keys {
		if of := s.base.of(key); of != nil {
			for k, v := range of {
				w.words[n][k] = float32(v) * s.base.scale[k]
			}
		}
	}
	return w
}

func (w *headWeights) add(of *headWeights) {
	for n := range of.words {
		for k, v := range &of.words[n] {
			w.words[n][k] += v
		}
	}
	for f := range of.dense {
		for k, v := range of.dense[f] {
			w.dense[f][k] += v
		}
	}
}

func (w *headWeights) divide(by int) {
	for n := range w.words {
		for k := range w.words[n] {
			w.words[n][k] /= float32(by)
		}
	}
	for f := range w.dense {
		for k := range w.dense[f] {
			w.dense[f][k] /= float64(by)
		}
	}
}

// quantise makes heads; a word whose weights are all less than a step is left out.
func (w *headWeights) quantise(s *headSet) *heads {
	h := &heads{}
	for f := range w.dense {
		for k := range w.dense[f] {
			h.dense[f][k] = float32(w.dense[f][k])
		}
	}
	for k := range h.scale {
		if !s.said[k] && s.base != nil { // as it was, without a detour that rounds
			h.scale[k] = s.base.scale[k]
			for f := range h.dense {
				h.dense[f][k] = s.base.dense[f][k]
			}
			continue
		}
		strongest := float32(0)
		for n := range w.words {
			strongest = max(strongest, w.words[n][k], -w.words[n][k])
		}
		h.scale[k] = strongest / math.MaxInt8
	}
	for n := range w.words {
		var row [headCount]int8
		for k, v := range w.words[n] {
			if h.scale[k] > 0 {
				row[k] = int8(math.Round(float64(v / h.scale[k])))
			}
		}
		if row != [headCount]int8{} {
			h.keys = append(h.keys, s.keys[n])
			h.weights = append(h.weights, row)
		}
	}
	return h.index()
}
