package movement

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// life is a rule's windows that are moved on hour by hour.
type life struct {
	t   *testing.T
	w   *Windows
	now time.Time
}

func live(t *testing.T, text string) *life {
	return &life{t, windowsOf(t, text, monday), monday}
}

// hours lets so many hours pass, in each of which so many responses come, the good ones
// among them; it returns what began and ended.
func (l *life) hours(hours int, n, good uint32) (changes []string) {
	s := l.w.order[0].series[""]
	for range hours {
		slot := l.w.order[0].grid.slot(l.now.UnixMilli())
		if n > 0 {
			s.cells.add(slot, rule.Neither, n-good)
			s.cells.add(slot, rule.Good, good)
		}
		l.now = l.now.Add(time.Hour)
		for _, r := range l.w.Look(l.now) {
			if r.Began {
				changes = append(changes, "began")
			}
			if r.Ended {
				changes = append(changes, "ended")
			}
		}
	}
	return changes
}

func TestAnAlertBeginsAndComesBackByItself(t *testing.T) {
	t.Parallel()
	l := live(t, "measure: CSAT, window: 24h, drops_by: 20")
	require.Empty(t, l.hours(72, 20, 18))
	require.Equal(t, []string{"began"}, l.hours(24, 20, 8))
	require.Equal(t, []string{"ended"}, l.hours(48, 20, 8), "it is where it was before: the window before has moved on")
	require.Empty(t, l.hours(48, 20, 8))
}

// Where it goes to and fro about what the rule asks for, there is one alert.
func TestAnAlertDoesNotFlap(t *testing.T) {
	t.Parallel()
	l := live(t, "measure: CSAT, window: 24h, against: {last: 28d}, drops_by: 20")
	require.Empty(t, l.hours(28*24, 40, 36))
	var changes []string
	for range 12 {
		changes = append(changes, l.hours(6, 40, 26)...)
		changes = append(changes, l.hours(6, 40, 30)...)
	}
	require.Equal(t, []string{"began"}, changes)
	require.Equal(t, []string{"ended"}, l.hours(72, 40, 36))
}

func TestBackForIsHowLongItMustNotHold(t *testing.T) {
	t.Parallel()
	l := live(t, "measure: count, window: 1h, above: 5, back_for: 1h")
	require.Empty(t, l.hours(3, 3, 0))
	require.Equal(t, []string{"began"}, l.hours(1, 9, 0))
	require.Empty(t, l.hours(1, 2, 0))
	require.Empty(t, l.hours(1, 9, 0), "it holds again")
	require.Empty(t, l.hours(1, 2, 0))
	require.Equal(t, []string{"ended"}, l.hours(1, 2, 0))
	at := live(t, "measure: count, window: 1h, above: 5, back_for: 0m")
	require.Equal(t, []string{"began"}, at.hours(1, 9, 0))
	require.Equal(t, []string{"ended"}, at.hours(1, 2, 0))
}

// Nothing comes any more: nothing but the clock says so.
func TestSilenceIsFoundByTheClock(t *testing.T) {
	t.Parallel()
	l := live(t, "measure: count, window: 4h, drops_by: 80, at_least: 20")
	require.Empty(t, l.hours(29*24, 10, 0))
	require.Equal(t, []string{"began"}, l.hours(5, 0, 0))
	last := l.w.Show()[0].Series[0]
	require.Zero(t, last.Figure)
	require.InDelta(t, 40, last.Reference, 0)
	require.InDelta(t, 100, last.Moved, 0)
	require.Less(t, last.P, 1e-4)
	require.Empty(t, l.hours(48, 0, 0))
	require.Equal(t, []string{"ended"}, l.hours(12, 10, 0))
}

