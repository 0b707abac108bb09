package calendar

import (
	"slices"
	"time"
)

// Slots is the window of a few spans, in any order; they may overlap. Spans that
// end before they begin count for nothing.
func Slots(spans ...Span) Window {
	kept := slices.DeleteFunc(slices.Clone(spans), func(s Span) bool { return !s.endsAfter(s.From) })
	slices.SortFunc(kept, func(a, b Span) int { return a.From.Compare(b.From) })
	var merged slots
	for _, s := range kept {
		if last := len(merged) - 1; last >= 0 && (merged[last].To.IsZero() || !s.From.After(merged[last].To)) {
			if !merged[last].To.IsZero() && (s.To.IsZero() || s.To.After(merged[last].To)) {
				merged[last].To = s.To
			}
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// slots are in order and do not touch.
type slots []Span

func (w slots) Next(t time.Time) (Span, bool) {
	for _, s := range w {
		if s.endsAfter(t) {
			return s, !s.From.After(t.Add(Horizon))
		}
	}
	return Span{}, false
}
