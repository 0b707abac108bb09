package callback

import (
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// retryAt is when to try again after a try that found nobody: after the policy's
// gap, at a time of day that was tried least, and not at that of the last try where
// there is a choice. Who is never at home in the morning is not called each morning.
func (p Policy) retryAt(c *Callback, end time.Time) time.Time {
	at := end.Add(p.gap(c.Tries()))
	zone, hours := p.zoneOf(c), p.Window(c.Needs())
	var first time.Time
	for _, i := range p.leastTried(c, zone) {
		next, ok := calendar.NextOpen(calendar.All(hours, calendar.Hours{Week: p.TimesOfDay[i], Zone: zone}), at)
		if ok && (first.IsZero() || next.Before(first)) {
			first = next
		}
	}
	return later(at, first).UTC()
}

// leastTried are the times of day, by number, at which it is worth trying next.
func (p Policy) leastTried(c *Callback, zone *time.Location) []int {
	if len(p.TimesOfDay) == 0 {
		return nil
	}
	tries, last := make([]int, len(p.TimesOfDay)), -1
	for a := range c.tries() {
		last = slices.IndexFunc(p.TimesOfDay, func(week calendar.Week) bool {
			return calendar.Open(calendar.Hours{Week: week, Zone: zone}, a.StartedAt)
		})
		if last >= 0 {
			tries[last]++
		}
	}
	var least []int
	for i, n := range tries {
		if n == slices.Min(tries) {
			least = append(least, i)
		}
	}
	if len(least) > 1 {
		least = slices.DeleteFunc(least, func(i int) bool { return i == last })
	}
	return least
}

// zoneOf is the clock on the customer's wall, as far as it is known: of those that it may
// be, the one in the middle.
func (p Policy) zoneOf(c *Callback) *time.Location {
	if zones := (Needs{Zone: c.zoneName()}).zones(); len(zones) > 0 {
		return middle(zones)
	}
	return p.Zone // nil is UTC
}
