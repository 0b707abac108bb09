package rehearsal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

// A figure that drops and comes back in the past is one alert, with when and how far; what
// nobody would have heard of is none.
func TestMetricRulesAreRehearsed(t *testing.T) {
	t.Parallel()
	const drops = noted + "metrics:\n  - {name: drops, measure: NPS, by: [survey], window: 24h, against: {last: 7d}, drops_by: 40, severity: high}\n"
	r := New(Plan{
		Until:   monday.AddDate(0, 0, 8).Add((12 + 48 + 40) * time.Hour),
		Draft:   load(t, drops+"  - {name: silent, measure: count, window: 24h, below: 20}\n"),
		Current: load(t, drops+"  - {name: gone, measure: count, window: 24h, above: 20}\n"),
	})
	n := 0
	hours := func(hours int, nps float64) {
		for range 4 * hours {
			r.Take(answer(n, n, monday.Add(time.Duration(n)*15*time.Minute), nps))
			n++
		}
	}
	hours(8*24, 9)
	hours(12, 2)
	hours(48, 9)
	report := r.Report()
	require.Len(t, report.GetMetrics(), 3)
	drop, silent, gone := report.GetMetrics()[0], report.GetMetrics()[1], report.GetMetrics()[2]
	require.Equal(t, []string{"drops", "silent", "gone"}, []string{drop.GetRule(), silent.GetRule(), gone.GetRule()})
	require.EqualValues(t, 1, drop.GetDraft())
	require.EqualValues(t, 1, drop.GetCurrent())
	require.EqualValues(t, 1, drop.GetFigures())
	require.Len(t, drop.GetFirst(), 1)
	one := drop.GetFirst()[0]
	require.Equal(t, map[string]string{"survey": "s"}, one.GetSeries())
	begun := monday.AddDate(0, 0, 8)
	require.WithinRange(t, one.GetAt().AsTime(), begun.Add(4*time.Hour), begun.Add(8*time.Hour))
	require.WithinRange(t, one.GetEndedAt().AsTime(), begun.Add(30*time.Hour), begun.Add(48*time.Hour))
	require.InDelta(t, 100, one.GetReference(), 1e-9)
	require.Less(t, one.GetFigure(), 60.0)
	require.Less(t, one.GetPValue(), 1e-4)
	require.EqualValues(t, 1, silent.GetDraft())
	require.Nil(t, silent.GetFirst()[0].GetEndedAt(), "nothing came until the end, and it stands yet")
	require.False(t, gone.GetInDraft())
	require.EqualValues(t, 1, gone.GetCurrent())
}

// What was answered before those that count is what figures are compared with, from the first
// hour that counts on; none of it is an alert.
func TestAMetricRuleLooksBackBeforeTheRehearsal(t *testing.T) {
	t.Parallel()
	const drops = noted + "metrics:\n" +
		"  - {name: drops, measure: NPS, window: 24h, against: {last: 7d}, drops_by: 40}\n" +
		"  - {name: fewer, measure: count, window: 6h, against: {weeks: 2}, drops_by: 50}\n"
	since := monday.AddDate(0, 0, 20)
	counted := func(p Plan, looked bool) map[string]*alertingv1.MetricRehearsed {
		p.Draft, p.Current, p.Since, p.Until = load(t, drops), load(t, noted), since, since.Add(18*time.Hour)
		require.Equal(t, (14*24+12)*time.Hour, p.Reach())
		r := New(p)
		for n := range 24 * 19 * 4 { // a day of nothing at first, a drop long before, and one that counts
			at := monday.AddDate(0, 0, 1).Add(time.Duration(n) * 15 * time.Minute)
			nps := 9.0
			if at.Sub(since.AddDate(0, 0, -12)).Abs() < 12*time.Hour {
				nps = 2
			}
			if looked && at.After(since.Add(-p.Reach())) {
				r.Look(answer(n, n, at, nps))
			}
		}
		for n := range 12 * 4 {
			r.Take(answer(n, 10_000+n, since.Add(time.Duration(n)*15*time.Minute), 2))
		}
		out := map[string]*alertingv1.MetricRehearsed{}
		for _, one := range r.Report().GetMetrics() {
			out[one.GetRule()] = one
		}
		return out
	}
	without := counted(Plan{}, false)
	require.Zero(t, without["drops"].GetDraft(), "there is nothing to compare with")
	require.Zero(t, without["fewer"].GetDraft())
	with := counted(Plan{Whole: since.Add(-(14*24 + 12) * time.Hour)}, true)
	require.EqualValues(t, 1, with["drops"].GetDraft())
	one := with["drops"].GetFirst()[0]
	require.WithinRange(t, one.GetAt().AsTime(), since.Add(2*time.Hour), since.Add(12*time.Hour))
	require.InDelta(t, 100, one.GetReference(), 1e-9)
	require.EqualValues(t, 1, with["fewer"].GetDraft(), "nothing came after twelve hours")
	require.WithinRange(t, with["fewer"].GetFirst()[0].GetAt().AsTime(), since.Add(13*time.Hour), since.Add(18*time.Hour))
}

// Where nothing counts at all, what came before is still compared with the silence.
func TestASilenceIsRehearsed(t *testing.T) {
	t.Parallel()
	since := monday.AddDate(0, 0, 2)
	r := New(Plan{
		Since: since, Whole: monday, Until: since.Add(6 * time.Hour),
		Draft:   load(t, noted+"metrics:\n  - {name: silent, measure: count, window: 1h, below: 2}\n"),
		Current: load(t, noted),
	})
	for n := range 24 * 2 * 4 {
		r.Look(answer(n, n, monday.Add(time.Duration(n)*15*time.Minute), 9))
	}
	silent := r.Report().GetMetrics()[0]
	require.EqualValues(t, 1, silent.GetDraft())
	require.WithinRange(t, silent.GetFirst()[0].GetAt().AsTime(), since, since.Add(time.Hour))
}

func TestNoMoreAlertsAreShownThanFit(t *testing.T) {
	t.Parallel()
	r := New(Plan{
		Draft:   load(t, noted+"metrics:\n  - {name: busy, measure: count, window: 1h, above: 5, back_for: 0m}\n"),
		Current: load(t, noted),
	})
	for i := range 60 {
		for j := range 8 {
			r.Take(answer(i, 100*i+j, monday.Add(time.Duration(2*i)*time.Hour), 9))
		}
	}
	busy := r.Report().GetMetrics()[0]
	require.EqualValues(t, 59, busy.GetDraft(), "the last has not been looked at")
	require.Len(t, busy.GetFirst(), 20)
	require.NotNil(t, busy.GetFirst()[19].GetEndedAt())
	none := New(Plan{Draft: load(t, noted), Current: load(t, noted)})
	require.Empty(t, none.Report().GetMetrics())
}

// An answer that does not say when it was received is of 1970, and holds nothing up.
func TestAnAnswerOfNoTimeDoesNotStopARehearsal(t *testing.T) {
	t.Parallel()
	set := load(t, noted+"metrics:\n  - {name: busy, measure: count, window: 1h, above: 5, back_for: 0m}\n")
	r := New(Plan{Draft: set, Current: set})
	first := answer(0, 0, monday, 9)
	first.Received.ReceivedAt = nil
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Take(first)
		for i := range 8 {
			r.Take(answer(1, 1+i, monday, 9))
		}
		r.Take(answer(1, 9, monday.Add(2*time.Hour), 9))
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		require.Fail(t, "it does not end")
	}
	require.EqualValues(t, 1, r.Report().GetMetrics()[0].GetDraft())
}
