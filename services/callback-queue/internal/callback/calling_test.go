package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/whereabouts"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// week is what a configuration says, as mon-fri: 09:00-12:00.
func week(t testing.TB, days map[string][]string) calendar.Week {
	t.Helper()
	w, err := calendar.ParseWeek(days)
	require.NoError(t, err)
	return w
}

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, ok := calendar.Zone("Europe/Paris")
	require.True(t, ok)
	return zone
}

// withHours is a story under the shipped calling hours: no call before 9:00 nor
// after 20:00, none on Sundays and public holidays.
func withHours(t testing.TB, s *story) *story {
	t.Helper()
	s.policy.Zone, s.policy.Locate = paris(t), whereabouts.Of
	s.policy.Calling = &CallingHours{Week: week(t, map[string][]string{"mon-sat": {"09:00-20:00"}}), Holidays: true, Country: "FR"}
	return s
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, paris(t))
	require.NoError(t, err)
	return moment.UTC()
}

func TestNobodyIsCalledOutOfHours(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ now, zone, phone, next string }{
		"in the morning, too early":         {"2026-11-20 08:59", "Europe/Paris", "", "2026-11-20 09:00"},
		"in the evening, too late":          {"2026-11-20 20:00", "Europe/Paris", "", "2026-11-21 09:00"},
		"on a Sunday":                       {"2026-11-22 11:00", "Europe/Paris", "", "2026-11-23 09:00"},
		"on a holiday":                      {"2026-12-25 11:00", "Europe/Paris", "+33612345678", "2026-12-26 09:00"},
		"on a holiday of their country":     {"2026-07-21 11:00", "Europe/Brussels", "+3221234567", "2026-07-22 09:00"},
		"in a zone that is behind":          {"2026-11-20 14:59", "America/New_York", "", "2026-11-20 15:00"},
		"where their number is, in a night": {"2026-11-20 09:30", "", "+15145550123", "2026-11-20 15:00"},
		"in the west of them, too early":    {"2026-11-20 10:30", "", "+351912345678", "2026-11-20 11:00"},
		"in the east of them, too late":     {"2026-11-20 21:00", "", "+351912345678", "2026-11-21 11:00"},
		"on a holiday of theirs":            {"2026-07-04 18:30", "", "+14155550123", "2026-07-06 18:00"},
		"in a zone that is not known":       {"2026-11-20 08:00", "", "", "2026-11-20 09:00"},
		"the day the clocks go back":        {"2026-10-24 21:00", "Europe/Paris", "", "2026-10-26 09:00"},
		"before the clocks go forward":      {"2026-03-28 20:30", "Europe/Paris", "", "2026-03-30 09:00"},
		"the night of a skipped hour, far":  {"2026-03-08 06:00", "America/New_York", "", "2026-03-09 14:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withHours(t, newStory(t))
			s.now = at(t, c.now)
			a := alert("a1")
			a.Customer.TimeZone, a.Customer.Phone = c.zone, c.phone
			a.RaisedAt = s.now
			s.do(TakeAlert{Alert: a})
			for _, cmd := range []Command{Claim{AgentID: amina}, Offer{AgentID: amina}} {
				s.refuse(ErrNotReady, cmd)
				var early *NotReadyError
				_, err := s.try(cmd)
				require.ErrorAs(t, err, &early)
				require.Equal(t, at(t, c.next), early.ReadyAt)
			}
			s.now = at(t, c.next).Add(-time.Nanosecond)
			s.refuse(ErrNotReady, Claim{AgentID: amina})
			s.now = at(t, c.next)
			s.do(Claim{AgentID: amina})
		})
	}
}

// What is a holiday elsewhere is none to the customer, and two clocks that both allow it
// allow it.
func TestCustomersAreCalledWhereTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ now, zone, phone string }{
		"on the holiday of another country": {"2026-07-14 18:00", "", "+14155550123"},
		"of a country without holidays":     {"2026-07-14 11:00", "", "+221771234567"},
		"in several zones":                  {"2026-11-20 20:59", "", "+351912345678"},
		"in a zone of their own":            {"2026-11-20 09:00", "Europe/Paris", "+15145550123"},
	} {
		s := withHours(t, newStory(t))
		s.now = at(t, c.now)
		a := alert("a1")
		a.Customer.TimeZone, a.Customer.Phone = c.zone, c.phone
		s.do(TakeAlert{Alert: a})
		_, err := s.try(Claim{AgentID: amina})
		require.NoError(t, err, name)
	}
}

