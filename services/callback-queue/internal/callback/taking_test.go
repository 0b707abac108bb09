package callback

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestTheFirstAlertOpensACallback(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.pass(3 * time.Second)
	al := alert("a1")
	al.Skills = []string{"billing"}
	ev := s.do(TakeAlert{Alert: al})

	require.Equal(t, EventOpened, ev.Type)
	require.Equal(t, ActorAlerting, ev.Actor)
	require.Equal(t, "a1", ev.Cause)
	require.Equal(t, s.now, ev.At)
	require.Equal(t, uint64(1), ev.Next.EventNo)
	require.Zero(t, ev.Next.Seq, "the store sets it")
	require.Zero(t, ev.Next.LastHash)
	cb := ev.Next.Callback
	require.Equal(t, key+"-1", cb.ID)
	require.Equal(t, key, cb.CustomerKey)
	require.Equal(t, uint32(1), cb.Number)
	require.Equal(t, Pending, cb.State)
	require.Equal(t, al.Customer, cb.Customer)
	require.Equal(t, "care", cb.Queue)
	require.Equal(t, "fr", cb.Language, "the customer's, where the alert names none")
	require.Equal(t, []string{"billing"}, cb.Skills)
	require.Equal(t, t0, cb.OpenedAt, "age counts from the alert")
	require.Equal(t, s.now, cb.UpdatedAt)
	require.Equal(t, t0.Add(24*time.Hour), cb.FirstAttemptDue)
	require.Equal(t, t0, cb.ReadyAt())
	require.Equal(t, t0.Add(24*time.Hour*8/10), cb.DueAt(), "the SLA's warning")
	require.Equal(t, 58, cb.Priority)
	require.Equal(t, []TakenAlert{{AlertID: "a1", Revision: 1}}, ev.Next.Taken)
	want := al.Reason
	want.AlertID, want.Rule, want.Revision = "a1", "detractor", 1
	want.Queue, want.Skills, want.RaisedAt = "care", []string{"billing"}, t0
	require.Equal(t, []Reason{want}, cb.Reasons)
}

func TestOpeningTimes(t *testing.T) {
	t.Parallel()
	slot := t0.Add(72 * time.Hour)
	for name, tc := range map[string]struct {
		change                 func(*Alert)
		opened, notBefore, due time.Time
		readyAt                time.Time
	}{
		"no time of raising": {
			change: func(a *Alert) { a.RaisedAt = time.Time{} },
			opened: t0, due: t0.Add(24 * time.Hour), readyAt: t0,
		},
		"raised in the future, by another clock": {
			change: func(a *Alert) { a.RaisedAt = t0.Add(time.Hour) },
			opened: t0, due: t0.Add(24 * time.Hour), readyAt: t0,
		},
		"raised long ago": {
			change: func(a *Alert) { a.RaisedAt = t0.Add(-48 * time.Hour) },
			opened: t0.Add(-48 * time.Hour), due: t0.Add(-24 * time.Hour), readyAt: t0.Add(-48 * time.Hour),
		},
		"the rule is in a hurry": {
			change: func(a *Alert) { a.FirstAttemptWithin = time.Hour },
			opened: t0, due: t0.Add(time.Hour), readyAt: t0,
		},
		"the customer chose a moment: the clock starts there": {
			change: func(a *Alert) { a.Slots = []Slot{{From: slot}} },
			opened: t0, notBefore: slot, due: slot.Add(24 * time.Hour), readyAt: slot,
		},
		"a moment that is past": {
			change: func(a *Alert) { a.Slots = []Slot{{From: t0.Add(-time.Hour)}} },
			opened: t0, due: t0.Add(24 * time.Hour), readyAt: t0,
		},
		"a moment years ahead is a mistake": {
			change: func(a *Alert) { a.Slots = []Slot{{From: t0.AddDate(10, 0, 0)}} },
			opened: t0, due: t0.Add(24 * time.Hour), readyAt: t0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, al := newStory(t), alert("a1")
			tc.change(&al)
			s.do(TakeAlert{Alert: al})
			require.Equal(t, tc.opened, s.cb().OpenedAt)
			require.Equal(t, tc.notBefore, s.cb().NotBefore)
			require.Equal(t, tc.due, s.cb().FirstAttemptDue)
			require.Equal(t, tc.readyAt, s.cb().ReadyAt())
		})
	}
}

