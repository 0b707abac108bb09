package fallback

import (
	"math"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// Old is how old a measurement of a queue may be; one that is older says nothing.
const Old = 2 * time.Minute

// Knowledge is what is known of a queue's wait.
type Knowledge int

// What may be known.
const (
	// Nothing: it was not measured, or not for Old.
	Nothing Knowledge = iota
	// Unstaffed: callbacks are ready, and how long one would wait is not known, as nobody
	// is at their desk or nobody has finished anything yet.
	Unstaffed
	// Known is known.
	Known
)

// Reading is a queue's wait.
type Reading struct {
	Knowledge
	// Wait is how long one that comes now would wait, when that is Known.
	Wait time.Duration
}

// Read is what a measurement says at a moment; nil when there is none. Where nothing is
// ready and nothing in hand, nothing waits, however long ago that was: such a queue is not
// measured again until something comes.
func Read(e *eventsv1.QueueMeasured, now time.Time) Reading {
	seconds := e.GetPredictedWaitSeconds()
	switch {
	case e == nil:
		return Reading{}
	case e.GetReady() == 0 && e.GetHeld() == 0:
		return Reading{Knowledge: Known}
	case now.Sub(e.GetAt().AsTime()) > Old:
		return Reading{}
	case e.PredictedWaitSeconds != nil && seconds >= 0 && seconds < math.MaxInt32:
		return Reading{Known, time.Duration(seconds * float64(time.Second))}
	case e.GetReady() == 0:
		return Reading{Knowledge: Known}
	default:
		return Reading{Knowledge: Unstaffed}
	}
}

// State is a fallback's.
type State struct {
	// Active says that it applies, Changed since when it does or does not; zero when it
	// never did.
	Active  bool
	Changed time.Time
	// leaning is since when the queue has said otherwise, zero when it does not; seen is
	// when it was last looked at.
	leaning, seen time.Time
}

// Next is the state after a look at the queue. changed is true when it begins or ends,
// which it does when the queue has said so at every look for d.For, and not sooner than
// that after it last changed.
//
//	              wait > begins_above    between   wait < ends_below    unstaffed            nothing known
//	not active    towards beginning      stays     stays                as also_when_…       stays
//	active        stays                  stays     towards its end      stays                towards its end
func (s State) Next(d *rule.Fallback, r Reading, now time.Time) (next State, changed bool) {
	blind := s.seen.IsZero() || now.Sub(s.seen) > Old || now.Before(s.seen)
	s.seen = now
	switch {
	case !s.Leans(d, r):
		s.leaning = time.Time{}
		return s, false
	case s.leaning.IsZero() || blind: // what was between two looks is not known
		s.leaning = now
		return s, false
	case now.Sub(s.leaning) < d.For || now.Sub(s.Changed) < d.For:
		return s, false
	}
	return State{Active: !s.Active, Changed: now, seen: now}, true
}

// Leans reports whether a reading is one for the other state: looks that find none change
// nothing, however many there are.
func (s State) Leans(d *rule.Fallback, r Reading) bool {
	switch r.Knowledge {
	case Known:
		if s.Active {
			return r.Wait < d.EndsBelow
		}
		return r.Wait > d.BeginsAbove
	case Unstaffed:
		return !s.Active && d.AlsoWhenUnstaffed
	case Nothing:
		return s.Active
	}
	return false
}
