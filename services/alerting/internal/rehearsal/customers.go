package rehearsal

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// customers are those who would have been called by either side.
type customers struct {
	most   int
	mask   uint64 // a customer is kept in mind whose hash has none of these bits
	byKey  map[string]*customer
	weight uint64 // how many customers each that is kept in mind stands for
}

// customer is what is kept in mind of one, by side.
type customer struct {
	openUntil [sides]int64  // seconds since 1970
	rule      [sides]string // that called them first; shared with the set of rules
	calls     [sides]*calls // where the side's rules ask about the past
}

// calls are the last callbacks of a customer that a side would have opened, the latest
// first.
type calls struct {
	number int64
	last   [2]call
}

// call is one of them; times are in nanoseconds since 1970.
type call struct {
	opened, until int64
	response      uint64 // that opened it
	severity      eventsv1.Severity
}

// open notes one more callback.
func (c *calls) open(one call) {
	c.number++
	c.last[1], c.last[0] = c.last[0], one
}

func newCustomers(most int) *customers {
	return &customers{most: most, byKey: map[string]*customer{}, weight: 1}
}

// get returns a customer, and how many they stand for; nil for one who is left out. Keys
// are pseudonyms, made by chance as far as this goes, so that those who are kept in mind
// are like the others.
func (c *customers) get(key string) (*customer, uint64) {
	if one := c.byKey[key]; one != nil {
		return one, c.weight
	}
	if !c.kept(key) {
		return nil, 0
	}
	if len(c.byKey) >= c.most {
		c.halve()
		return c.get(key)
	}
	one := &customer{}
	c.byKey[key] = one
	return one, c.weight
}

// free is how many customers one stands for who has no callback open on a side; 0 for one who
// has, or is left out.
func (c *customers) free(side int, key string, at time.Time) uint64 {
	if one := c.byKey[key]; !c.kept(key) || one != nil && one.openUntil[side] > at.Unix() {
		return 0
	}
	return c.weight
}

func (c *customers) kept(key string) bool {
	if c.mask == 0 {
		return true
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // it never fails
	return h.Sum64()&c.mask == 0
}

// halve lets go of every second customer.
func (c *customers) halve() {
	c.mask, c.weight = c.mask<<1|1, c.weight<<1
	for key := range c.byKey {
		if !c.kept(key) {
			delete(c.byKey, key)
		}
	}
}

// overlap counts the customers whom each side alone would have called, and both.
func (c *customers) overlap() (only [sides]uint64, both uint64) {
	for _, one := range c.byKey {
		switch {
		case one.rule[draft] != "" && one.rule[current] != "":
			both += c.weight
		case one.rule[draft] != "":
			only[draft] += c.weight
		default:
			only[current] += c.weight
		}
	}
	return only, both
}

// example is a customer whom one side alone would have called.
type example struct{ key, rule string }

// examples are the first so many of a side, by key.
func (c *customers) examples(side, most int) []example {
	var all []example
	for key, one := range c.byKey {
		if one.rule[side] == "" || one.rule[sides-1-side] != "" {
			continue
		}
		i, _ := slices.BinarySearchFunc(all, key, func(e example, key string) int { return cmp.Compare(e.key, key) })
		if i < most {
			all = slices.Insert(all, i, example{key, one.rule[side]})
			all = all[:min(len(all), most)]
		}
	}
	return all
}
