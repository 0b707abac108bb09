package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

func zone(t require.TestingT, name string) *time.Location {
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func week(t require.TestingT, days map[string][]string) calendar.Week {
	w, err := calendar.ParseWeek(days)
	require.NoError(t, err)
	return w
}

func national(t require.TestingT, code string) calendar.Holidays {
	h, err := calendar.National(code)
	require.NoError(t, err)
	return h
}

// moment reads a local time, as 2026-11-23 09:00.
func moment(t require.TestingT, text string, in *time.Location) time.Time {
	m, err := time.ParseInLocation("2006-01-02 15:04", text, in)
	require.NoError(t, err)
	return m
}

// calls are the hours in which customers in France may be called.
func calls(t require.TestingT) (calendar.Hours, *time.Location) {
	paris := zone(t, "Europe/Paris")
	return calendar.Hours{
		Week: week(t, map[string][]string{"mon-fri": {"09:00-12:30", "13:30-20:00"}, "sat": {"10:00-18:00"}}),
		Zone: paris, Holidays: national(t, "FR"),
	}, paris
}

func TestWhenMayICall(t *testing.T) {
	t.Parallel()
	hours, paris := calls(t)
	for now, want := range map[string]string{
		"2026-11-23 09:00": "2026-11-23 09:00", // Monday
		"2026-11-23 08:59": "2026-11-23 09:00",
		"2026-11-23 12:30": "2026-11-23 13:30",
		"2026-11-23 19:59": "2026-11-23 19:59",
		"2026-11-23 20:00": "2026-11-24 09:00",
		"2026-11-21 18:00": "2026-11-23 09:00", // Saturday evening, over Sunday
		"2026-11-22 12:00": "2026-11-23 09:00",
		"2026-12-24 20:00": "2026-12-26 10:00", // over Christmas Day, a Friday
		"2027-03-27 18:00": "2027-03-30 09:00", // over Easter Sunday and Monday
		"2027-04-30 20:00": "2027-05-03 09:00", // over 1 May, a Saturday
	} {
		got, ok := calendar.NextOpen(hours, moment(t, now, paris))
		require.True(t, ok, now)
		require.Equal(t, want, got.In(paris).Format("2006-01-02 15:04"), now)
		require.Equal(t, now == want, calendar.Open(hours, moment(t, now, paris)), now)
	}
}

// The night in which an hour is skipped, and the one in which it comes twice.
func TestANightOnWhichTheClockChanges(t *testing.T) {
	t.Parallel()
	paris := zone(t, "Europe/Paris")
	night := calendar.Hours{Week: week(t, map[string][]string{"sun": {"01:30-02:30"}}), Zone: paris}
	always := calendar.Hours{Week: week(t, map[string][]string{"mon-sun": {"00:00-24:00"}}), Zone: paris}
	for _, c := range []struct {
		sunday string
		length time.Duration
		spans  []string // in UTC
	}{
		{"2026-03-22", 24 * time.Hour, []string{"00:30-01:30"}},
		{"2026-03-29", 23 * time.Hour, []string{"00:30-01:00"}}, // 02:00 to 03:00 is skipped
		{"2026-10-25", 25 * time.Hour, []string{"23:30-00:30", "01:00-01:30"}},
		{"2026-11-01", 24 * time.Hour, []string{"00:30-01:30"}},
	} {
		from := moment(t, c.sunday+" 00:00", paris)
		to := from.AddDate(0, 0, 1)
		require.Equal(t, c.length, calendar.Elapsed(always, from, to), c.sunday)
		var spans []string
		for at := from; ; {
			s, ok := night.Next(at)
			require.True(t, ok)
			if !s.From.Before(to) {
				break
			}
			spans = append(spans, s.From.UTC().Format("15:04-")+s.To.UTC().Format("15:04"))
			at = s.To
		}
		require.Equal(t, c.spans, spans, c.sunday)
	}
}

// A deadline on working hours does not run at night, nor faster on a short day.
func TestADeadlineOnWorkingHours(t *testing.T) {
	t.Parallel()
	hours, paris := calls(t)
	for _, c := range []struct {
		from string
		d    time.Duration
		want string
	}{
		{"2026-11-23 09:00", 30 * time.Minute, "2026-11-23 09:30"},
		{"2026-11-23 12:00", 30 * time.Minute, "2026-11-23 12:30"}, // the end of a span, not the beginning of the next
		{"2026-11-23 12:00", 31 * time.Minute, "2026-11-23 13:31"},
		{"2026-11-23 19:00", 2 * time.Hour, "2026-11-24 10:00"},
		{"2026-11-21 17:00", 2 * time.Hour, "2026-11-23 10:00"},
		{"2026-11-22 03:00", 0, "2026-11-22 03:00"},
		{"2026-11-22 03:00", -time.Hour, "2026-11-22 03:00"},
		{"2026-03-28 17:00", 2 * time.Hour, "2026-03-30 10:00"}, // over the night of the change
	} {
		got, ok := calendar.Add(hours, moment(t, c.from, paris), c.d)
		require.True(t, ok)
		require.Equal(t, c.want, got.In(paris).Format("2006-01-02 15:04"), c.from)
	}
}

func TestWhatNeverOpensIsSaid(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	hours, _ := calls(t)
	closed := hours
	closed.Holidays = everyDay{}
	for name, w := range map[string]calendar.Window{
		"no hours":            calendar.Hours{},
		"every day off":       closed,
		"slots that are over": calendar.Slots(calendar.Span{From: now.Add(-time.Hour), To: now}),
		"no slots":            calendar.Slots(),
		"nothing in common": calendar.All(
			calendar.Hours{Week: week(t, map[string][]string{"mon-sun": {"08:00-09:00"}})},
			calendar.Hours{Week: week(t, map[string][]string{"mon-sun": {"09:00-10:00"}})}),
		"beyond the horizon": calendar.Slots(calendar.Span{From: now.Add(calendar.Horizon + 1)}),
	} {
		_, ok := calendar.NextOpen(w, now)
		require.False(t, ok, name)
		require.False(t, calendar.Open(w, now), name)
		_, ok = calendar.Add(w, now, 1)
		require.False(t, ok, name)
		require.Zero(t, calendar.Elapsed(w, now, now.AddDate(1, 0, 0)), name)
	}
}

type everyDay struct{}

func (everyDay) Holiday(calendar.Date) bool { return true }

// A customer's slots, calling hours where they live, and the team's hours where it
// works: what counts is what they have in common.
func TestSeveralWindows(t *testing.T) {
	t.Parallel()
	hours, paris := calls(t)
	reunion := zone(t, "Indian/Reunion")
	team := calendar.Hours{Week: week(t, map[string][]string{"mon-fri": {"08:00-18:00"}}), Zone: paris, Holidays: national(t, "FR")}
	there := calendar.Hours{Week: hours.Week, Zone: reunion, Holidays: national(t, "FR")}
	slots := calendar.Slots(
		calendar.Span{From: moment(t, "2026-11-24 19:30", reunion), To: moment(t, "2026-11-24 21:00", reunion)},
		calendar.Span{From: moment(t, "2026-11-23 06:00", reunion), To: moment(t, "2026-11-23 08:30", reunion)},
	)
	w := calendar.All(there, team, slots, calendar.From(moment(t, "2026-11-23 00:00", paris)))
	s, ok := w.Next(moment(t, "2026-11-22 00:00", paris))
	require.True(t, ok)
	// 08:00 in Paris is 11:00 there; the first slot is before 09:00 there.
	require.Equal(t, "2026-11-24 19:30", s.From.In(reunion).Format("2006-01-02 15:04"))
	require.Equal(t, "2026-11-24 20:00", s.To.In(reunion).Format("2006-01-02 15:04"))
}

func TestAlways(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, w := range []calendar.Window{calendar.Always, calendar.All(), calendar.All(calendar.Always, calendar.Always)} {
		require.True(t, calendar.Open(w, now))
		got, ok := calendar.Add(w, now, time.Hour)
		require.True(t, ok)
		require.Equal(t, now.Add(time.Hour), got)
		require.Equal(t, time.Hour, calendar.Elapsed(w, now, got))
		require.Zero(t, calendar.Elapsed(w, got, now))
	}
}

func TestSlotsMayOverlap(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2026, 11, 23, hour, 0, 0, 0, time.UTC) }
	w := calendar.Slots(
		calendar.Span{From: at(14), To: at(16)}, calendar.Span{From: at(9), To: at(11)}, calendar.Span{From: at(10), To: at(12)},
		calendar.Span{From: at(12), To: at(13)}, calendar.Span{From: at(20), To: at(19)}, calendar.Span{From: at(22)}, calendar.Span{From: at(23), To: at(23)},
	)
	require.Equal(t, 6*time.Hour, calendar.Elapsed(w, at(0), at(22)))
	s, ok := w.Next(at(8))
	require.True(t, ok)
	require.Equal(t, calendar.Span{From: at(9), To: at(13)}, s)
	require.True(t, calendar.Open(w, at(22).AddDate(1, 0, 0)))
}

