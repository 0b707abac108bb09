package movement

import (
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// state is what became of a series so far.
type state struct {
	stands Alert
	lapsed uint32 // the look since which an alert that stands has not held; 0 if it holds
	last   Reading
}

// Alert is whether the alert of a series stands.
type Alert uint8

const (
	// Over is one that does not.
	Over Alert = iota
	// Standing is one that does.
	Standing
	// PutAway is one that somebody has said is over while the figure has not come back:
	// until it has, none begins.
	PutAway
)

// Next is when the next slot of any rule ends; the zero time without rules.
func (w *Windows) Next() (next time.Time) {
	for _, t := range w.order {
		if ends := t.grid.begins(t.looked + 1); next.IsZero() || ends.Before(next) {
			next = ends
		}
	}
	return next
}

// Look judges the series of every rule a slot of which has ended by now since it was looked
// at last, once, at the end of the last such slot. The readings are in the rules' order, and
// a rule's by their values.
func (w *Windows) Look(now time.Time) (all []Reading) {
	for _, t := range w.order {
		if end := t.grid.slot(now.UnixMilli()); end > t.looked && !t.filling {
			t.looked = end
			all = append(all, w.look(t, end)...)
		}
	}
	w.measure()
	return all
}

func (w *Windows) look(t *tracked, end uint32) (all []Reading) {
	t.floor = max(t.floor, end-min(end, t.grid.slots(t.Reach())+1))
	compared := 0
	type found struct {
		s *series
		e evidence
		r Reading
	}
	var seen []found
	for _, s := range t.sorted() {
		s.cells.forget(t.floor)
		e := w.gather(s, end)
		r := w.read(s, end, e)
		if r.Enough {
			compared++
		}
		seen = append(seen, found{s, e, r})
	}
	for _, f := range seen {
		r := f.r
		if r.reaches(false) || f.s.stands == Standing {
			f.e.spread = w.spread(f.s, end)
			r.P = probability(t.Metric, f.e)
		}
		f.s.judge(&r, end, (1-t.Confidence)/float64(compared*int(t.grid.looks)))
		all = append(all, r)
		if f.s.gone() && f.s.stands == Over {
			w.drop(f.s)
		}
	}
	return all
}

// judge takes a reading up. An alert begins where the figure has moved so far and chance is
// improbable enough; it ends when the figure has not been half as far, or over the bar, for
// as long as the rule says, or when nothing is left of the series.
func (s *series) judge(r *Reading, end uint32, alpha float64) {
	holds := r.reaches(s.stands != Over)
	switch {
	case s.stands == Over:
		s.lapsed = 0
		if r.Began = holds && r.P <= alpha; r.Began {
			s.stands = Standing
		}
	case holds:
		s.lapsed = 0
	default:
		if s.lapsed == 0 {
			s.lapsed = end
		}
		if s.gone() || time.Duration(end-s.lapsed)*time.Duration(s.of.grid.length)*time.Millisecond >= s.of.BackFor {
			s.stands, r.Ended = Over, true
		}
	}
	r.Firing = s.stands == Standing
	r.Holds = r.Firing && holds
	s.last = *r
}

// gone is whether nothing is left of a series that there need not be.
func (s *series) gone() bool { return len(s.cells) == 0 && len(s.values) > 0 }

// Adopt says whether the alert of a series stands, as it is stored: a process that has just
// begun, or another that was faster, knows. It reports whether the rule is there, is of such
// series, and has room for it.
func (w *Windows) Adopt(name string, values []string, alert Alert) bool {
	t := w.rules[name]
	if t == nil || len(values) != len(t.By) {
		return false
	}
	s := t.series[key(values)]
	if s == nil && alert != Over {
		s = w.find(t, values)
	}
	if s == nil {
		return alert == Over
	}
	if s.stands != alert {
		s.stands, s.lapsed, s.last.Firing = alert, 0, alert == Standing
	}
	return true
}

// Tracked is a rule as it stands.
type Tracked struct {
	Metric *rule.Metric
	// Series are its last readings, by their values; empty until the first look.
	Series []Reading
	// Overflow is how often a response did not count in a series for which there was no
	// room, Failed how often a condition failed on one.
	Overflow, Failed uint64
	// Filling is whether its past is still being read.
	Filling bool
}

// Show is each rule as it stood at the last look, in the rules' order.
func (w *Windows) Show() []Tracked {
	all := make([]Tracked, 0, len(w.order))
	for _, t := range w.order {
		one := Tracked{Metric: t.Metric, Overflow: t.overflow, Failed: t.failed, Filling: t.filling}
		for _, s := range t.sorted() {
			if s.last.Metric != nil {
				one.Series = append(one.Series, s.last)
			}
		}
		all = append(all, one)
	}
	return all
}

func (t *tracked) sorted() []*series {
	all := make([]*series, 0, len(t.series))
	for _, s := range t.series {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *series) int { return slices.Compare(a.values, b.values) })
	return all
}

// measure works out what all series take.
func (w *Windows) measure() {
	w.bytes = 0
	for _, s := range w.series {
		w.bytes += seriesBytes + cellBytes*cap(s.cells)
	}
}
