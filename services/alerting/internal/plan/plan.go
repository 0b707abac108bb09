package plan

import (
	"maps"
	"slices"
	"strings"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Planned is a group, and what is to be done about it.
type Planned struct {
	Group   *Group
	Verdict Verdict
}

// Plan works out what is to be done about every group now: those of the alerts that stand,
// and those that people know of by told, by their keys. alerts may hold any that stand no
// more; those that people were told of should be among them. It returns groups in the keys'
// order, and looks at each pair of alerts for inhibitions: package planner does the same at
// a lower cost.
func Plan(c *Config, alerts []*eventsv1.AlertState, silences []Silence, told map[string]*eventsv1.GroupState, now time.Time) []Planned {
	byID := make(map[string]*eventsv1.AlertState, len(alerts))
	groups := map[string]*Group{}
	lookup := func(id string) (Member, bool) {
		a := byID[id]
		if a == nil {
			return Member{}, false
		}
		return Member{Alert: a, Held: SilencedBy(silences, a.GetLabels(), now)}, true
	}
	for _, a := range alerts {
		byID[a.GetId()] = a
	}
	for _, a := range alerts {
		if !Stands(a) || !a.GetNotify() {
			continue
		}
		held := append(SilencedBy(silences, a.GetLabels(), now), c.explained(a, alerts)...)
		for _, r := range c.Takers(a.GetLabels()) {
			key, labels := r.Key(a.GetId(), a.GetLabels())
			if groups[key] == nil {
				groups[key] = &Group{Key: key, Route: r, Labels: labels, Lookup: lookup}
			}
			groups[key].Standing = append(groups[key].Standing, Member{Alert: a, Held: held})
		}
	}
	for key, state := range told {
		if route := c.Route(state.GetRoute()); groups[key] == nil && state.GetOpen() && route != nil {
			groups[key] = &Group{Key: key, Route: route, Labels: state.GetLabels(), Lookup: lookup}
		}
	}
	out := make([]Planned, 0, len(groups))
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, Planned{groups[key], Decide(groups[key], told[key], now)})
	}
	return out
}

// Stands reports whether an alert stands.
func Stands(a *eventsv1.AlertState) bool {
	return a.GetState() == eventsv1.AlertState_FIRING || a.GetState() == eventsv1.AlertState_ACKNOWLEDGED
}

// SilencedBy are the silences that hold back an alert with these labels now.
func SilencedBy(silences []Silence, labels map[string]string, now time.Time) []Hold {
	var out []Hold
	for i := range silences {
		if !silences[i].Match.Pick(labels) {
			continue
		}
		if h, holds := silences[i].Now(now); holds {
			out = append(out, h)
		}
	}
	return out
}

// Now reports whether a silence holds at this moment, and as what.
func (s *Silence) Now(now time.Time) (Hold, bool) {
	end, holds := until(s.Window, now)
	return Hold{Reason: Silenced, By: s.ID, Until: end}, holds
}

// explained is what inhibits an alert: for each inhibition that does, the alert with the
// least id.
func (c *Config) explained(a *eventsv1.AlertState, alerts []*eventsv1.AlertState) []Hold {
	var out []Hold
	for _, i := range c.Inhibit {
		by := ""
		for _, b := range alerts {
			if Stands(b) && i.inhibits(b, a) && (by == "" || b.GetId() < by) {
				by = b.GetId()
			}
		}
		if by != "" {
			out = append(out, Hold{Reason: Inhibited, By: by})
		}
	}
	return out
}

// inhibits reports whether one standing alert holds back another. Where both could hold back
// each other, neither does.
func (i *Inhibition) inhibits(by, held *eventsv1.AlertState) bool {
	bySide, heldSide := i.Side(by.GetLabels()), i.Side(held.GetLabels())
	return by.GetId() != held.GetId() && bySide.By && heldSide.Held && bySide.Equal == heldSide.Equal && !(bySide.Held && heldSide.By)
}

// Side is what an alert can be to an inhibition.
type Side struct {
	// By can hold others back, Held can be held back.
	By, Held bool
	// Equal is what both must have in common.
	Equal string
}

// Side is what an alert with these labels is to an inhibition; nothing where one of the
// labels that must be equal is not there.
func (i *Inhibition) Side(labels map[string]string) Side {
	var equal strings.Builder
	for _, label := range i.Equal {
		v := labels[label]
		if v == "" {
			return Side{}
		}
		equal.WriteString(v)
		equal.WriteByte(0)
	}
	return Side{By: i.By.Pick(labels), Held: i.Held.Pick(labels), Equal: equal.String()}
}
