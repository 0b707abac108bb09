package model

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// Example is an answer whose class is known.
type Example struct {
	// Text is the verbatim.
	Text string
	// Class is what its customer's score says.
	Class Class
	// Group names what belongs together, as a hash of the customer or the number of
	// a source: to see what carries over, whole groups are held out in training.
	Group uint64
	// Weight says how much it counts; 0 is 1. A correction may count more.
	Weight float32
}

// Each yields examples that are in memory.
func Each(examples []Example) iter.Seq[Example] { return slices.Values(examples) }

// Options say how to train. The zero value, with DefaultOptions' numbers, is for a
// deployment's own answers.
type Options struct {
	// Prefix begins the version; empty is "trained".
	Prefix string
	// Base is where training begins and what weights are pulled to; nil is from
	// nothing. Its heads are kept.
	Base *Model
	// Pull is how strongly: a bucket that this many answers have moves half of the
	// way that they call for, about. 0 is the default.
	Pull float64
	// Epochs are how often all examples are gone through; 0 is the default.
	Epochs int
	// Seed shuffles the examples.
	Seed uint64
	// Elsewhere says that the model will be used on other sources than the examples',
	// whose groups are then sources: nobody knows how frequent the classes are there.
	// Of one source, and without a base, they are taken to be equally frequent; of
	// several, to be as they are in a source that is held out. It is implied when all
	// examples are of one group.
	Elsewhere bool
	// Progress is told now and then how much is done; nil is nobody.
	Progress func(done, total int)
}

// The defaults. They were compared by holding out each French source of a private
// set of public reviews in turn; docs/verbatims.md says so beside the figures.
const (
	defaultPull   = 0.3
	defaultEpochs = 10
	// rate is Adagrad's.
	rate = 0.1
	// folds are how many times a part of the groups is held out.
	folds = 5
	// balance is the power of a class's rarity that weighs its examples: 0 is not at
	// all, 1 until all classes weigh the same, as for use elsewhere.
	balance = 0.3
	// Fewest are how many negative, and how many positive, examples training needs.
	Fewest = 20
	// MaxExamples bounds a training; it takes about 500 bytes of memory an example.
	MaxExamples = 1 << 20
)

// ErrTooFew says that there are not Fewest negative and Fewest positive examples.
var ErrTooFew = errors.New("too few answers to learn from")

// Train trains a model. It takes some seconds for 20,000 texts: the examples are
// read once, and learnt from six times, because each fifth of the groups is held
// out once to see what carries over: that calibrates the probabilities and chooses
// the shares of Verdict. Examples without a word are left out. Its errors are
// ErrTooFew and the context's.
func Train(ctx context.Context, a *verbatim.Analyser, examples iter.Seq[Example], o Options) (*Model, error) {
	set, err := read(ctx, a, examples)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	o.Elsewhere = o.Elsewhere || set.groups == 1
	k := min(folds, set.groups)
	if set.groups == 1 {
		set.spread()
		k = folds
	}
	t := trainer{set: set, options: o, way: o.way(set)}
	if t.total = (k + 1) * o.Epochs; t.way.trade > 0 {
		t.total *= 2
	}
	held, err := t.hold(ctx, k)
	if err != nil {
		return nil, err
	}
	w, err := t.learn(ctx, func(*row) bool { return true })
	if err != nil {
		return nil, err
	}
	m := w.quantise(o.Prefix, calibrate(held, t.way))
	if o.Base != nil {
		m.heads = o.Base.heads
	}
	return m.seal(), nil
}

// way is how is learnt from sources, and what is taken to be so where the model will
// be used.
type way struct {
	// apart learns from each source as if as many were of one class as of the other,
	// and takes out what its words say of texts in general (anchor): what is left is
	// what words say, and not of whom.
	apart bool
	// trade is how much is kept of what words say of whom: those of a trade whose
	// customers complain say so, once several sources have shown it.
	trade float64
	// equal takes the classes to be equally frequent.
	equal bool
	// fixed leaves the biases as they are when probabilities are calibrated.
	fixed bool
}

// way is that of the options.
func (o Options) way(s *set) way {
	switch {
	case !o.Elsewhere:
		return way{}
	case o.Base == nil:
		return way{equal: true}
	}
	of := float64(s.likes())
	return way{apart: true, trade: (of - 1) / (of + 1), equal: s.groups == 1, fixed: s.groups == 1}
}

