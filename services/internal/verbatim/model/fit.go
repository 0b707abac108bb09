package model

import (
	"context"
	"math"
)

// weights are a model while it learns.
type weights struct {
	words []float32 // classes for each bucket
	bias  [classes]float64
	signs [signs][classes]float64
}

// trainer fits weights to parts of a set.
type trainer struct {
	set         *set
	options     Options
	way         way
	done, total int
}

// logits are what softmax makes probabilities of.
func (w *weights) logits(s *set, r *row) (z [classes]float64) {
	var sums [classes]float32
	for _, b := range s.features[r.from:r.to] {
		v := w.words[b*classes : b*classes+classes : b*classes+classes]
		sums[0] += v[0]
		sums[1] += v[1]
		sums[2] += v[2]
	}
	for c := range z {
		z[c] = w.bias[c] + r.damp*float64(sums[c])
		for i, v := range r.signs {
			z[c] += v * w.signs[i][c]
		}
	}
	return z
}

// fit learns from the rows that use takes.
//
// It minimises the sum of the rows' weighted losses and of pull/2 × the squared
// distance of each word's weight from the base's, by Adagrad (Duchi, Hazan and
// Singer, "Adaptive Subgradient Methods", 2011) over shuffled rows; the result is
// the mean of the weights at the end of the epochs in the second half. A row takes
// its share of the pull on a weight: one part in as many as have the feature.
//
// What the signs say, the lexicon's score first of all, is learnt first and alone, or
// taken from the base, and then held: words explain what is left. Learnt together,
// words that are only frequent in one trade would take over what the lexicon knows of
// all.
func (t *trainer) fit(ctx context.Context, by way, use func(*row) bool) (*weights, error) {
	f := fitting{trainer: t, by: by, at: &weights{words: make([]float32, buckets*classes)}, base: make([]float32, buckets*classes)}
	for i := range t.set.rows {
		if r := &t.set.rows[i]; use(r) {
			f.rows = append(f.rows, r)
		}
	}
	f.weigh()
	if b := t.options.Base; b != nil {
		f.holdBiases = by.apart
		for i, v := range b.weights {
			f.base[i] = float32(v) * b.scale
		}
		copy(f.at.words, f.base)
		for c := range classes {
			f.at.bias[c] = float64(b.bias[c])
			for i := range signs {
				f.at.signs[i][c] = float64(b.signs[i][c])
			}
		}
	} else {
		f.learnSigns()
	}
	f.words = make([]float32, buckets*classes)
	f.start = f.at.bias
	order := shuffler(t.options.Seed)
	mean, kept := &weights{words: make([]float32, buckets*classes), signs: f.at.signs}, 0
	for epoch := range t.options.Epochs {
		shuffle(&order, f.rows)
		if err := f.epoch(ctx); err != nil {
			return nil, err
		}
		if epoch >= t.options.Epochs/2 {
			kept++
			mean.add(f.at)
		}
		if t.done++; t.options.Progress != nil {
			t.options.Progress(t.done, t.total)
		}
	}
	mean.divide(kept)
	if by.apart {
		f.anchor(mean)
	}
	return mean, nil
}

// fitting is one run of it.
type fitting struct {
	*trainer
	by     way
	rows   []*row
	at     *weights
	base   []float32
	start  [classes]float64
	share  []float32          // of the pull on a bucket that each row takes
	class  [][classes]float64 // what a row of each class weighs, for each source that is kept apart
	words  []float32          // the sums of squares of Adagrad
	biases [classes]float64
	// holdBiases leaves them as the base has them: how often the classes are is not
	// to be learnt for use elsewhere.
	holdBiases bool
}

