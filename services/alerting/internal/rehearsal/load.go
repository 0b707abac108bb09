package rehearsal

import (
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

// Assumed where nothing is said.
const (
	assumedHours = 8.0
	assumedOpen  = 24 * time.Hour
)

// Staffing is who works, by queue; that of the empty name is of every other.
type Staffing map[string]*alertingv1.Staffing

func (s Staffing) of(queue string) staffing {
	if one, ok := s[queue]; ok {
		return staffing{one}
	}
	return staffing{s[""]}
}

type staffing struct{ *alertingv1.Staffing }

func (s staffing) openFor() time.Duration {
	if s.GetOpenFor() == nil {
		return assumedOpen
	}
	return s.GetOpenFor().AsDuration()
}

func (s staffing) hours() float64 {
	if s.GetHoursADay() == 0 {
		return assumedHours
	}
	return s.GetHoursADay()
}

// enough is the share of callbacks that ought to be within the target.
const enough = 0.9

// mostAgents is where looking for how many are needed ends.
const mostAgents = 10_000

// line is a queue in numbers: how many come an hour, how many an agent finishes an hour, how
// many agents there are.
type line struct {
	arrivals, pace float64
	agents         uint32
}

// wait is the probability that one who comes waits at all (Erlang C), and the rate at which
// those who wait are served beyond those who come. ok is false when the queue grows: then
// everybody waits, for ever longer.
//
// The recursion is Erlang B's, B(c) = aB(c-1) / (c + aB(c-1)) with a = arrivals/pace and
// B(0) = 1; and C = B / (1 - (a/c)(1-B)). Kleinrock, Queueing Systems I, 3.6.
func (l line) wait() (p, spare float64, ok bool) {
	a, c := l.arrivals/l.pace, float64(l.agents)
	if a >= c {
		return 1, 0, false
	}
	b := 1.0
	for i := 1.0; i <= c; i++ {
		b = a * b / (i + a*b)
	}
	return b / (1 - a/c*(1-b)), c*l.pace - l.arrivals, true
}

// within is the share that waits no longer than target hours.
func (l line) within(target float64) float64 {
	p, spare, ok := l.wait()
	if !ok {
		return 0
	}
	return 1 - p*math.Exp(-spare*target)
}

// needed is how many agents it would take; a target of 0 is none.
func (l line) needed(target float64) uint32 {
	l.agents = max(uint32(math.Min(l.arrivals/l.pace, mostAgents)), 1)
	for ; l.agents < mostAgents; l.agents++ {
		if _, _, ok := l.wait(); ok && (target == 0 || l.within(target) >= enough) {
			break
		}
	}
	return l.agents
}

// load is how a queue would go that gets so many callbacks a day; nil when the pace or the
// agents are not known.
func (s staffing) load(aDay float64, target time.Duration) *alertingv1.Load {
	if !s.known() {
		return nil
	}
	l := line{arrivals: aDay / s.hours(), pace: s.GetCallbacksAnHour(), agents: s.GetAgents()}
	capacity := s.capacity()
	out := &alertingv1.Load{
		Utilisation: l.arrivals / capacity, GrowthADay: max(0, l.arrivals-capacity) * s.hours(), AgentsNeeded: l.needed(target.Hours()),
	}
	p, spare, ok := l.wait()
	if ok {
		out.MeanWait = durationpb.New(time.Duration(p / spare * float64(time.Hour)).Round(time.Second))
	}
	if target > 0 {
		within := l.within(target.Hours())
		out.WithinTarget = &within
	}
	return out
}
