package calendar

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Period is a stretch of a day on the wall's clock, in minutes since midnight:
// from From on and before To, 0 <= From < To <= MinutesADay.
type Period struct{ From, To int }

// MinutesADay is the end of a day whose clock does not change.
const MinutesADay = 24 * 60

// String is the period as people write it: 09:00-12:30.
func (p Period) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", p.From/60, p.From%60, p.To/60, p.To%60)
}

// Date is a day of the calendar, in whatever zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day of t on its own clock.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// String is the date in ISO 8601.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Week says when each weekday is open, by time.Weekday, on the wall's clock. The
// periods of a day are in order and don't touch; no period means closed. The zero
// Week is never open.
type Week [7][]Period

// Holidays tells the days on which nothing is open, whatever the week says. A nil
// one has none.
type Holidays interface {
	// Holiday reports whether a day is one.
	Holiday(d Date) bool
}

// Hours is the window of a week in a zone, without its holidays.
type Hours struct {
	// Week is what the wall's clock says.
	Week Week
	// Zone is where the wall is; nil is UTC.
	Zone *time.Location
	// Holidays are closed; nil means none.
	Holidays Holidays
}

var _ Window = Hours{}

const (
	secondsADay = 24 * 60 * 60
	// daysAhead is Horizon in days.
	daysAhead = int64(Horizon / (24 * time.Hour))
)

// Next walks from one change of the zone's clock to the next: between two of them
// the wall's clock runs as evenly as time does.
func (h Hours) Next(t time.Time) (Span, bool) {
	if !h.ever() {
		return Span{}, false
	}
	zone := h.Zone
	if zone == nil {
		zone = time.UTC
	}
	limit := t.Add(Horizon)
	for at := t.In(zone); !at.After(limit); {
		_, offset := at.Zone()
		_, end := at.ZoneBounds()
		if s, ok := h.between(at, end, int64(offset)); ok {
			return s, true
		}
		if end.IsZero() {
			return Span{}, false
		}
		at = end.In(zone)
	}
	return Span{}, false
}

// ever reports whether any day has a period.
func (h Hours) ever() bool {
	return slices.ContainsFunc(h.Week[:], func(day []Period) bool { return len(day) > 0 })
}

// between returns the first span that has not ended at a moment, up to where the
// zone's clock changes (zero: never). The offset is the zone's until there, in
// seconds.
func (h Hours) between(at, end time.Time, offset int64) (Span, bool) {
	wall := at.Unix() + offset
	first := floorDiv(wall, secondsADay)
	for day := first; day <= first+daysAhead; day++ {
		midnight := day*secondsADay - offset
		if !end.IsZero() && midnight >= end.Unix() {
			return Span{}, false
		}
		for _, p := range h.periods(day) {
			s := Span{From: time.Unix(midnight+int64(p.From)*60, 0), To: time.Unix(midnight+int64(p.To)*60, 0)}
			if !end.IsZero() && s.To.After(end) {
				s.To = end
			}
			if begin, _ := at.ZoneBounds(); s.From.Before(begin) {
				s.From = begin
			}
			if s.To.After(at) && s.From.Before(s.To) {
				return Span{From: s.From.UTC(), To: s.To.UTC()}, true
			}
		}
	}
	return Span{}, false
}

// periods of a day, counted from 1 January 1970.
func (h Hours) periods(day int64) []Period {
	t := time.Unix(day*secondsADay, 0).UTC()
	if h.Holidays != nil && h.Holidays.Holiday(DateOf(t)) {
		return nil
	}
	return h.Week[t.Weekday()]
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// zones are those that were asked for before: reading one takes a while.
var zones sync.Map // name -> *time.Location

// Zone returns a time zone by its IANA name, as Europe/Paris; ok is false for what
// names none. What the machine calls its own is none.
func Zone(name string) (zone *time.Location, ok bool) {
	if known, asked := zones.Load(name); asked {
		zone = known.(*time.Location)
		return zone, zone != nil
	}
	if name != "" && name != "Local" {
		if found, err := time.LoadLocation(name); err == nil {
			zone = found
			zones.Store(name, zone) // what names none is not kept: there is no end of those
		}
	}
	return zone, zone != nil
}
