package movement

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// monday is where made-up time begins.
var monday = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// world is how responses come, and what they are.
type world struct {
	aDay      float64
	seasons   bool    // eight times as many by day as at night, half as many at the weekend
	jitter    float64 // how much days differ beyond chance: the deviation of a day's logarithm
	good, bad float64
	drift     float64 // of the difference of good and bad, in points over 30 days
	series    int
}

// change is what becomes of a world.
type change struct {
	points float64 // that the figure drops by
	fewer  float64 // the share of responses that come no more
}

// run is one life of a rule: its windows, with what came in them, drawn slot by slot.
type run struct {
	world
	chance *rand.Rand
	w      *Windows
	t      *tracked
	slot   uint32
	day    int64
	today  float64
}

// metric compiles one metric rule.
func metric(t testing.TB, text string) *rule.Set {
	set, err := rule.Load("test", []byte("version: 1\nrules: [{name: r, when: may_call}]\nmetrics:\n  - {name: m, "+text+"}\n"), rule.Options{})
	require.NoError(t, err)
	return set
}

// begin is a run that has filled its windows.
func begin(set *rule.Set, of world, seed uint64) *run {
	r := &run{world: of, chance: rand.New(rand.NewPCG(seed, 7)), w: New(monday, 0), today: 1}
	r.w.Use(set, monday)
	r.w.Filled()
	r.t = r.w.order[0]
	r.slot = r.t.grid.slot(monday.UnixMilli())
	for range r.t.grid.slots(r.t.Reach()) + r.t.grid.looks {
		r.draw(change{})
	}
	r.t.looked = r.slot - 1
	return r
}

func (r *run) now() time.Time { return r.t.grid.begins(r.slot) }

// look draws a slot and judges at its end.
func (r *run) look(c change) []Reading {
	r.draw(c)
	return r.w.Look(r.now())
}

func (r *run) draw(c change) {
	at := r.now()
	length := float64(r.t.grid.length) / float64(24*time.Hour/time.Millisecond)
	expected := r.aDay * length * r.factor(at) * (1 - c.fewer)
	shift := (c.points + r.drift*at.Sub(monday).Hours()/24/30) / 100
	for i := range max(r.series, 1) {
		var values []string
		if r.series > 0 {
			values = []string{fmt.Sprint("s", i)}
		}
		s := r.w.find(r.t, values)
		for range r.poisson(expected) {
			sign := rule.Neither
			switch v := r.chance.Float64(); {
			case v < r.good-shift*r.part():
				sign = rule.Good
			case v > 1-r.bad-shift*(1-r.part()):
				sign = rule.Bad
			}
			s.cells.add(r.slot, sign, 1)
		}
	}
	r.slot++
}

// part is the part of a drop by which there are fewer good ones; the rest is more bad ones.
func (r *run) part() float64 {
	if r.bad == 0 {
		return 1
	}
	return 0.5
}

func (r *run) factor(at time.Time) float64 {
	f := 1.0
	if r.seasons {
		f = 16.0 / 9
		if at.Hour() < 8 || at.Hour() >= 20 {
			f = 2.0 / 9
		}
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			f *= 0.5
		}
	}
	if day := at.Unix() / 86400; day != r.day {
		r.day, r.today = day, math.Exp(r.jitter*r.chance.NormFloat64())
	}
	return f * r.today
}

func (r *run) poisson(mean float64) (n int) {
	for ; mean > 20; mean -= 20 {
		n += r.poisson(20)
	}
	limit, p := math.Exp(-mean), 1.0
	for {
		if p *= r.chance.Float64(); p <= limit {
			return n
		}
		n++
	}
}