// likes is how many sources there are at least of each language that one is in: with one
// of a language, how its customers are and how the language sounds are the same.
func (s *set) likes() int {
	spoken := make([][languages]int, s.groups)
	for i := range s.rows {
		if r := &s.rows[i]; r.known {
			spoken[r.group][r.language]++
		}
	}
	var sources [languages]int
	for _, in := range spoken {
		if in[0] >= in[1] {
			sources[0]++
		} else {
			sources[1]++
		}
	}
	if sources[0] == 0 || sources[1] == 0 {
		return sources[0] + sources[1]
	}
	return min(sources[0], sources[1])
}

// learn fits weights as the way says.
func (t *trainer) learn(ctx context.Context, use func(*row) bool) (*weights, error) {
	w, err := t.fit(ctx, t.way, use)
	if err != nil || t.way.trade == 0 {
		return w, err
	}
	together, err := t.fit(ctx, way{}, use)
	if err != nil {
		return nil, err
	}
	w.mix(together, t.way.trade)
	return w, nil
}

// hold says of each row what is said of it by what was learnt from the other folds.
func (t *trainer) hold(ctx context.Context, k int) ([]scored, error) {
	held := make([]scored, 0, len(t.set.rows))
	for fold := range k {
		w, err := t.learn(ctx, func(r *row) bool { return r.fold%k != fold })
		if err != nil {
			return nil, err
		}
		for i := range t.set.rows {
			r := &t.set.rows[i]
			if r.fold%k != fold {
				continue
			}
			h := scored{z: w.logits(t.set, r), class: r.class, weight: r.weight}
			if t.options.Elsewhere {
				h.source = r.group
			}
			held = append(held, h)
		}
	}
	return held, nil
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "trained"
	}
	if o.Pull == 0 {
		o.Pull = defaultPull
	}
	if o.Epochs == 0 {
		o.Epochs = defaultEpochs
	}
	return o
}

// row is an example as it is learnt from.
type row struct {
	from, to int // its features, in the set's
	signs    [signs]float64
	damp     float64
	weight   float64
	class    Class
	fold     int
	group    int
	language int // of those of a reference, if it is known
	known    bool
}

// set is all examples.
type set struct {
	features []uint32
	rows     []row
	counts   [classes]int
	groups   int
	spoken   [languages]float64 // how many rows are in each language
}

// read makes rows of examples.
func read(ctx context.Context, a *verbatim.Analyser, examples iter.Seq[Example]) (*set, error) {
	var s verbatim.Scratch
	out := &set{}
	groups := groupNumbers{}
	for e := range examples {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found := a.Analyse(&s, e.Text)
		from := len(out.features)
		eachFeature(&s, func(key uint32, _, _ int) { out.features = append(out.features, bucket(key)) })
		if len(out.features) == from || e.Class >= classes {
			continue
		}
		group := groups.of(e.Group)
		r := row{from: from, to: len(out.features), signs: signsOf(&s, &found, len(out.features)-from), weight: weightOf(e.Weight), class: e.Class, fold: group % folds, group: group}
		if r.language, r.known = languageOf(found.Language); r.known {
			out.spoken[r.language]++
		}
		r.damp = damp(r.to - r.from)
		out.rows = append(out.rows, r)
		out.counts[e.Class]++
		if len(out.rows) == MaxExamples {
			break
		}
	}
	out.groups = len(groups)
	if n, p := out.counts[Negative], out.counts[Positive]; n < Fewest || p < Fewest {
		return nil, fmt.Errorf("%w: %d negative and %d positive, of each %d are needed", ErrTooFew, n, p, Fewest)
	}
	return out, nil
}

// groupNumbers numbers groups in the order in which they come.
type groupNumbers map[uint64]int

func (g groupNumbers) of(group uint64) int {
	n, known := g[group]
	if !known {
		n = len(g)
		g[group] = n
	}
	return n
}

// weightOf is how much an example counts; 0 is 1.
func weightOf(weight float32) float64 {
	if weight <= 0 {
		return 1
	}
	return float64(weight)
}

// spread makes folds of single rows.
func (s *set) spread() {
	for i := range s.rows {
		s.rows[i].fold = i % folds
	}
}
