package rule

import (
	"cmp"
	"errors"
	"slices"
)

// Verdict is what a set of rules says of one revision of a response.
type Verdict struct {
	// Fired are the rules that fire, in the file's order.
	Fired []*Rule
	// Failures are the rules that could not be evaluated, likewise.
	Failures []*EvalError

	failed []*Rule
}

// Ask finds the rules that fire: those whose condition is true, up to the first of them
// that stops. A rule that fails neither fires nor stops those below it, so that nobody
// stays uncalled because of it.
//
// Few rules are asked: those whose need the response does not meet cannot match.
func (s *Set) Ask(f *Facts) Verdict {
	var v Verdict
	s.index.candidates(f).each(func(i int) bool {
		r := s.Rules[i]
		matches, err := r.Matches(f)
		var failure *EvalError
		if errors.As(err, &failure) {
			v.failed, v.Failures = append(v.failed, r), append(v.Failures, failure)
		}
		if matches {
			v.Fired = append(v.Fired, r)
		}
		return !matches || !r.Stop
	})
	return v
}

// Lapsed are the rules that fired on one of the states before and neither fire nor fail
// now, as v says, in the file's order. A rule that fails on a state before did not fire on
// it: it failed then too. A nil state is none.
func (s *Set) Lapsed(v Verdict, before ...*Facts) []*Rule {
	var lapsed []*Rule
	for _, f := range before {
		if f == nil {
			continue
		}
		s.index.candidates(f).each(func(i int) bool {
			r := s.Rules[i]
			decided := v.has(r)
			if decided && !r.Stop {
				return true
			}
			matched, _ := r.Matches(f)
			if matched && !decided && !slices.Contains(lapsed, r) {
				lapsed = append(lapsed, r)
			}
			return !matched || !r.Stop
		})
	}
	slices.SortFunc(lapsed, inOrder)
	return lapsed
}

// Begun are the rules that v says fire and that fired on none of the states before, in the
// file's order. A nil state is none.
func (s *Set) Begun(v Verdict, before ...*Facts) []*Rule {
	begun := slices.Clone(v.Fired)
	for _, f := range before {
		if f == nil || len(begun) == 0 {
			continue
		}
		was := s.Ask(f)
		begun = slices.DeleteFunc(begun, func(r *Rule) bool {
			_, fired := slices.BinarySearchFunc(was.Fired, r, inOrder)
			return fired
		})
	}
	return begun
}

// has reports whether a rule fires or fails.
func (v Verdict) has(r *Rule) bool {
	_, fired := slices.BinarySearchFunc(v.Fired, r, inOrder)
	_, failed := slices.BinarySearchFunc(v.failed, r, inOrder)
	return fired || failed
}

func inOrder(a, b *Rule) int { return cmp.Compare(a.place, b.place) }