func TestHolidays(t *testing.T) {
	t.Parallel()
	for code, days := range map[string][]calendar.Date{
		"FR": {{2026, 1, 1}, {2026, 4, 6}, {2026, 5, 1}, {2026, 5, 8}, {2026, 5, 14}, {2026, 5, 25}, {2026, 7, 14}, {2026, 8, 15}, {2026, 11, 1}, {2026, 11, 11}, {2026, 12, 25}},
		"gb": {{2026, 4, 3}, {2026, 12, 25}, {2026, 12, 28}}, // Boxing Day, a Saturday, is kept on the Monday
		"US": {{2021, 12, 31}, {2026, 11, 26}},               // New Year's Day 2022, a Saturday, was kept on the Friday
		"BE": {{2026, 7, 21}},
	} {
		h := national(t, code)
		for _, d := range days {
			require.True(t, h.Holiday(d), "%s %s", code, d)
		}
	}
	fr := national(t, "FR")
	for _, d := range []calendar.Date{{2026, 1, 2}, {2026, 4, 3}, {2026, 12, 26}, {2026, 11, 2}} {
		require.False(t, fr.Holiday(d), d)
	}
	_, err := calendar.National("ZZ")
	require.ErrorContains(t, err, "FR")
	some := calendar.AnyOf(nil, fr, calendar.Dates{{2026, 12, 24}: true})
	require.True(t, some.Holiday(calendar.Date{Year: 2026, Month: 12, Day: 24}))
	require.True(t, some.Holiday(calendar.Date{Year: 2026, Month: 12, Day: 25}))
	require.False(t, some.Holiday(calendar.Date{Year: 2026, Month: 12, Day: 23}))
	require.False(t, calendar.AnyOf().Holiday(calendar.Date{Year: 2026, Month: 12, Day: 25}))
}

