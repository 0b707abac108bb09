package fallback

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// busy begins above 4 h and ends below 2 h, when that holds for 5 minutes.
func busy() *rule.Fallback {
	return &rule.Fallback{
		Name: "busy", Queue: "care", BeginsAbove: 4 * time.Hour, EndsBelow: 2 * time.Hour, For: 5 * time.Minute,
		Bar: rule.Minimum{Severity: eventsv1.Severity_HIGH}, Tell: []string{"lead"}, Acknowledge: "mail",
	}
}

func hours(h float64) Reading { return Reading{Known, time.Duration(h * float64(time.Hour))} }

// Each row is a look a minute, and whether it applies after each.
func TestWhenAFallbackBeginsAndEnds(t *testing.T) {
	t.Parallel()
	unstaffed, nothing := Reading{Knowledge: Unstaffed}, Reading{}
	for name, tc := range map[string]struct {
		unstaffed bool
		active    bool
		looks     []Reading
		want      string // 1 where it applies
	}{
		"it holds":                        {looks: repeat(hours(5), 8), want: "00000111"},
		"the bound itself is not above":   {looks: repeat(hours(4), 8), want: "00000000"},
		"a drop begins it anew":           {looks: append(append(repeat(hours(5), 4), hours(3)), repeat(hours(5), 6)...), want: "00000000001"},
		"it ends":                         {active: true, looks: repeat(hours(1), 8), want: "11111000"},
		"between the bounds nothing ends": {active: true, looks: repeat(hours(3), 8), want: "11111111"},
		"nor begins":                      {looks: repeat(hours(3), 8), want: "00000000"},
		"nobody is there: it stays away":  {looks: repeat(unstaffed, 8), want: "00000000"},
		"nobody is there: it stays":       {active: true, looks: repeat(unstaffed, 8), want: "11111111"},
		"also when unstaffed":             {unstaffed: true, looks: repeat(unstaffed, 8), want: "00000111"},
		"unstaffed and stays so":          {unstaffed: true, active: true, looks: repeat(unstaffed, 8), want: "11111111"},
		"too much, then nobody":           {unstaffed: true, looks: append(repeat(hours(5), 3), repeat(unstaffed, 5)...), want: "00000111"},
		"nothing is known: it stays away": {looks: repeat(nothing, 8), want: "00000000"},
		"even when also unstaffed":        {unstaffed: true, looks: repeat(nothing, 8), want: "00000000"},
		"nothing is known: it ends":       {active: true, looks: repeat(nothing, 8), want: "11111000"},
		"little to do, then nothing":      {active: true, looks: append(repeat(hours(1), 3), repeat(nothing, 5)...), want: "11111000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := busy()
			d.AlsoWhenUnstaffed = tc.unstaffed
			s, got := State{Active: tc.active, Changed: t0.Add(-time.Hour)}, ""
			for i, r := range tc.looks {
				s, _ = s.Next(d, r, t0.Add(time.Duration(i)*time.Minute))
				if s.Active {
					got += "1"
				} else {
					got += "0"
				}
			}
			require.Equal(t, tc.want, got)
		})
	}
}

func repeat(r Reading, n int) []Reading {
	all := make([]Reading, n)
	for i := range all {
		all[i] = r
	}
	return all
}

// What happened while nobody looked is not known: it must hold anew.
func TestALookAfterALongPauseDecidesNothing(t *testing.T) {
	t.Parallel()
	d := busy()
	s, _ := State{}.Next(d, hours(5), t0)
	s, changed := s.Next(d, hours(5), t0.Add(time.Hour))
	require.False(t, changed)
	s, changed = s.Next(d, hours(5), t0.Add(time.Hour-time.Minute))
	require.False(t, changed, "a clock that goes back")
	for i := range 5 {
		require.False(t, changed)
		s, changed = s.Next(d, hours(5), t0.Add(time.Hour+time.Duration(i)*time.Minute))
	}
	require.True(t, changed)
	require.True(t, s.Active)
}

