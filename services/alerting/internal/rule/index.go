package rule

import (
	"math/bits"
	"strconv"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// index finds the rules that may match a response by what they need of it, so that the
// others are not asked: their conditions are false, and do not fail.
//
// It differs from asking in one thing, where a response is larger than the contract
// allows: a condition that would have cost too much before it came to what it needs is
// false, and no failure.
type index struct {
	words  int    // of a set of places
	always places // of the rules whose needs are not known
	facts  []indexed
}

// indexed are the rules that need a fact, by the answer that they need.
type indexed struct {
	fact
	rules map[string]places
}

// places is a set of rules, a bit a rule in the file's order.
type places []uint64

func (p places) add(i int) { p[i/64] |= 1 << (i % 64) }

func (p places) union(q places) {
	for i, w := range q {
		p[i] |= w
	}
}

// each yields the places in order until told to stop.
func (p places) each(yield func(int) bool) {
	for i, w := range p {
		for ; w != 0; w &= w - 1 {
			if !yield(64*i + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

// newIndex files each rule under the need that the fewest rules have.
func newIndex(rules []*Rule) *index {
	x := &index{words: (len(rules) + 63) / 64}
	x.always = make(places, x.words)
	frequency := map[key]int{}
	for _, r := range rules {
		r.need.count(frequency)
	}
	at := map[fact]int{}
	for i, r := range rules {
		if r.need == nil {
			x.always.add(i)
			continue
		}
		keys, _ := r.need.choose(frequency)
		for _, k := range keys {
			if _, known := at[k.fact]; !known {
				at[k.fact] = len(x.facts)
				x.facts = append(x.facts, indexed{k.fact, map[string]places{}})
			}
			in := x.facts[at[k.fact]].rules
			if in[k.value] == nil {
				in[k.value] = make(places, x.words)
			}
			in[k.value].add(i)
		}
	}
	return x
}

// count counts how often each key is needed.
func (n *need) count(frequency map[key]int) {
	if n == nil {
		return
	}
	for _, k := range n.keys {
		frequency[k]++
	}
	for _, of := range [][]*need{n.all, n.any} {
		for _, one := range of {
			one.count(frequency)
		}
	}
}

// choose is the rarest choice of keys of which one must hold, and how rare it is.
func (n *need) choose(frequency map[key]int) (keys []key, common int) {
	for _, k := range n.keys {
		keys, common = append(keys, k), common+frequency[k]
	}
	for _, one := range n.any {
		k, c := one.choose(frequency)
		keys, common = append(keys, k...), common+c
	}
	for i, one := range n.all {
		if k, c := one.choose(frequency); i == 0 || c < common {
			keys, common = k, c
		}
	}
	return keys, common
}

// candidates are the rules that may match.
func (x *index) candidates(f *Facts) places {
	found := make(places, x.words)
	copy(found, x.always)
	for _, in := range x.facts {
		in.answers(f, func(value string) { found.union(in.rules[value]) })
	}
	return found
}

// answers yields what the fact is of a response.
func (q fact) answers(f *Facts, yield func(string)) {
	switch q.kind {
	case variableFact:
		v, _ := f.ResolveName(q.name)
		variableAnswers(v, yield)
	case classFact:
		class := f.score.GetWorstClass()
		if q.name != "score" {
			class = f.Worst(metricNamed[q.name]).GetClass()
		}
		yield(strconv.Itoa(int(class)))
	case askedFact:
		yield(strconv.FormatBool(f.Worst(metricNamed[q.name]) != nil))
	case attributeFact:
		v, ok := f.response.GetAttributes()[q.name]
		if !ok {
			v = q.fallback
		}
		yield(v)
	case givenFact:
		_, ok := f.response.GetAttributes()[q.name]
		yield(strconv.FormatBool(ok))
	}
}

func variableAnswers(v any, yield func(string)) {
	switch v := v.(type) {
	case bool:
		yield(strconv.FormatBool(v))
	case types.Bool:
		yield(strconv.FormatBool(bool(v)))
	case string:
		yield(v)
	case types.String:
		yield(string(v))
	case traits.Lister:
		for it := v.Iterator(); it.HasNext() == types.True; {
			if s, ok := it.Next().(types.String); ok {
				yield(string(s))
			}
		}
	}
}

// metricNamed are the metrics by the variable of their worst answer.
var metricNamed = map[string]eventsv1.Metric{
	"nps": eventsv1.Metric_NPS, "csat": eventsv1.Metric_CSAT, "ces": eventsv1.Metric_CES, "fcr": eventsv1.Metric_FCR,
}
