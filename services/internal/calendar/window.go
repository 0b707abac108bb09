package calendar

import "time"

// Horizon is how far ahead of the moment asked about a window is searched.
const Horizon = 2 * 366 * 24 * time.Hour

// Span is a stretch of open time, from From on and before To; a zero To means for
// ever.
type Span struct{ From, To time.Time }

// holds reports whether t is in the span.
func (s Span) holds(t time.Time) bool { return !t.Before(s.From) && s.endsAfter(t) }

// endsAfter reports whether the span has not ended at t.
func (s Span) endsAfter(t time.Time) bool { return s.To.IsZero() || s.To.After(t) }

// Window is a set of moments.
type Window interface {
	// Next returns the first span of the set that has not ended at t; it may have
	// begun before. Its From is not after t when t is open. Two spans that follow
	// each other may touch. ok is false when nothing is open within Horizon.
	Next(t time.Time) (s Span, ok bool)
}

// Always is every moment.
var Always = From(time.Time{})

// From is every moment from t on.
func From(t time.Time) Window { return from{t} }

type from struct{ t time.Time }

func (f from) Next(time.Time) (Span, bool) { return Span{From: f.t}, true }

// Open reports whether t is in the window.
func Open(w Window, t time.Time) bool {
	s, ok := w.Next(t)
	return ok && s.holds(t)
}

// NextOpen returns t when the window is open, else the first moment after it
// that is; ok is false when there is none within Horizon.
func NextOpen(w Window, t time.Time) (time.Time, bool) {
	s, ok := w.Next(t)
	switch {
	case !ok:
		return time.Time{}, false
	case s.From.After(t):
		return s.From, true
	default:
		return t, true
	}
}

// Add returns the moment at which d of open time has passed since t: at the very
// end of a span rather than at the beginning of the next. A d of 0 or less is t.
// ok is false when there is not so much in the spans that begin within Horizon.
func Add(w Window, t time.Time, d time.Duration) (time.Time, bool) {
	limit := t.Add(Horizon)
	for d > 0 {
		s, ok := w.Next(t)
		if !ok || s.From.After(limit) {
			return time.Time{}, false
		}
		if s.From.After(t) {
			t = s.From
		}
		if s.To.IsZero() || s.To.Sub(t) >= d {
			return t.Add(d), true
		}
		d -= s.To.Sub(t)
		t = s.To
	}
	return t, true
}

// Elapsed is the open time between two moments; 0 when to is not after from.
func Elapsed(w Window, from, to time.Time) time.Duration {
	var sum time.Duration
	for from.Before(to) {
		s, ok := w.Next(from)
		if !ok || !s.From.Before(to) {
			return sum
		}
		if s.From.After(from) {
			from = s.From
		}
		end := to
		if !s.To.IsZero() && s.To.Before(to) {
			end = s.To
		}
		sum += end.Sub(from)
		from = end
	}
	return sum
}

// All is what several windows have in common; every moment when there is none.
func All(windows ...Window) Window {
	switch len(windows) {
	case 0:
		return Always
	case 1:
		return windows[0]
	default:
		return all(windows)
	}
}

type all []Window

// Next moves to the latest beginning until all are open there. Each round passes
// the end of a span, so the horizon ends it.
func (a all) Next(t time.Time) (Span, bool) {
	limit := t.Add(Horizon)
	for at := t; !at.After(limit); {
		common := Span{}
		for _, w := range a {
			s, ok := w.Next(at)
			if !ok {
				return Span{}, false
			}
			common = common.and(s)
		}
		if common.endsAfter(common.From) {
			return common, true
		}
		at = common.From // what begins last begins when another has ended
	}
	return Span{}, false
}

// and is what two spans have in common; its From is not before its To when that
// is nothing.
func (s Span) and(other Span) Span {
	if other.From.After(s.From) {
		s.From = other.From
	}
	if s.To.IsZero() || !other.To.IsZero() && other.To.Before(s.To) {
		s.To = other.To
	}
	return s
}
