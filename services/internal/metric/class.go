package metric

import (
	"strconv"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// bands cut satisfaction into classes: below low, above high, and what lies
// between, both thresholds included.
type bands struct {
	low, high              float64
	below, between, beyond eventsv1.Class
}

// bandsOf holds every threshold of the scorer; docs/scoring.md says where each
// comes from.
//
// NPS. 65 and 85 are the middle between 6 and 7 and between 8 and 9 of the
// classic 0-10, so one rule gives 0-6, 7-8 and 9-10 there, and the nearest
// meaning on any other scale; 6.5 and 8.5, which are as near to one class as to
// the other, are passive.
//
// FCR has two classes and no middle.
func bandsOf(m eventsv1.Metric) (bands, bool) {
	switch m {
	case eventsv1.Metric_NPS:
		return bands{65, 85, eventsv1.Class_DETRACTOR, eventsv1.Class_PASSIVE, eventsv1.Class_PROMOTER}, true
	case eventsv1.Metric_CSAT:
		return bands{40, 60, eventsv1.Class_DISSATISFIED, eventsv1.Class_NEUTRAL, eventsv1.Class_SATISFIED}, true
	case eventsv1.Metric_CES:
		return bands{40, 60, eventsv1.Class_HIGH_EFFORT, eventsv1.Class_NEUTRAL, eventsv1.Class_LOW_EFFORT}, true
	case eventsv1.Metric_FCR:
		return bands{50, 50, eventsv1.Class_UNRESOLVED, eventsv1.Class_RESOLVED, eventsv1.Class_RESOLVED}, true
	case eventsv1.Metric_METRIC_UNSPECIFIED:
	}
	return bands{}, false
}

// class is a function of the satisfaction alone, so a class and the
// satisfaction shown beside it never disagree. why says on which side of which threshold
// it is.
func (b bands) class(satisfaction float64) (class eventsv1.Class, why string) {
	switch {
	case satisfaction < b.low:
		return b.below, "below " + short(b.low)
	case satisfaction > b.high:
		return b.beyond, "above " + short(b.high)
	default:
		return b.between, short(b.low) + " to " + short(b.high)
	}
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Mood is what classes of all metrics have in common, in the order of how much they
// need somebody's attention.
type Mood int

// From nothing to do to somebody must look.
const (
	NoMood Mood = iota
	Good
	Middle
	Bad
)

// MoodOf is a class's; NoMood of one that this version does not know.
func MoodOf(c eventsv1.Class) Mood {
	switch c {
	case eventsv1.Class_DETRACTOR, eventsv1.Class_DISSATISFIED, eventsv1.Class_HIGH_EFFORT, eventsv1.Class_UNRESOLVED:
		return Bad
	case eventsv1.Class_PASSIVE, eventsv1.Class_NEUTRAL:
		return Middle
	case eventsv1.Class_PROMOTER, eventsv1.Class_SATISFIED, eventsv1.Class_LOW_EFFORT, eventsv1.Class_RESOLVED:
		return Good
	case eventsv1.Class_CLASS_UNSPECIFIED:
	}
	return NoMood
}

// Worse reports whether a needs attention before b: the worse mood first, then the lower satisfaction. Equal answers are not worse than each other, so
// the first of a response stays.
func Worse(a, b *eventsv1.AnswerScore) bool {
	if sa, sb := MoodOf(a.GetClass()), MoodOf(b.GetClass()); sa != sb {
		return sa > sb
	}
	return a.GetSatisfaction() < b.GetSatisfaction()
}
