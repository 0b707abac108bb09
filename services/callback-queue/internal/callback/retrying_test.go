package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

func parts(t testing.TB, periods ...string) (weeks []calendar.Week) {
	t.Helper()
	for _, p := range periods {
		week, err := calendar.ParseWeek(map[string][]string{"mon-sun": {p}})
		require.NoError(t, err)
		weeks = append(weeks, week)
	}
	return weeks
}

// miss lets amina call in vain at the moment the callback is ready, or at a later
// one, and returns when it is ready again.
func (s *story) miss(at time.Time, how EndAttempt) time.Time {
	s.t.Helper()
	s.now = later(s.cb().ReadyAt(), at)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.pass(time.Minute)
	s.do(how)
	return s.cb().NotBefore
}

func TestTriesAreMadeAtDifferentTimesOfDay(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.policy.MaxAttempts = 8
	s.policy.RetryGaps = []time.Duration{2 * time.Hour}
	s.policy.TimesOfDay = parts(t, "09:00-12:00", "12:00-14:00", "17:00-20:00")
	s.agg.Callback.Customer.TimeZone = "Europe/Paris" // UTC+1 in November
	day := func(d, hour, minute int) time.Time { return time.Date(2026, 11, d, hour-1, minute, 0, 0, time.UTC) }

	require.Equal(t, day(20, 12, 31), s.miss(day(20, 10, 30), noReply), "two hours later it is another time of day anyway")
	require.Equal(t, day(20, 17, 0), s.miss(time.Time{}, noReply))
	require.Equal(t, day(21, 9, 0), s.miss(time.Time{}, noReply), "each was tried once: the next there is")
	require.Equal(t, day(21, 12, 0), s.miss(time.Time{}, noReply))
	require.Equal(t, day(21, 17, 0), s.miss(day(21, 13, 59), noReply))

	failed := EndAttempt{AgentID: amina, Outcome: TechnicalFailure}
	require.Equal(t, day(21, 19, 2), s.miss(day(21, 17, 1), failed), "what was no try is made up for")
	callLater := EndAttempt{AgentID: amina, Outcome: CallLater, CallAgainAt: day(23, 3, 0)}
	require.Equal(t, day(23, 3, 0), s.miss(time.Time{}, callLater), "the customer's own word counts")
}

// A try at an odd hour counts for no time of day; a reopening begins anew.
func TestTimesOfDayThatWereNotTried(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.policy.MaxAttempts = 2
	s.policy.RetryGaps = []time.Duration{time.Hour}
	s.policy.TimesOfDay = parts(t, "09:00-12:00", "17:00-20:00")
	s.policy.Zone = time.FixedZone("far", 10*3600) // 09:00 there is 23:00 here
	require.Equal(t, t0.Add(13*time.Hour+30*time.Minute), s.miss(t0, noReply))
	s.miss(time.Time{}, noReply)
	s.do(Reopen{Reason: "try again", By: "sam"})
	require.Equal(t, time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC), s.miss(s.now, noReply), "it was morning there: the evening is next")
}

// Whatever the parts, no try is made before its gap, nor put off by more than a day.
func TestATimeOfDayPutsATryOffByADayAtMost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := in(t, Pending)
		s.policy.MaxAttempts = 10
		s.policy.TimesOfDay = parts(t, "08:00-11:30", "11:30-14:00", "14:00-18:00", "18:00-21:00")[rapid.IntRange(0, 3).Draw(rt, "from"):]
		s.agg.Callback.Customer.TimeZone = rapid.SampledFrom([]string{"", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "no zone"}).Draw(rt, "zone")
		s.now = t0.Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(rt, "minutes")) * time.Minute)
		for range rapid.IntRange(1, 9).Draw(rt, "tries") {
			wait := time.Duration(rapid.IntRange(0, 3*24*60).Draw(rt, "wait")) * time.Minute
			next := s.miss(s.now.Add(wait), noReply)
			gap := s.policy.gap(s.cb().Tries())
			require.False(rt, next.Before(s.now.Add(gap)))
			require.LessOrEqual(rt, next.Sub(s.now.Add(gap)), 25*time.Hour, "a day may have 25 hours")
		}
	})
}
