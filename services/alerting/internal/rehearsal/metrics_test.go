package rehearsal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