// Before there is a whole window, and whole weeks before it, a count says nothing.
func TestACountThatIsNotKnownWholeSaysNothing(t *testing.T) {
	t.Parallel()
	l := live(t, "measure: count, window: 24h, below: 5")
	require.Empty(t, l.hours(23, 0, 0))
	require.Equal(t, []string{"began"}, l.hours(2, 0, 0))
	l = live(t, "measure: count, window: 24h, above: 5")
	require.Equal(t, []string{"began"}, l.hours(6, 1, 0), "what is missing would only be more")
	l = live(t, "measure: count, window: 24h, rises_by: 50")
	require.Empty(t, l.hours(7*24, 1, 0))
	require.False(t, l.w.Show()[0].Series[0].Enough)
	require.Empty(t, l.hours(30, 1, 0))
	require.InDelta(t, 24, l.w.Show()[0].Series[0].Reference, 0, "by the one week that there is")
	require.Equal(t, []string{"began"}, l.hours(24, 9, 0))
}

func TestFewAnswersWakeNobody(t *testing.T) {
	t.Parallel()
	l := live(t, "measure: CSAT, window: 24h, drops_by: 20")
	require.Empty(t, l.hours(24, 1, 1))
	require.Empty(t, l.hours(24, 1, 0), "24 answers, all bad, are fewer than 30")
	require.False(t, l.w.Show()[0].Series[0].Enough)
	l = live(t, "measure: CSAT, window: 24h, drops_by: 20, at_least: 5")
	l.hours(24, 1, 1)
	require.Equal(t, []string{"began"}, l.hours(24, 1, 0))
}

func TestEveryMeasureAndDirection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule       string
		good, then uint32
	}{
		{"measure: NPS, window: 24h, drops_by: 20", 15, 8},
		{"measure: NPS, window: 24h, rises_by: 20", 8, 15},
		{"measure: CSAT, window: 24h, rises_by: 20", 8, 15},
		{"measure: CES, window: 24h, drops_by: 20", 15, 8},
		{"measure: FCR, window: 24h, below: 60", 15, 8},
		{"measure: FCR, window: 24h, above: 60", 8, 15},
		{"measure: NPS, window: 24h, below: 60", 15, 8},
		{"measure: NPS, window: 24h, above: 60", 8, 15},
		{`measure: share, share: may_call, window: 24h, above: 60`, 8, 15},
	} {
		l := live(t, c.rule)
		require.Empty(t, l.hours(48, 20, c.good), c.rule)
		require.Equal(t, []string{"began"}, l.hours(20, 20, c.then), c.rule)
	}
	l := live(t, "measure: count, window: 7d, against: previous, drops_by: 30")
	require.Empty(t, l.hours(14*24, 10, 0))
	require.Equal(t, []string{"began"}, l.hours(5*24, 4, 0))
	l = live(t, "measure: count, window: 7d, against: {last: 28d}, rises_by: 30")
	require.Empty(t, l.hours(35*24, 10, 0))
	require.Equal(t, []string{"began"}, l.hours(5*24, 20, 0))
}

// What is stored of an alert holds, for a process that has just begun too; what somebody
// has put away begins anew only after it was over.
func TestAnAlertIsTakenUp(t *testing.T) {
	t.Parallel()
	l := live(t, "measure: CSAT, window: 24h, drops_by: 20")
	l.hours(48, 20, 18)
	require.True(t, l.w.Adopt("m", nil, Standing))
	require.Equal(t, []string{"ended"}, l.hours(24, 20, 18))
	require.Equal(t, []string{"began"}, l.hours(24, 20, 8))
	require.True(t, l.w.Adopt("m", nil, PutAway))
	require.Equal(t, []string{"ended"}, l.hours(96, 20, 8), "it holds, and then is over; none begins, for somebody knows")
	require.Equal(t, []string{"began"}, l.hours(24, 20, 1))
	require.False(t, l.w.Adopt("other", nil, Standing))
	require.False(t, l.w.Adopt("m", []string{"x"}, Standing))
}

func TestNextIsWhenASlotEnds(t *testing.T) {
	t.Parallel()
	require.True(t, New(monday, 0).Next().IsZero())
	l := live(t, "measure: CSAT, window: 24h, drops_by: 20}\n  - {name: short, measure: count, window: 1h, above: 5")
	l.w.Look(monday)
	require.Equal(t, monday.Add(150*time.Second), l.w.Next())
	require.Len(t, l.w.Look(monday.Add(time.Hour)), 2)
	require.Empty(t, l.w.Look(monday.Add(time.Hour)))
}