func TestAFurtherAlertIsAReasonOfTheOpenOne(t *testing.T) {
	t.Parallel()
	for state := Pending; state <= Wrapping; state++ {
		t.Run(state.String(), func(t *testing.T) {
			t.Parallel()
			s := in(t, state)
			opened := s.cb().OpenedAt
			s.pass(time.Minute)
			al := alert("a2")
			al.Reason.Priority, al.Queue, al.Language, al.Skills = 70, "vip", "en", []string{"legal"}
			al.Customer = Customer{Name: "Someone", Email: "c@example.org", TimeZone: "Europe/Paris"}
			ev := s.do(TakeAlert{Alert: al})

			require.Equal(t, EventEnriched, ev.Type)
			cb := s.cb()
			require.Equal(t, state, cb.State)
			require.Equal(t, uint32(1), cb.Number)
			require.Len(t, cb.Reasons, 2)
			require.Equal(t, 78+5, cb.Priority)
			require.Equal(t, opened, cb.OpenedAt)
			require.Equal(t, "care", cb.Queue, "the queue does not change")
			require.Equal(t, "fr", cb.Language)
			require.Equal(t, []string{"legal"}, cb.Skills, "none were known")
			require.Equal(t, Customer{
				ID: "C-1", Name: "Camille", Phone: "+33612345678", Language: "fr",
				Email: "c@example.org", TimeZone: "Europe/Paris",
			}, cb.Customer, "only what was missing")
		})
	}
}

func TestADeadlineComesNearerUntilTheFirstAttempt(t *testing.T) {
	t.Parallel()
	hurry := alert("a2")
	hurry.FirstAttemptWithin = time.Hour

	s := in(t, Pending)
	s.do(TakeAlert{Alert: hurry})
	require.Equal(t, t0.Add(time.Hour), s.cb().FirstAttemptDue)

	s = in(t, Attempting)
	s.do(TakeAlert{Alert: hurry})
	require.Equal(t, t0.Add(24*time.Hour), s.cb().FirstAttemptDue, "history by now")
}

func TestAnAlertCountsOnceARevision(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	s.refuse(ErrNoChange, take("a1"))
	s.do(TakeAlert{Alert: alert("a1").at(3)})
	s.refuse(ErrNoChange, TakeAlert{Alert: alert("a1").at(2)})
	s.refuse(ErrNoChange, TakeAlert{Alert: alert("a1").at(3)})
	require.Len(t, s.cb().Reasons, 1)
}

func TestALaterRevisionBringsTheReasonUpToDate(t *testing.T) {
	t.Parallel()
	s := in(t, Attempting)
	s.do(take("a2"))
	later := alert("a1").at(2)
	later.Reason.Verbatim = "Et personne au téléphone."
	later.Reason.Value, later.Reason.Satisfaction, later.Reason.Priority = 0, 0, 60
	later.Customer = Customer{Phone: "+33699999999", Language: "en"}
	ev := s.do(TakeAlert{Alert: later})

	require.Equal(t, EventEnriched, ev.Type)
	require.Len(t, s.cb().Reasons, 2)
	require.Equal(t, "Et personne au téléphone.", s.cb().Reasons[0].Verbatim)
	require.Equal(t, uint32(2), s.cb().Reasons[0].Revision)
	require.Equal(t, 70+5, s.cb().Priority)
	require.Equal(t, "+33699999999", s.cb().Customer.Phone, "a correction replaces")
	require.Equal(t, "Camille", s.cb().Customer.Name, "an empty field corrects nothing")
	require.Equal(t, "en", s.cb().Language)

	better := alert("a1").at(3)
	better.Reason.Satisfaction, better.Reason.Priority = 60, 10
	s.do(TakeAlert{Alert: better})
	require.Equal(t, 58+5, s.cb().Priority, "priority goes down too")
}

// The customer was called for it, or somebody decided not to: a later revision
// is noted, and opens nothing.
func TestWhatAClosedCallbackSettledStaysSettled(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Completed, Canceled} {
		s := in(t, state)
		closed := s.cb()
		s.refuse(ErrNoChange, take("a1"))
		ev := s.do(TakeAlert{Alert: alert("a1").at(2)})
		require.Equal(t, EventAlertNoted, ev.Type)
		require.Same(t, closed, s.cb())
		require.Equal(t, []TakenAlert{{AlertID: "a1", Revision: 2}}, s.agg.Taken)

		// Even when it is withdrawn and raised again meanwhile.
		s.do(WithdrawAlert{AlertID: "a1", Revision: 3})
		s.do(TakeAlert{Alert: alert("a1").at(4)})
		require.Same(t, closed, s.cb())

		// Nor does it join the next callback.
		s.do(take("a2"))
		require.Equal(t, key+"-2", s.cb().ID)
		require.Equal(t, EventAlertNoted, s.do(TakeAlert{Alert: alert("a1").at(5)}).Type)
		require.Len(t, s.cb().Reasons, 1)
	}
}

