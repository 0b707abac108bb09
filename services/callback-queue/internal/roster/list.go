package roster

import "slices"

// List is a roster that never changes.
type List []Agent

// Agent returns one of them.
func (l List) Agent(id string) (Agent, bool) {
	i := slices.IndexFunc(l, func(a Agent) bool { return a.ID == id })
	if i < 0 {
		return Agent{}, false
	}
	return l[i], true
}

// Ready is nil.
func (List) Ready() error { return nil }

// All returns all of them.
func (l List) All() []Agent { return l }
