package calendar

import "time"

// Without is every moment that is not in a window.
func Without(w Window) Window { return without{w} }

type without struct{ closed Window }

// Next walks over spans that touch.
func (w without) Next(t time.Time) (Span, bool) {
	limit := t.Add(Horizon)
	from := t
	for !from.After(limit) {
		s, ok := w.closed.Next(from)
		switch {
		case !ok:
			return Span{From: from}, true
		case s.From.After(from):
			return Span{From: from, To: s.From}, true
		case s.To.IsZero():
			return Span{}, false
		}
		from = s.To
	}
	return Span{}, false
}

// Either is every moment that is in one window or in another, or both.
func Either(windows ...Window) Window { return either(windows) }

type either []Window

// Next begins with the span that begins first, and goes on as long as another holds.
func (e either) Next(t time.Time) (Span, bool) {
	out, found := Span{}, false
	for _, w := range e {
		if s, ok := w.Next(t); ok && (!found || s.From.Before(out.From) || s.From.Equal(out.From) && s.outlasts(out)) {
			out, found = s, true
		}
	}
	for limit := t.Add(Horizon); found && !out.To.IsZero() && !out.To.After(limit); {
		longer := false
		for _, w := range e {
			if s, ok := w.Next(out.To); ok && !s.From.After(out.To) {
				out.To, longer = s.To, true
				break
			}
		}
		if !longer {
			break
		}
	}
	return out, found
}

func (s Span) outlasts(other Span) bool {
	return !other.To.IsZero() && (s.To.IsZero() || s.To.After(other.To))
}