// weigh counts features and classes.
func (f *fitting) weigh() {
	f.share = make([]float32, buckets)
	sources := 1
	if f.by.apart {
		sources = f.set.groups
	}
	f.class = make([][classes]float64, sources)
	total := 0.0
	for _, r := range f.rows {
		f.class[f.source(r)][r.class] += r.weight
		total += r.weight
		for _, b := range f.set.features[r.from:r.to] {
			f.share[b]++
		}
	}
	for b, n := range f.share {
		if n > 0 {
			f.share[b] = float32(f.options.Pull) / n
		}
	}
	power := balance
	if f.by.apart || f.by.equal {
		power = 1
	}
	for i, sums := range f.class {
		all := sums[0] + sums[1] + sums[2]
		for c, sum := range sums {
			if sum > 0 { // sources weigh as the root of what they have
				f.class[i][c] = math.Pow(all/(classes*sum), power) * math.Sqrt(total/float64(sources)/all)
			}
		}
	}
}

// source is the number of a row's source, as far as sources are kept apart.
func (f *fitting) source(r *row) int {
	if f.by.apart {
		return r.group
	}
	return 0
}

// anchor takes from each feature what the words which were learnt say of one in texts in
// general, those of the reference, beyond what the base's say. A source has words of its
// own, and more or fewer of them in a text, which learning takes for what its customers
// think: how they greet, how much they write. It is taken in proportion to a text's
// length: a trade of which short texts were learnt from is asked about long ones, too.
func (f *fitting) anchor(w *weights) {
	w.bias, w.signs = f.start, f.at.signs
	all := f.set.spoken[0] + f.set.spoken[1]
	for l, entries := range shippedReference() {
		if f.set.spoken[l] == 0 {
			continue
		}
		length := 0.0
		for _, e := range entries {
			length += float64(e.mean)
		}
		part := f.set.spoken[l] / all / length
		for _, e := range entries {
			for c := range uint32(classes) {
				j := e.bucket*classes + c
				w.signs[signLength][c] -= part * float64(e.mean) * float64(w.words[j]-f.base[j])
			}
		}
	}
}

// errors are the gradient of a row's loss over its logits.
func (f *fitting) errors(r *row) [classes]float64 {
	g := softmax(f.at.logits(f.set, r))
	g[r.class]--
	for c := range g {
		g[c] *= f.class[f.source(r)][r.class] * r.weight
	}
	return g
}

// biasPull is how many rows' worth of pull holds the biases to where they began.
const biasPull = 5

func (f *fitting) epoch(ctx context.Context) error {
	pull := biasPull / float64(len(f.rows))
	for i, r := range f.rows {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		g := f.errors(r)
		for _, b := range f.set.features[r.from:r.to] {
			for c := range uint32(classes) {
				j := b*classes + c
				d := float32(g[c]*r.damp) + f.share[b]*(f.at.words[j]-f.base[j])
				f.words[j] += d * d
				f.at.words[j] -= rate * d / (float32(math.Sqrt(float64(f.words[j]))) + smallest)
			}
		}
		if f.holdBiases {
			continue
		}
		for c := range g {
			d := g[c] + pull*(f.at.bias[c]-f.start[c])
			f.biases[c] += d * d
			f.at.bias[c] -= rate * d / (math.Sqrt(f.biases[c]) + smallest)
		}
	}
	return nil
}

func (w *weights) add(of *weights) {
	for i, v := range of.words {
		w.words[i] += v
	}
	for c := range classes {
		w.bias[c] += of.bias[c]
	}
}

func (w *weights) divide(by int) {
	for i := range w.words {
		w.words[i] /= float32(by)
	}
	for c := range classes {
		w.bias[c] /= float64(by)
	}
}

// mix takes a part of other weights.
func (w *weights) mix(of *weights, part float64) {
	for i, v := range of.words {
		w.words[i] += float32(part) * (v - w.words[i])
	}
	for c := range classes {
		w.bias[c] += part * (of.bias[c] - w.bias[c])
		for i := range w.signs {
			w.signs[i][c] += part * (of.signs[i][c] - w.signs[i][c])
		}
	}
}