// Clocks that have no hour in common keep nobody from being called: that in the middle
// counts.
func TestClocksWithNothingInCommon(t *testing.T) {
	t.Parallel()
	s := withHours(t, newStory(t))
	s.policy.Locate = func(string) (string, []string) {
		return "RU", []string{"Asia/Kamchatka", "Asia/Omsk", "Europe/Kaliningrad"}
	}
	s.policy.Calling.Week = week(t, map[string][]string{"mon-sat": {"09:00-17:00"}})
	s.now = at(t, "2026-11-20 03:59") // 08:59 in Omsk
	s.do(take("a1"))
	s.refuse(ErrNotReady, Claim{AgentID: amina})
	s.pass(time.Minute)
	s.do(Claim{AgentID: amina})
}

func TestACallIsNotBegunOutOfHours(t *testing.T) {
	t.Parallel()
	s := withHours(t, newStory(t))
	s.now = at(t, "2026-11-20 19:58")
	s.do(take("a1"))
	s.do(Claim{AgentID: amina})
	s.now = at(t, "2026-11-20 20:01")
	s.refuse(ErrNotReady, StartAttempt{AgentID: amina})
	s.do(Release{AgentID: amina})
}

func TestATeamsHours(t *testing.T) {
	t.Parallel()
	s := withHours(t, newStory(t))
	s.policy.QueueHours = map[string]calendar.Hours{"care": {
		Week: week(t, map[string][]string{"mon-fri": {"08:00-12:00", "13:30-17:00"}}), Zone: paris(t),
	}}
	a := take("a1")
	a.Alert.Customer.TimeZone = "Atlantic/Azores" // two hours behind in winter
	s.now = at(t, "2026-11-20 10:59")
	s.do(a)
	for _, next := range []string{"2026-11-20 11:00", "2026-11-20 13:30", "2026-11-23 11:00"} {
		require.Equal(t, at(t, next), s.policy.CallableAt(s.cb(), s.now))
		s.now = at(t, next).Add(map[string]time.Duration{"2026-11-20 11:00": time.Hour, "2026-11-20 13:30": 210 * time.Minute}[next])
	}
	// Another queue's team works at any hour, and the team's hours count alone when
	// customers have none.
	s.do(Transfer{Queue: "experts", Reason: "technical", By: "sam"})
	require.Equal(t, at(t, "2026-11-21 11:00"), s.policy.CallableAt(s.cb(), at(t, "2026-11-21 06:00")))
	s.policy.Calling = nil
	require.Equal(t, at(t, "2026-11-21 06:00"), s.policy.CallableAt(s.cb(), at(t, "2026-11-21 06:00")))
	s.do(Transfer{Queue: "care", Reason: "not technical", By: "sam"})
	require.Equal(t, at(t, "2026-11-23 08:00"), s.policy.CallableAt(s.cb(), at(t, "2026-11-21 06:00")))
}

// The clock of what is due stands still while nobody may be called.
func TestDeadlinesRunInHours(t *testing.T) {
	t.Parallel()
	s := withHours(t, newStory(t))
	s.policy.FirstAttemptWithin = 4 * time.Hour
	s.now = at(t, "2026-11-20 18:00") // a Friday
	a := take("a1")
	a.Alert.RaisedAt = s.now
	s.do(a)
	require.Equal(t, at(t, "2026-11-21 11:00"), s.cb().FirstAttemptDue)
	s = withHours(t, newStory(t))
	s.policy.FirstAttemptWithin = 4 * time.Hour
	s.now = at(t, "2026-11-21 19:00")
	a.Alert.RaisedAt = s.now
	s.do(a)
	require.Equal(t, at(t, "2026-11-23 12:00"), s.cb().FirstAttemptDue)
}

// A callback that has moved, or waits for another moment, is not unattended any more, and
// can be so again.
func TestUnattendedEndsWithTheWait(t *testing.T) {
	t.Parallel()
	for name, cmd := range map[string]Command{
		"transferred": Transfer{Queue: "experts", Reason: "technical", By: "sam"},
		"rescheduled": Reschedule{NotBefore: t0.Add(time.Hour), By: "sam"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := in(t, Pending)
			s.do(NoteUnattended{})
			s.do(cmd)
			require.Zero(t, s.cb().UnattendedSince)
			s.now = later(s.now, s.cb().ReadyAt())
			s.do(NoteUnattended{})
			require.Equal(t, s.now, s.cb().UnattendedSince)
		})
	}
}

