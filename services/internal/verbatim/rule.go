package verbatim

import (
	"iter"
	"math/bits"
)

// Rule is what has changed a finding's polarity, as a set.
type Rule uint16

// The rules, in the order in which they are applied.
const (
	// Negated: a negation reaches it ("pas aimable", "never disappointed").
	Negated Rule = 1 << iota
	// Stronger: a word beside it makes it stronger ("très", "really").
	Stronger
	// Weaker: a word beside it makes it weaker ("un peu", "somewhat").
	Weaker
	// WishedFor: it was wished for, and has not been ("j'aurais aimé", "should have").
	WishedFor
	// HopedFor: it has not happened yet ("j'espère", "hopefully").
	HopedFor
	// OfAnother: it is about another or about before ("mon ancien contrat").
	OfAnother
	// BeforeContrast: a "mais" or a "but" follows in its sentence.
	BeforeContrast
	// AfterContrast: it follows one.
	AfterContrast
	// Asked: it stands in a question.
	Asked
	// Exclaimed: its sentence ends with an exclamation mark.
	Exclaimed
	// Shouted: it is in capitals, in a text that is not.
	Shouted
	// Drawn: a letter of it was repeated ("suuuper").
	Drawn
	// Alone: a negation, a wish or a "mais" with nothing to change says something itself.
	Alone
)

var ruleNames = [...]string{
	"negated", "stronger", "weaker", "wished_for", "hoped_for", "of_another", "before_contrast", "after_contrast",
	"asked", "exclaimed", "shouted", "drawn", "alone",
}

// All yields the names of a set's rules.
func (r Rule) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for ; r != 0; r &= r - 1 {
			if !yield(ruleNames[bits.TrailingZeros16(uint16(r))]) {
				return
			}
		}
	}
}
