package movement

import (
	"math"
	"time"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// Reading is a series at the end of a slot.
type Reading struct {
	// Metric is the rule, Values what the series is of, in the order of Metric.By.
	Metric *rule.Metric
	Values []string
	// From and To are the window's ends.
	From, To time.Time
	// Figure is that of the window, Reference what it is compared with: of a count, of a
	// stretch as long as the window; of a bar, the bar. 0 where there are no responses.
	Figure, Reference float64
	// Answers are how many there are in each; of a bar there are none.
	Answers, ReferenceAnswers uint64
	// Moved is by how much the figure has moved the way the rule looks for, or is past the
	// bar; in percent for a count that is compared.
	Moved float64
	// Enough is whether there are enough answers to say anything.
	Enough bool
	// P is the probability of so great a movement where nothing has changed; 1 where it
	// was not worked out, because the figure has not moved so far, and 0 of a count with a
	// bar, which is no estimate.
	P float64
	// Firing is whether the alert stands, Holds whether what it is about still does, too.
	Firing, Holds bool
	// Began is whether it began with this look, Ended whether it, or one that was put away,
	// was over with it.
	Began, Ended bool
}

// Series is what the figure is of, by the labels of its alert.
func (r *Reading) Series() map[string]string {
	series := make(map[string]string, len(r.Values))
	for i, v := range r.Values {
		series[rule.Label(r.Metric.By[i])] = v
	}
	return series
}

// most is what a count has risen by, in percent, that rose from nothing.
const most = 10_000

// evidence is what a judgement goes by.
type evidence struct {
	window    sums
	reference sums     // all stretches together
	stretches []uint64 // of a count, what came in each
	spread    float64  // of a count, how much more it varies than chance does, 1 or more
}

// gather sums what is to be judged at the end of a slot.
func (w *Windows) gather(s *series, end uint32) evidence {
	t := s.of
	at := t.grid.window(end)
	e := evidence{window: s.cells.between(at.from, at.to), spread: 1}
	for _, one := range t.references(end) {
		if t.Measure == rule.Count && t.grid.begins(one.from).UnixMilli() < w.since {
			continue // some of it may be missing
		}
		sum := s.cells.between(one.from, one.to)
		e.reference = e.reference.plus(sum)
		e.stretches = append(e.stretches, sum.n)
	}
	return e
}

// read is a series' reading but for its probability.
func (w *Windows) read(s *series, end uint32, e evidence) Reading {
	m := s.of.Metric
	at := s.of.grid.window(end)
	r := Reading{
		Metric: m, Values: s.values, From: s.of.grid.begins(at.from), To: s.of.grid.begins(at.to), P: 1,
		Figure: e.window.figure(m.Measure), Reference: e.reference.figure(m.Measure),
		Answers: e.window.n, ReferenceAnswers: e.reference.n,
	}
	enough := uint64(m.AtLeast) //nolint:gosec // never negative
	switch {
	case m.Measure == rule.Count:
		whole := r.From.UnixMilli() >= w.since
		if m.Against == rule.Bar {
			r.Reference, r.Enough = m.Move, whole || m.Rises // what is missing would be more still
			break
		}
		r.Reference /= float64(max(len(e.stretches), 1))
		r.Enough = whole && len(e.stretches) > 0 && r.Reference >= float64(enough)
		if m.Rises {
			r.Enough = whole && len(e.stretches) > 0 && r.Answers >= enough
		}
	case m.Against == rule.Bar:
		r.Reference, r.Enough = m.Move, r.Answers >= enough
	default:
		r.Enough = r.Answers >= enough && r.ReferenceAnswers >= enough
	}
	r.Moved = r.moved()
	return r
}

func (r *Reading) moved() float64 {
	moved := r.Reference - r.Figure
	if r.Metric.Rises {
		moved = -moved
	}
	switch {
	case r.Metric.Measure != rule.Count || r.Metric.Against == rule.Bar || moved == 0:
		return moved
	case r.Reference == 0:
		return most
	default:
		return 100 * moved / r.Reference
	}
}

// reaches is whether it has moved as far as the rule asks for; half is whether half as far,
// which is enough for an alert that stands.
func (r *Reading) reaches(half bool) bool {
	switch {
	case !r.Enough:
		return false
	case r.Metric.Against == rule.Bar:
		return r.Moved > 0
	case half:
		return r.Moved >= r.Metric.Move/2
	default:
		return r.Moved >= r.Metric.Move
	}
}

// probability is that of a window so far below what it is compared with, or further, where
// nothing has changed.
func probability(m *rule.Metric, e evidence) float64 {
	if m.Measure == rule.Count {
		if m.Against == rule.Bar {
			return 0
		}
		return fewer(m.Rises, e)
	}
	window, reference, bar := e.window, e.reference, m.Move
	if m.Rises { // the same with what is good and bad the other way round
		window, reference, bar = window.turned(m.Measure), reference.turned(m.Measure), -bar
		if m.Measure != rule.NPS {
			bar += 100
		}
	}
	switch {
	case m.Measure == rule.NPS && m.Against == rule.Bar:
		good, bad := likeliest(window, bar/100)
		return netUnder(window, good, bad)
	case m.Measure == rule.NPS:
		return math.Max(net(window, reference), welch(window, reference))
	case m.Against == rule.Bar:
		return trials{int(window.n), bar / 100}.upTo(int(window.good)) //nolint:gosec // counts
	default:
		all, good := int(window.n+reference.n), int(window.good+reference.good) //nolint:gosec // counts
		return pick{all, good, int(window.n)}.upTo(int(window.good))            //nolint:gosec // counts
	}
}

// welch is the probability by Welch's test of two means, with 3/4 of a promoter, 3/4 of a
// detractor and 3/2 of a passive added to each side so that few answers have a variance
// (Rocks, Interval Estimation for the Net Promoter Score, The American Statistician 70(4),
// 2016). It holds where the two sides vary differently, for which the exact test, which
// takes them to be alike but for chance, may be too sure.
func welch(a, b sums) float64 {
	meanA, varianceA := softened(a)
	meanB, varianceB := softened(b)
	return tail((meanA - meanB) / math.Sqrt(varianceA+varianceB))
}

// softened is the mean of promoters less detractors with those added, and its variance.
func softened(s sums) (mean, variance float64) {
	n, good, bad := float64(s.n)+3, float64(s.good)+0.75, float64(s.bad)+0.75
	mean = (good - bad) / n
	return mean, ((good+bad)/n - mean*mean) / n
}

// likeliest are the shares of good and bad responses that fit a sum best among those whose
// difference is d: the root of 2nq² - ((g+b)(1-d) - 2d(n-g))q - bd(1-d) for the bad, of g
// good and b bad in n (Tango, Statistics in Medicine 17, 1998, for paired proportions).
func likeliest(s sums, d float64) (good, bad float64) {
	if d < 0 {
		bad, good = likeliest(sums{s.n, s.bad, s.good}, -d)
		return good, bad
	}
	n, g, b := float64(s.n), float64(s.good), float64(s.bad)
	linear := (g+b)*(1-d) - 2*d*(n-g)
	bad = (linear + math.Sqrt(linear*linear+8*n*b*d*(1-d))) / (4 * n)
	bad = math.Min(math.Max(bad, 0), (1-d)/2)
	return bad + d, bad
}

// fewer is the probability of a count as low in the window, where the rate is that of the k
// stretches: of all that came, each is in one of the k+1 with equal probability. Where
// counts vary more than chance lets them, a normal test widened by as much has its say too.
func fewer(rises bool, e evidence) float64 {
	k := float64(len(e.stretches))
	all, x := e.window.n+e.reference.n, e.window.n
	p := trials{int(all), 1 / (k + 1)}.upTo(int(x)) //nolint:gosec // counts
	z := float64(x) - float64(e.reference.n)/k
	if rises {
		p, z = trials{int(all), k / (k + 1)}.upTo(int(all-x)), -z //nolint:gosec // counts
	}
	if e.spread > 1 && all > 0 {
		p = math.Max(p, tail(z/math.Sqrt(e.spread*float64(all)/(k+1)*(1+1/k))))
	}
	return p
}

// spread is how much more counts vary than chance lets them, from the same stretches of
// several weeks: Pearson's chi-square by its degrees of freedom, 1 or more. The whole weeks
// are looked at in pieces as long as the window, because a few stretches say little.
func (w *Windows) spread(s *series, end uint32) float64 {
	t := s.of
	if t.Measure != rule.Count || len(t.references(end)) < 2 {
		return 1
	}
	pieces := 1
	if t.Against == rule.Weeks {
		pieces = int(week / t.Window)
	}
	chi, freedom := 0.0, 0.0
	for piece := range pieces {
		var counts []float64
		sum, on := 0.0, uint32(piece)*t.grid.looks //nolint:gosec // few
		for _, one := range t.references(end) {
			if t.grid.begins(one.from).UnixMilli() < w.since {
				continue
			}
			n := float64(s.cells.between(one.from+on, one.to+on).n)
			counts, sum = append(counts, n), sum+n
		}
		mean := sum / float64(len(counts))
		if len(counts) < 2 || mean < 1 {
			continue
		}
		freedom += float64(len(counts) - 1)
		for _, n := range counts {
			chi += (n - mean) * (n - mean) / mean
		}
	}
	if freedom == 0 {
		return 1
	}
	return math.Max(1, chi/freedom)
}
