package order

import (
	"slices"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Alarm names a list of entries whose SLA needs somebody's eyes: an entry is in one of
// them at most, over and above the list of its state.
type Alarm uint8

// The alarms.
const (
	// AtRisk is what is open and at risk.
	AtRisk Alarm = iota
	// Breached is what is open and breached, BreachedClosed what is closed and was.
	Breached
	BreachedClosed
	// Alarms is how many there are.
	Alarms
)

// AlarmOf is the alarm of an entry; ok is false when it is in none.
func AlarmOf(s callback.State, sla callback.SLAState) (a Alarm, ok bool) {
	switch {
	case sla == callback.SLABreached && !s.Open():
		return BreachedClosed, true
	case sla == callback.SLABreached:
		return Breached, true
	case sla == callback.SLAAtRisk && s.Open():
		return AtRisk, true
	default:
		return 0, false
	}
}

// AlarmsFor are the alarms that together hold what stands so, each once; none when
// one of the states has no alarm.
func AlarmsFor(states []callback.SLAState) []Alarm {
	var all []Alarm
	for _, s := range states {
		switch s {
		case callback.SLAAtRisk:
			all = append(all, AtRisk)
		case callback.SLABreached:
			all = append(all, Breached, BreachedClosed)
		case callback.SLANone, callback.SLAOnTrack, callback.SLAKept:
			return nil
		default:
			return nil
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