func TestAWeekIsReadOrEveryErrorNamed(t *testing.T) {
	t.Parallel()
	w := week(t, map[string][]string{"Mon-Wed": {"13:30-20:00", "09:00-12:30"}, "sat": {"22:00-02:00"}, "thu": {"08:00-12:00", "12:00-13:00"}})
	require.Equal(t, calendar.Week{
		0: {{0, 120}}, 1: {{540, 750}, {810, 1200}}, 2: {{540, 750}, {810, 1200}}, 3: {{540, 750}, {810, 1200}},
		4: {{480, 780}}, 6: {{1320, 1440}},
	}, w)
	require.Equal(t, calendar.Week{0: {{0, 1440}}, 1: {{0, 1440}}, 6: {{0, 1440}}}, week(t, map[string][]string{"sat-mon": {"00:00-24:00"}}))

	_, err := calendar.ParseWeek(map[string][]string{
		"mon": {"9:00-12:00", "12:00", "25:00-26:00", "10:00-10:00", "24:00-02:00"}, "lundi": {"09:00-10:00"}, "mon-": nil,
		"tue": {"09:00-12:00", "11:00-13:00"},
	})
	for _, want := range []string{
		`mon: "9:00-12:00" is no period`, `mon: "12:00" is no period`, `mon: "25:00-26:00"`, `mon: "10:00-10:00"`, `mon: "24:00-02:00"`,
		`"lundi" is no day`, `"mon-" is no day`, "tue: 09:00-12:00 overlaps 11:00-13:00",
	} {
		require.ErrorContains(t, err, want)
	}
}

// A moment is open when the wall's clock says so: nothing else is worked out from
// more than that.
func TestHoursAgreeWithTheWallsClock(t *testing.T) {
	t.Parallel()
	fr := national(t, "FR")
	rapid.Check(t, func(t *rapid.T) {
		h := calendar.Hours{Week: drawWeek(t), Zone: zone(t, rapid.SampledFrom(zones).Draw(t, "zone")), Holidays: fr}
		at := drawMoment(t)
		local := at.In(h.Zone)
		want := false
		if !fr.Holiday(calendar.DateOf(local)) {
			minute := local.Hour()*60 + local.Minute()
			for _, p := range h.Week[local.Weekday()] {
				want = want || p.From <= minute && minute < p.To
			}
		}
		require.Equal(t, want, calendar.Open(h, at), "%s", local)
	})
}

