package model

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// Labelled is a text of which somebody has said what it is about and what its
// writer wants: all of it; what is not named is not there. Where they have spoken of
// one of the two only, nothing is learnt of the other.
type Labelled struct {
	Text       string
	Dimensions []verbatim.Dimension
	Intents    []verbatim.Intent
	// DimensionsUnsaid and IntentsUnsaid say that nobody has said which there are.
	DimensionsUnsaid, IntentsUnsaid bool
	// Group names what belongs together, as Example's.
	Group uint64
	// Weight says how much it counts; 0 is 1.
	Weight float32
}

// HeadOptions say how to train heads. Base is needed; the rest has defaults.
type HeadOptions struct {
	// Prefix begins the version; empty is "trained".
	Prefix string
	// Base is the model whose sentiment is kept. If it has heads, learning begins
	// there and is pulled back there.
	Base *Model
	// Pull is how strongly, as Options'.
	Pull float64
	// Epochs are how often all examples are gone through.
	Epochs int
	// Seed shuffles the examples.
	Seed uint64
}

// The defaults of heads, chosen by leaving out each file of the corpus in turn.
const (
	headPull   = 0.2
	headEpochs = 20
	// seenLeast is how many examples must have a word before it gets a weight.
	seenLeast = 2
)

// ErrNoBase says that there is no model whose sentiment to keep.
var ErrNoBase = errors.New("heads are trained beside a model of the sentiment")

// TrainHeads gives a model heads that have learnt from examples. A head that has
// neither a base nor Fewest examples that it should find finds nothing; one that no
// example speaks of stays what it was, to the bit. Its errors
// are ErrNoBase, ErrTooFew without any example, and the context's.
func TrainHeads(ctx context.Context, a *verbatim.Analyser, examples iter.Seq[Labelled], o HeadOptions) (*Model, error) {
	if o.Base == nil {
		return nil, ErrNoBase
	}
	if o.Prefix == "" {
		o.Prefix = "trained"
	}
	if o.Pull == 0 {
		o.Pull = headPull
	}
	if o.Epochs == 0 {
		o.Epochs = headEpochs
	}
	set, err := readLabelled(ctx, a, examples, o.Base.heads)
	if err != nil {
		return nil, err
	}
	k := min(folds, set.groups)
	if set.groups == 1 {
		k = folds
		for i := range set.rows {
			set.rows[i].fold = i % folds
		}
	}
	held := make([]headHeld, 0, len(set.rows))
	for fold := range k {
		w, err := set.fit(ctx, o, func(r *headRow) bool { return r.fold%k != fold })
		if err != nil {
			return nil, err
		}
		for i := range set.rows {
			if r := &set.rows[i]; r.fold%k == fold {
				held = append(held, headHeld{row: r, z: w.logits(set, r)})
			}
		}
	}
	w, err := set.fit(ctx, o, func(*headRow) bool { return true })
	if err != nil {
		return nil, err
	}
	out := *o.Base
	out.prefix = o.Prefix
	out.heads = w.quantise(set)
	out.heads.choose(held, o.Base.heads)
	return out.seal(), nil
}

// headRow is a text as it is learnt from.
type headRow struct {
	from, to int // its features, in the set's
	damp     float64
	facts    [facts]float64
	truth    [headCount]bool
	unsaid   [headCount]bool // nobody has said what is true
	weight   float64
	fold     int
}

// headSet is all of them.
type headSet struct {
	features []int32 // rows of weights
	rows     []headRow
	keys     []uint32 // sorted: the features that get weights
	base     *heads
	groups   int
	said     [headCount]bool // some row says what is true
}

// readLabelled makes rows of examples.
func readLabelled(ctx context.Context, a *verbatim.Analyser, examples iter.Seq[Labelled], base *heads) (*headSet, error) {
	var s verbatim.Scratch
	out := &headSet{base: base}
	var keys []uint32
	groups := groupNumbers{}
	for e := range examples {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found := a.Analyse(&s, e.Text)
		if found.Words < wordsLeast || !s.Understood() {
			continue
		}
		group := groups.of(e.Group)
		r := headRow{from: len(keys), facts: factsOf(&s, &found), weight: weightOf(e.Weight), fold: group % folds}
		eachHeadFeature(&s, func(key uint32, _, _ int) { keys = append(keys, key) })
		r.to = len(keys)
		r.damp = headDamp(r.to - r.from)
		r.label(&e)
		for k := range out.said {
			out.said[k] = out.said[k] || !r.unsaid[k]
		}
		out.rows = append(out.rows, r)
		if len(out.rows) == MaxExamples {
			break
		}
	}
	if len(out.rows) == 0 {
		return nil, fmt.Errorf("%w: none has two words", ErrTooFew)
	}
	out.groups = len(groups)
	out.choose(keys)
	return out, nil
}

// label notes what is true of it, and of what nobody has said anything.
func (r *headRow) label(e *Labelled) {
	for k := range r.unsaid {
		r.unsaid[k] = e.IntentsUnsaid
		if k < dimensionHeads {
			r.unsaid[k] = e.DimensionsUnsaid
		}
	}
	for _, d := range e.Dimensions {
		r.truth[d-1] = true
	}
	for _, in := range e.Intents {
		r.truth[dimensionHeads+int(in)-1] = true
	}
}

// choose says which features get weights: those of the base, then the most
// frequent, and replaces keys by their numbers; those without weights are left out.
func (s *headSet) choose(keys []uint32) {
	type counted struct {
		key  uint32
		rows int
	}
	rows, last := map[uint32]int{}, map[uint32]int{}
	for i := range s.rows {
		for _, key := range keys[s.rows[i].from:s.rows[i].to] {
			if last[key] != i+1 {
				last[key] = i + 1
				rows[key]++
			}
		}
	}
	if s.base != nil {
		s.keys = slices.Clone(s.base.keys)
	}
	var more []counted
	for key, n := range rows {
		if _, known := slices.BinarySearch(s.keys, key); n >= seenLeast && !known {
			more = append(more, counted{key, n})
		}
	}
	slices.SortFunc(more, func(a, b counted) int {
		if a.rows != b.rows {
			return b.rows - a.rows
		}
		return int(int64(a.key) - int64(b.key))
	})
	for _, c := range more[:max(0, min(len(more), MaxHeadFeatures-len(s.keys)))] {
		s.keys = append(s.keys, c.key)
	}
	slices.Sort(s.keys)
	for i := range s.rows {
		r := &s.rows[i]
		from := len(s.features)
		for _, key := range keys[r.from:r.to] {
			if n, ok := slices.BinarySearch(s.keys, key); ok {
				s.features = append(s.features, int32(n))
			}
		}
		r.from, r.to = from, len(s.features)
	}
}
