package training

import (
	"hash/fnv"
	"maps"
	"math"
	"slices"

	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// heldOutOf is of how many customers one is held out.
const heldOutOf = 5

// Example is a text and what it means.
type Example struct {
	Text  string
	Class model.Class
	// Corrected says that somebody said so, and not the customer's score.
	Corrected bool
	// Customer is a hash of whose it is.
	Customer uint64
}

// heldOut reports whether what a customer says is measured on, and never learnt from.
func heldOut(customer uint64) bool { return customer%heldOutOf == 0 }

// key is a response's: a hash of its survey and id, the same in every run.
func key(survey, response string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(survey + "\x00" + response))
	return mixed(h.Sum64())
}

// customer is a hash of a customer's key, the same in every run.
func customer(key string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return mixed(h.Sum64())
}

// mixed spreads a hash over all its bits; it is the finaliser of MurmurHash3 (Appleby).
func mixed(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// sample keeps what there is of responses up to a number, whichever come: those whose keys are
// below a bound, which sinks as often as there are too many. Whether a response is in does
// not depend on what came before it, so a later revision finds the one that it replaces.
type sample[T any] struct {
	most  int
	bound uint64
	rows  int
	by    map[uint64][]T
}

func newSample[T any](most int) *sample[T] {
	return &sample[T]{most: most, bound: math.MaxUint64, by: map[uint64][]T{}}
}

// put puts a response's rows in the place of those of an earlier revision.
func (s *sample[T]) put(k uint64, rows []T) {
	if k > s.bound {
		return
	}
	s.rows += len(rows) - len(s.by[k])
	if len(rows) == 0 {
		delete(s.by, k)
	} else {
		s.by[k] = rows
	}
	for s.rows > s.most && s.bound > 1 {
		s.bound /= 2
		maps.DeleteFunc(s.by, func(k uint64, rows []T) bool {
			if k <= s.bound {
				return false
			}
			s.rows -= len(rows)
			return true
		})
	}
}

// all yields every row, in an order of their own.
func (s *sample[T]) all(yield func(T) bool) {
	for _, k := range slices.Sorted(maps.Keys(s.by)) {
		for _, row := range s.by[k] {
			if !yield(row) {
				return
			}
		}
	}
}
