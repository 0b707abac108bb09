package movement

import (
	"slices"
	"strings"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// Bounds of what is kept.
const (
	// MostSeries is how many series a rule has at most.
	MostSeries = 500
	// MostBytes is how much all series take at most, but for what they grow by between two
	// looks.
	MostBytes = 64 << 20

	seriesBytes = 400 // of a series without its cells, about
)

// Windows are the figures of a set's metric rules. Not safe for concurrent use.
type Windows struct {
	rules  map[string]*tracked
	order  []*tracked
	set    *rule.Set
	series map[uint32]*series // by number
	number uint32
	known  *memory
	bytes  int
	since  int64 // from when on nothing is missing, in milliseconds
}

// tracked is a rule with its series.
type tracked struct {
	*rule.Metric
	grid     grid
	gathers  string
	series   map[string]*series
	floor    uint32 // slots before it are forgotten
	looked   uint32 // the slot that the last look was at the beginning of
	overflow uint64
	failed   uint64
	filling  bool // its past is still being read
}

// series is one figure of a rule.
type series struct {
	of     *tracked
	number uint32
	values []string
	cells  cells
	state
}

// New returns windows of no rules. Nothing is missing from a time on; remembered is how many
// responses are, 0 for MostRemembered.
func New(since time.Time, remembered int) *Windows {
	if remembered == 0 {
		remembered = MostRemembered
	}
	return &Windows{rules: map[string]*tracked{}, series: map[uint32]*series{}, known: newMemory(remembered), since: since.UnixMilli(), set: &rule.Set{}}
}

// Use takes up a set of rules at a time. The series of a rule that gathers the same as before
// stay; the others are returned, and have none until Fill has been told of their past, and
// Filled that this is all.
func (w *Windows) Use(set *rule.Set, now time.Time) (anew []*rule.Metric) {
	before := w.rules
	w.set, w.rules, w.order = set, map[string]*tracked{}, nil
	for _, m := range set.Metrics {
		t := before[m.Name]
		if t == nil || t.gathers != m.Gathers() {
			t = &tracked{grid: gridOf(m), gathers: m.Gathers(), series: map[string]*series{}, filling: true}
			t.looked = max(t.grid.slot(now.UnixMilli()), 1) - 1
			t.floor = t.grid.slot(now.Add(-m.Reach()).UnixMilli())
		} else {
			delete(before, m.Name)
		}
		t.Metric = m
		if t.filling {
			anew = append(anew, m)
		}
		w.rules[m.Name] = t
		w.order = append(w.order, t)
		if len(m.By) == 0 {
			w.find(t, nil)
		}
	}
	for _, t := range before {
		for _, s := range t.series {
			delete(w.series, s.number)
		}
	}
	w.measure()
	return anew
}

// Take counts a scored response, which alert.Check has passed, in every rule whose past is
// read.
func (w *Windows) Take(e *eventsv1.ResponseScored) { w.take(e, false) }

// Fill counts one of the past in the rules whose past is being read. What came after it may
// have been taken: what is known to be replaced is left out.
func (w *Windows) Fill(e *eventsv1.ResponseScored) { w.take(e, true) }

// Filled says that the past is read, up to where Take goes on.
func (w *Windows) Filled() {
	for _, t := range w.order {
		t.filling = false
	}
}

func (w *Windows) take(e *eventsv1.ResponseScored, filling bool) {
	received := e.GetReceived()
	v := version{received.GetRevision(), e.GetCorrection()}
	hash := w.known.hash(received.GetResponse().GetSurvey(), received.GetResponse().GetId())
	r := w.known.get(hash)
	if r == nil {
		r = w.known.put(remembered{hash: hash, version: v, waits: true})
	}
	// A correction of what is no longer remembered is not taken for another response.
	if v == (version{revision: 1}) && r.at == 0 {
		r.at = received.GetReceivedAt().AsTime().UnixMilli()
	}
	if order := v.compare(r.version); order >= 0 {
		w.withdraw(r, filling)
		r.version = v
		w.add(r, e, filling)
	}
	if r.waits && r.at != 0 {
		r.waits = false
		for _, a := range r.added {
			w.count(a, r.at, 1)
		}
	}
}

// withdraw takes away what a response has added to the rules that are filled, or to the
// others.
func (w *Windows) withdraw(r *remembered, filling bool) {
	r.added = slices.DeleteFunc(r.added, func(a added) bool {
		s := w.series[a.series()]
		if s != nil && s.of.filling != filling {
			return false
		}
		if !r.waits {
			w.count(a, r.at, ^uint32(0))
		}
		return true
	})
}

// add adds what a response adds now, once it is known when it came.
func (w *Windows) add(r *remembered, e *eventsv1.ResponseScored, filling bool) {
	counted, failures := w.set.Count(rule.NewFacts(e.GetReceived().GetResponse(), e.GetScore()))
	for _, f := range failures {
		if t := w.rules[f.Rule]; t.filling == filling {
			t.failed++
		}
	}
	for _, c := range counted {
		t := w.rules[c.Metric.Name]
		if t.filling != filling {
			continue
		}
		t.overflow += uint64(c.Cut) //nolint:gosec // never negative
		for _, values := range c.Series {
			s := w.find(t, values)
			if s == nil {
				t.overflow++
				continue
			}
			a := adds(s.number, c.Sign)
			r.added = append(r.added, a)
			if !r.waits {
				w.count(a, r.at, 1)
			}
		}
	}
}

// count counts an addition at a time, so often; all ones take it away.
func (w *Windows) count(a added, at int64, by uint32) {
	s := w.series[a.series()]
	if s == nil {
		return
	}
	slot := s.of.grid.slot(at)
	if slot >= s.of.floor { // what is older is forgotten, and was never added, or is gone
		s.cells.add(slot, a.sign(), by)
	}
}

// find returns a series by its values; nil when there is no room for it.
func (w *Windows) find(t *tracked, values []string) *series {
	if s := t.series[key(values)]; s != nil {
		return s
	}
	if len(t.series) >= MostSeries || w.bytes >= MostBytes {
		return nil
	}
	w.number++
	s := &series{of: t, number: w.number, values: values}
	t.series[key(values)], w.series[s.number] = s, s
	w.bytes += seriesBytes
	return s
}

// key is a series' values in one text.
func key(values []string) string { return strings.Join(values, "\x00") }

// drop lets go of a series.
func (w *Windows) drop(s *series) {
	delete(s.of.series, key(s.values))
	delete(w.series, s.number)
}

func adds(series uint32, sign rule.Sign) added { return added(series)<<2 | added(sign+1) } //nolint:gosec // 0 to 2

func (a added) series() uint32  { return uint32(a >> 2) }     //nolint:gosec // as it was put there
func (a added) sign() rule.Sign { return rule.Sign(a&3) - 1 } //nolint:gosec // likewise