// Another replica changed it a minute ago, and this one has long seen it otherwise.
func TestNoChangeComesSoonerThanForAfterAnother(t *testing.T) {
	t.Parallel()
	d, s, changed := busy(), State{Active: true, Changed: t0}, false
	s.leaning, s.seen = t0.Add(-time.Hour), t0
	for i := range 5 {
		require.False(t, changed)
		s, changed = s.Next(d, hours(1), t0.Add(time.Duration(i)*time.Minute))
	}
	_, changed = s.Next(d, hours(1), t0.Add(5*time.Minute))
	require.True(t, changed)
}

// Whatever the queue does: changes are at least `for` apart, each comes after readings that
// all say so for as long, and it never begins in the dead band.
func TestItNeverFlaps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := busy()
		d.For = time.Duration(1+rng.IntN(20)) * time.Minute
		d.AlsoWhenUnstaffed = rng.IntN(2) == 0
		s, now, last := State{}, t0, t0.Add(-24*time.Hour)
		var since time.Time // since when every reading has said otherwise
		r, changes := hours(3), 0
		for range 2000 {
			if rng.Float64() < 0.15 { // else it stays as it is, so that some hold for long
				r = [...]Reading{hours(5), hours(1), hours(3), {Knowledge: Unstaffed}, {}}[rng.IntN(5)]
			}
			now = now.Add(time.Duration(1+rng.IntN(60)) * time.Second)
			switch leans := s.Leans(d, r); {
			case !leans:
				since = time.Time{}
			case since.IsZero():
				since = now
			}
			next, changed := s.Next(d, r, now)
			require.Equal(t, changed, next.Active != s.Active)
			if changed {
				require.GreaterOrEqual(t, now.Sub(last), d.For)
				require.GreaterOrEqual(t, now.Sub(since), d.For)
				require.Equal(t, now, next.Changed)
				last, since, changes = now, time.Time{}, changes+1
			}
			s = next
		}
		if d.For < 3*time.Minute {
			require.Positive(t, changes, "the test would prove nothing")
		}
	}
}

func TestWhatAMeasurementSays(t *testing.T) {
	t.Parallel()
	at := timestamppb.New(t0)
	wait := func(seconds float64) *float64 { return proto.Float64(seconds) }
	for name, tc := range map[string]struct {
		e     *eventsv1.QueueMeasured
		later time.Duration
		want  Reading
	}{
		"never measured":          {nil, 0, Reading{}},
		"a wait":                  {&eventsv1.QueueMeasured{At: at, Ready: 9, PredictedWaitSeconds: wait(7200)}, time.Minute, hours(2)},
		"as old as may be":        {&eventsv1.QueueMeasured{At: at, Ready: 9, PredictedWaitSeconds: wait(7200)}, Old, hours(2)},
		"too old":                 {&eventsv1.QueueMeasured{At: at, Ready: 9, PredictedWaitSeconds: wait(7200)}, Old + 1, Reading{}},
		"of a clock that is fast": {&eventsv1.QueueMeasured{At: at, Ready: 9, PredictedWaitSeconds: wait(7200)}, -time.Hour, hours(2)},
		"nobody is there":         {&eventsv1.QueueMeasured{At: at, Ready: 9}, 0, Reading{Knowledge: Unstaffed}},
		"nothing is ready":        {&eventsv1.QueueMeasured{At: at, Held: 2}, 0, hours(0)},
		"nothing is in it":        {&eventsv1.QueueMeasured{At: at}, 24 * time.Hour, hours(0)},
		"no number":               {&eventsv1.QueueMeasured{At: at, Ready: 9, PredictedWaitSeconds: wait(math.NaN())}, 0, Reading{Knowledge: Unstaffed}},
		"no end":                  {&eventsv1.QueueMeasured{At: at, Ready: 9, PredictedWaitSeconds: wait(math.Inf(1))}, 0, Reading{Knowledge: Unstaffed}},
	} {
		require.Equal(t, tc.want, Read(tc.e, t0.Add(tc.later)), name)
	}
}