// What can't be called is not unattended, and what somebody takes is no longer.
func TestUnattendedIsNotedOnceAWait(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.do(NoteUnattended{})
	require.Equal(t, t0, s.cb().UnattendedSince)
	s.refuse(ErrNoChange, NoteUnattended{})
	s.do(Claim{AgentID: amina})
	require.Zero(t, s.cb().UnattendedSince)
	s.do(Release{AgentID: amina})
	s.do(NoteUnattended{})
	s = withHours(t, newStory(t))
	s.now = at(t, "2026-11-21 22:00")
	s.do(take("a1"))
	s.refuse(ErrNoChange, NoteUnattended{})
	s = slotted(t, slot(2, 4))
	s.refuse(ErrNoChange, NoteUnattended{})
}

func TestAPreferenceBeginsWhenTheCustomerCanBeCalled(t *testing.T) {
	t.Parallel()
	s := withHours(t, newStory(t))
	s.policy.RetryGaps = []time.Duration{2 * time.Hour}
	s.now = at(t, "2026-11-20 19:00")
	a := take("a1")
	a.Alert.RaisedAt = s.now
	s.do(a)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(ended(s.token(), NoAnswer))
	require.Equal(t, at(t, "2026-11-20 21:00"), s.cb().ReadyAt())
	require.Equal(t, at(t, "2026-11-21 09:10"), s.cb().Preferred.Until)
}

func TestARetryFallsIntoTheHours(t *testing.T) {
	t.Parallel()
	s := withHours(t, newStory(t))
	s.policy.TimesOfDay = []calendar.Week{
		week(t, map[string][]string{"mon-sun": {"07:00-12:00"}}), week(t, map[string][]string{"mon-sun": {"18:00-22:00"}}),
	}
	s.policy.RetryGaps = []time.Duration{time.Hour}
	s.now = at(t, "2026-11-20 18:30")
	a := take("a1")
	a.Alert.RaisedAt = s.now
	s.do(a)
	s.do(Claim{AgentID: amina})
	s.do(StartAttempt{AgentID: amina})
	s.do(ended(s.token(), NoAnswer))
	require.Equal(t, at(t, "2026-11-21 09:00"), s.cb().NotBefore, "the morning, from when calls are allowed")
}

// Whatever the moment, the zone and the country: what may be called is in the hours
// on the customer's own clock, and what may not be called now has a moment to come.
func TestCallableAtIsInHours(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland", "UTC", ""}
	rapid.Check(t, func(rt *rapid.T) {
		s := withHours(t, newStory(t))
		cb := &Callback{State: Pending, Customer: Customer{
			TimeZone: rapid.SampledFrom(zones).Draw(rt, "zone"), Phone: rapid.SampledFrom([]string{"", "+33612345678", "+6421234567", "+61412345678"}).Draw(rt, "phone"),
		}}
		cb.Country, cb.Zones = s.policy.Locate(cb.Customer.Phone)
		now := t0.Add(time.Duration(rapid.Int64Range(0, 3*366*24*60).Draw(rt, "minutes")) * time.Minute)
		next := s.policy.CallableAt(cb, now)
		if next.Before(now) || next.After(now.Add(6*24*time.Hour)) {
			rt.Fatalf("%s after %s", next, now)
		}
		zone := s.policy.zoneOf(cb)
		if zones := cb.Needs().zones(); len(zones) > 1 {
			for _, z := range zones {
				if hour := next.In(z).Hour(); hour < 9 || hour >= 20 {
					rt.Fatalf("%s is no hour to call", next.In(z))
				}
			}
			return
		}
		for _, moment := range []time.Time{next, now} {
			local := moment.In(zone)
			open := local.Weekday() != time.Sunday && local.Hour() >= 9 && local.Hour() < 20
			if moment.Equal(next) && !open {
				rt.Fatalf("%s is no hour to call", local)
			}
			if !moment.Equal(next) && open && s.policy.Calling.Holidays && cb.Customer.Phone == "" {
				days, err := calendar.National("FR")
				require.NoError(rt, err)
				if !days.Holiday(calendar.DateOf(local)) {
					rt.Fatalf("%s was an hour to call", local)
				}
			}
		}
	})
}
