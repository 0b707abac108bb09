package planner

import (
	"maps"
	"slices"

	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
)

// explanations are the alerts on both sides of an inhibition, by what they must have in
// common.
type explanations struct {
	by   map[string]sources
	held map[string]map[string]bool
}

// sources are the alerts that hold others back: those that could be held back themselves,
// too, and those that could not.
type sources struct{ plain, both map[string]bool }

// any reports whether any alert holds back one of this side.
func (e *explanations) any(side plan.Side) bool {
	s := e.by[side.Equal]
	return len(s.plain) > 0 || !side.By && len(s.both) > 0
}

// least is the alert with the least id that holds back one of this side; empty for none.
func (e *explanations) least(side plan.Side) string {
	s := e.by[side.Equal]
	ids := slices.Collect(maps.Keys(s.plain))
	if !side.By {
		ids = slices.AppendSeq(ids, maps.Keys(s.both))
	}
	if len(ids) == 0 {
		return ""
	}
	return slices.Min(ids)
}

// explain puts an alert on its sides of an inhibition, or takes it off. Where that makes a
// difference to others, their groups are looked at.
func (x *index) explain(i int, id string, side plan.Side, on bool) {
	e := &x.explains[i]
	if side.Held {
		if e.held[side.Equal] == nil {
			e.held[side.Equal] = map[string]bool{}
		}
		put(e.held[side.Equal], id, on)
		if len(e.held[side.Equal]) == 0 {
			delete(e.held, side.Equal)
		}
	}
	if !side.By {
		return
	}
	s := e.by[side.Equal]
	if s.plain == nil {
		s = sources{map[string]bool{}, map[string]bool{}}
	}
	which := s.plain
	if side.Held {
		which = s.both
	}
	before := len(which)
	put(which, id, on)
	e.by[side.Equal] = s
	if len(s.plain)+len(s.both) == 0 {
		delete(e.by, side.Equal)
	}
	if before > 0 && len(which) > 0 {
		return
	}
	for held := range e.held[side.Equal] {
		if other := x.alerts[held]; other != nil {
			for _, key := range other.groups {
				x.dirty[key] = true
			}
		}
	}
}

func put(set map[string]bool, id string, on bool) {
	if on {
		set[id] = true
	} else {
		delete(set, id)
	}
}