// What Next returns is the first span there is: nothing before it is open, and it
// is open from end to end.
func TestNextLeavesNothingOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWindow(t)
		at := drawMoment(t)
		s, ok := w.Next(at)
		if !ok {
			return
		}
		require.True(t, s.To.After(at))
		require.True(t, s.From.Before(s.To))
		for _, m := range []time.Time{s.From, s.To.Add(-1), s.From.Add(s.To.Sub(s.From) / 2)} {
			require.True(t, calendar.Open(w, m), "%s in %s", m, s)
		}
		if gap := s.From.Sub(at); gap > 0 {
			probe := at.Add(time.Duration(rapid.Int64Range(0, int64(gap)-1).Draw(t, "probe")))
			require.False(t, calendar.Open(w, probe), "%s before %s", probe, s)
		}
	})
}

// Add and Elapsed undo each other.
func TestAddAndElapsed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, at := drawWindow(t), drawMoment(t)
		d := time.Duration(rapid.Int64Range(1, int64(200*time.Hour)).Draw(t, "d"))
		end, ok := calendar.Add(w, at, d)
		if !ok {
			return
		}
		require.Equal(t, d, calendar.Elapsed(w, at, end))
		half, ok := calendar.Add(w, at, d/2)
		require.True(t, ok)
		again, ok := calendar.Add(w, half, d-d/2)
		require.True(t, ok)
		require.True(t, again.Equal(end), "%s, not %s", again, end)
	})
}

var zones = []string{"UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"}

func drawMoment(t *rapid.T) time.Time {
	// Years with changes of every sort; weighted to the moments around them.
	base := time.Date(rapid.IntRange(2007, 2030).Draw(t, "year"), time.Month(rapid.SampledFrom([]int{1, 3, 4, 10, 11, 12}).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC)
	return base.Add(time.Duration(rapid.Int64Range(0, 31*24*60).Draw(t, "minute")) * time.Minute)
}

func drawWeek(t *rapid.T) calendar.Week {
	var w calendar.Week
	for day := range w {
		from := 0
		for range rapid.IntRange(0, 3).Draw(t, "periods") {
			from += rapid.IntRange(1, 400).Draw(t, "gap")
			to := from + rapid.IntRange(1, 400).Draw(t, "length")
			if to > calendar.MinutesADay {
				break
			}
			w[day] = append(w[day], calendar.Period{From: from, To: to})
			from = to
		}
	}
	return w
}

func drawWindow(t *rapid.T) calendar.Window {
	windows := make([]calendar.Window, rapid.IntRange(1, 3).Draw(t, "windows"))
	for i := range windows {
		windows[i] = calendar.Hours{Week: drawWeek(t), Zone: zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))}
	}
	return calendar.All(windows...)
}

func TestWithoutAndEither(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return day.Add(time.Duration(h) * time.Hour) }
	a := calendar.Slots(calendar.Span{From: at(2), To: at(4)}, calendar.Span{From: at(8), To: at(10)})
	b := calendar.Slots(calendar.Span{From: at(4), To: at(6)}, calendar.Span{From: at(9), To: at(12)}, calendar.Span{From: at(20)})
	both, neither := calendar.Either(a, b), calendar.Without(calendar.Either(a, b))
	for h := range 24 {
		want := calendar.Open(a, at(h)) || calendar.Open(b, at(h))
		require.Equal(t, want, calendar.Open(both, at(h)), h)
		require.Equal(t, !want, calendar.Open(neither, at(h)), h)
	}
	next := func(w calendar.Window, h int) calendar.Span {
		s, ok := w.Next(at(h))
		require.True(t, ok)
		return s
	}
	require.Equal(t, calendar.Span{From: at(2), To: at(6)}, next(both, 0))
	require.Equal(t, calendar.Span{From: at(8), To: at(12)}, next(both, 6))
	require.Equal(t, calendar.Span{From: at(20)}, next(both, 12))
	require.Equal(t, calendar.Span{From: at(6), To: at(8)}, next(neither, 3))
	require.Equal(t, at(20), next(neither, 13).To)
	_, ok := neither.Next(at(21))
	require.False(t, ok, "one of them is open for ever")
	_, ok = calendar.Either().Next(day)
	require.False(t, ok)
	require.True(t, next(calendar.Without(calendar.Either()), 3).To.IsZero())
	always := calendar.Without(calendar.Without(calendar.Always))
	require.True(t, calendar.Open(always, day))
}
