package planner

import (
	"container/heap"
	"time"
)

// agenda is which groups are to be looked at when, the soonest first. A group that is looked
// at before, or another time, leaves an entry behind that is passed over.
type agenda []appointment

type appointment struct {
	at  time.Time
	key string
}

func (a *agenda) add(key string, at time.Time) { heap.Push(a, appointment{at, key}) }

// reached takes off what has come.
func (a *agenda) reached(now time.Time, each func(key string, at time.Time)) {
	for len(*a) > 0 && !(*a)[0].at.After(now) {
		one := heap.Pop(a).(appointment)
		each(one.key, one.at)
	}
}

// Len, Less, Swap, Push and Pop are heap.Interface's.
func (a *agenda) Len() int           { return len(*a) }
func (a *agenda) Less(i, j int) bool { return (*a)[i].at.Before((*a)[j].at) }
func (a *agenda) Swap(i, j int)      { (*a)[i], (*a)[j] = (*a)[j], (*a)[i] }

// Push adds an entry at the end.
func (a *agenda) Push(x any) { *a = append(*a, x.(appointment)) }

// Pop takes the last one.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = appointment{}
	*a = (*a)[:last]
	return e
}