func TestTheNextCallbackStartsAnew(t *testing.T) {
	t.Parallel()
	s := in(t, Completed)
	s.pass(48 * time.Hour)
	al := alert("a2")
	al.RaisedAt = s.now
	s.do(TakeAlert{Alert: al})
	cb := s.cb()
	require.Equal(t, key+"-2", cb.ID)
	require.Equal(t, s.now, cb.OpenedAt)
	require.Len(t, cb.Reasons, 1)
	require.Empty(t, cb.Attempts)
	require.Nil(t, cb.Holder)
	require.Nil(t, cb.LastHolder)
	require.Nil(t, cb.WrapUp)
	require.Zero(t, cb.ClosedAt)
	require.Empty(t, cb.ClosedBy)
}

func TestReasonsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for i := range MaxReasons + 3 {
		al := alert(fmt.Sprintf("a%d", i))
		al.Reason.Priority, al.Reason.HasValue = 10, false
		if i == MaxReasons+1 {
			al.Reason.Priority = 80
		}
		s.do(TakeAlert{Alert: al})
	}
	require.Len(t, s.cb().Reasons, MaxReasons)
	require.Equal(t, 3, s.cb().MoreReasons)
	require.Equal(t, 80, s.cb().MorePriority)
	require.Equal(t, 100, s.cb().Priority)
	for i := range MaxReasons {
		s.do(WithdrawAlert{AlertID: fmt.Sprintf("a%d", i), Revision: 2})
	}
	require.Equal(t, Pending, s.cb().State, "the others still count")
	require.Equal(t, 80+10, s.cb().Priority)
}

func TestTakenIsBoundedAndForgetsTheOldest(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for i := range MaxTaken {
		s.do(WithdrawAlert{AlertID: fmt.Sprintf("a%d", i), Revision: 1})
	}
	s.do(WithdrawAlert{AlertID: "a0", Revision: 2})
	s.do(WithdrawAlert{AlertID: "new", Revision: 1})
	require.Len(t, s.agg.Taken, MaxTaken)
	require.Equal(t, "a2", s.agg.Taken[0].AlertID, "a0 was heard of again; a1 is forgotten")
	require.Equal(t, "new", s.agg.Taken[MaxTaken-1].AlertID)
}

// An alert that fell out of the bounded memory is still known by its reason.
func TestAForgottenAlertIsKnownByItsReason(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	for i := range MaxTaken {
		s.do(WithdrawAlert{AlertID: fmt.Sprintf("n%d", i), Revision: 1})
	}
	s.refuse(ErrNoChange, take("a1"))
	s.do(TakeAlert{Alert: alert("a1").at(2)})
	require.Len(t, s.cb().Reasons, 1)
}

func TestAVerbatimIsCutAtACharacter(t *testing.T) {
	t.Parallel()
	for shift := range 4 {
		al := alert("a1")
		al.Reason.Verbatim = strings.Repeat("x", shift) + strings.Repeat("é€😡", MaxVerbatimBytes)
		s := newStory(t)
		s.do(TakeAlert{Alert: al})
		got := s.cb().Reasons[0].Verbatim
		require.LessOrEqual(t, len(got), MaxVerbatimBytes)
		require.Greater(t, len(got), MaxVerbatimBytes-8)
		require.True(t, utf8.ValidString(got))
		require.True(t, strings.HasSuffix(got, "…"))
	}
}

func TestTakeAlertNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	al := Alert{Queue: "no spaces", FirstAttemptWithin: -1}
	al.Reason.Priority, al.Reason.HasValue, al.Reason.Satisfaction = 101, true, -1
	require.Equal(t,
		[]string{"alert_id", "customer_key", "queue", "first_attempt_within", "priority", "satisfaction"},
		newStory(t).wrong(TakeAlert{Alert: al}))

	other := alert("a1")
	other.CustomerKey = "zzz"
	require.Equal(t, []string{"customer_key"}, newStory(t).wrong(TakeAlert{Alert: other}))
}

func TestTheDefaultQueue(t *testing.T) {
	t.Parallel()
	s, al := newStory(t), alert("a1")
	al.Queue = ""
	s.do(TakeAlert{Alert: al})
	require.Equal(t, s.policy.DefaultQueue, s.cb().Queue)
}

// A customer nobody loaded yet is named by the alert.
func TestAnAlertNamesTheCustomer(t *testing.T) {
	t.Parallel()
	ev, err := DefaultPolicy().Decide(Aggregate{}, take("a1"), t0)
	require.NoError(t, err)
	require.Equal(t, key, ev.Next.CustomerKey)
}
