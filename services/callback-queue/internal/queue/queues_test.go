package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// sits puts an agent at their desk for an hour.
// About how long one that comes now will wait: at the pace of the last hour, with who
// is there.
func TestTheWaitIsPredicted(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.staffed(
			roster.Agent{ID: "amina", Queues: []roster.QueuePreference{{Queue: "care", Preference: 1}}, Capacity: 1},
			roster.Agent{ID: "bruno", Queues: []roster.QueuePreference{{Queue: "care", Preference: 1}, {Queue: "vip", Preference: 1}}, Capacity: 1},
		)
		for n := range 3 {
			r.openWith(n, func(*callback.Alert) {})
		}
		wait := func() any {
			w.Helper()
			rows, err := r.States(w.Context())
			require.NoError(w, err)
			if !rows[0].WaitKnown {
				return "unknown"
			}
			return rows[0].Wait
		}
		require.Equal(w, "unknown", wait())
		require.NoError(w, w.floor.Worked(w.Context(), w.clock.Now(), map[string]floor.Work{"care": {Callbacks: 2, Took: 20 * time.Minute}}))
		require.Equal(w, "unknown", wait(), "nobody is there")
		w.sits("amina", 1, floor.Available)
		require.Equal(w, 40*time.Minute, wait(), "three before it, at ten minutes each")
		w.sits("bruno", 0, floor.Away)
		require.Equal(w, 40*time.Minute, wait())
		w.sits("bruno", 1, floor.Available)
		require.Equal(w, 20*time.Minute, wait())
		r.openWith(9, func(a *callback.Alert) { a.Queue = "vip" })
		require.Equal(w, time.Duration(float64(40*time.Minute)/1.5), wait(), "bruno has something else to do, too")
		r.got("amina", "1", id(0))
		r.got("amina2", "1", id(1))
		r.got("amina2", "2", id(2))
		w.sits("amina", 0, floor.Available)
		require.Zero(w, wait(), "somebody is free")
	})
}

// That nobody can take what is ready is an event, once for those that ask for the
// same, after a while, whatever number of replicas look; and again when it is so
// again.
func TestWhatNobodyCanTakeIsAnEvent(t *testing.T) {
	everywhere(t, func(w *world) {
		french := roster.List{{ID: "amina", Languages: []string{"fr"}, Capacity: 1}}
		watchful := func(d *queue.Deps) { d.Roster, d.UnattendedAfter = french, time.Minute }
		r := w.replica(watchful).whole()
		for n := range 4 {
			a := alert(n, "a")
			a.Language = []string{"fr", "de"}[n%2]
			require.NoError(w, r.TakeAlert(w.Context(), a))
		}
		looks := []*queue.Attendance{r.Attendance(), w.replica(watchful).Attendance()}
		look := func() []string {
			for _, l := range looks {
				require.NoError(w, l.Look(w.Context()))
			}
			var noted []string
			w.eachEvent(func(e *eventsv1.CallbackEvent, _ bus.Delivery) {
				if e.GetType() == eventsv1.CallbackEvent_UNATTENDED {
					noted = append(noted, e.GetCallback().GetId())
				}
			})
			return noted
		}
		w.sits("amina", 1, floor.Available) // busy, but there
		require.Empty(w, look())
		w.hand.Advance(59 * time.Second)
		w.sits("amina", 1, floor.Available)
		require.Empty(w, look())
		w.hand.Advance(time.Second)
		require.Equal(w, []string{id(1)}, look(), "the first in German; amina sees to those in French")
		w.hand.Advance(time.Hour) // amina is gone
		require.Equal(w, []string{id(1)}, look(), "nothing new in German, and not for long enough in French")
		w.hand.Advance(time.Minute)
		require.Equal(w, []string{id(1), id(0)}, look())
		w.sits("amina", 0, floor.Available)
		look()
		r.got("amina", "q", id(0))
		w.hand.Advance(time.Hour)
		look()
		w.hand.Advance(time.Minute)
		require.Equal(w, []string{id(1), id(0), id(2)}, look())
		w.inLine()
	})
}

// Somebody comes and takes nothing: it is attended to, whatever process has noted that it
// was not. When they go, that is an event again.
func TestWhatIsAttendedToAgainIsAnEventToo(t *testing.T) {
	everywhere(t, func(w *world) {
		watchful := func(d *queue.Deps) {
			d.Roster, d.UnattendedAfter = roster.List{{ID: "amina", Capacity: 1}}, time.Minute
		}
		r := w.replica(watchful).whole()
		require.NoError(w, r.TakeAlert(w.Context(), alert(1, "a")))
		for range 2 {
			before, after := r.Attendance(), w.replica(watchful).Attendance()
			for range 2 {
				require.NoError(w, before.Look(w.Context()))
				w.hand.Advance(time.Minute)
			}
			require.False(w, mustGet(w, r, id(1)).UnattendedSince.IsZero())
			w.sits("amina", 0, floor.Available)
			require.NoError(w, after.Look(w.Context()))
			require.True(w, mustGet(w, r, id(1)).UnattendedSince.IsZero())
			require.NoError(w, before.Look(w.Context()))
			w.hand.Advance(time.Hour) // amina is gone
		}
		var events []string
		w.eachEvent(func(e *eventsv1.CallbackEvent, _ bus.Delivery) { events = append(events, e.GetType().String()) })
		require.Equal(w, []string{"OPENED", "UNATTENDED", "ATTENDED", "UNATTENDED", "ATTENDED"}, events)
	})
}

// What the index still has as first and is gone is no event: the next one is, as soon
// as the index knows.
func TestAnOutdatedFirstIsNotWhatIsNoted(t *testing.T) {
	everywhere(t, func(w *world) {
		someone := func(d *queue.Deps) {
			d.Roster, d.UnattendedAfter = roster.List{{ID: "amina", Languages: []string{"fr"}, Capacity: 1}}, time.Minute
		}
		r := w.replica(someone).whole()
		for n := range 2 {
			a := alert(n, "a")
			a.Language = "de"
			require.NoError(w, r.TakeAlert(w.Context(), a))
		}
		entry := func() queue.Entry {
			e, found, err := r.index.Get(w.Context(), id(0))
			require.NoError(w, err)
			require.True(w, found)
			return e
		}
		stale := entry()
		_, err := r.Do(w.Context(), id(0), callback.Cancel{Reason: "moved", By: "sam"})
		require.NoError(w, err)
		current := entry()
		stale.Seq = current.Seq + 1_000 // as an index that did not hear of it
		require.NoError(w, r.index.Apply(w.Context(), stale))
		look := r.Attendance()
		require.NoError(w, look.Look(w.Context()))
		w.hand.Advance(time.Minute)
		require.NoError(w, look.Look(w.Context()))
		current.Seq = stale.Seq + 1
		require.NoError(w, r.index.Apply(w.Context(), current))
		require.NoError(w, look.Look(w.Context()))
		noted := 0
		w.eachEvent(func(e *eventsv1.CallbackEvent, _ bus.Delivery) {
			if e.GetType() == eventsv1.CallbackEvent_UNATTENDED {
				noted++
				require.Equal(w, id(1), e.GetCallback().GetId())
			}
		})
		require.Equal(w, 1, noted)
	})
}

// Where nobody is known to work, nobody is known to be missing.
func TestWhoOnlyClaimsIsNotMissed(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica(func(d *queue.Deps) { d.UnattendedAfter = time.Minute }).whole()
		r.open(0, 1)
		look := r.Attendance()
		for range 3 {
			require.NoError(w, look.Look(w.Context()))
			w.hand.Advance(time.Hour)
		}
		require.Len(w, w.history(), 1)
	})
}

func (w *world) sits(agent string, load int, status floor.Status) {
	w.Helper()
	_, _, err := w.floor.Sit(w.Context(), floor.Seat{
		Agent: agent, Session: "s-" + agent, Status: status, Capacity: 1, Load: load, Until: w.clock.Now().Add(time.Hour),
	})
	require.NoError(w, err)
}

func TestASupervisorSeesWhoIsMissing(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.staffed(
			roster.Agent{ID: "amina", Languages: []string{"fr"}, Queues: []roster.QueuePreference{{Queue: "care", Preference: 1}}, Capacity: 1},
			roster.Agent{ID: "bruno", Queues: []roster.QueuePreference{{Queue: "vip", Preference: 1}}, Capacity: 1},
		)
		r.openWith(1, func(a *callback.Alert) { a.Language = "fr" })
		r.openWith(2, func(a *callback.Alert) { a.Language = "de" })
		r.openWith(3, func(a *callback.Alert) { a.Language, a.Skills = "fr", []string{"legal"} })
		r.openWith(4, func(a *callback.Alert) { a.Queue = "vip" })
		states := func() map[string][]int {
			w.Helper()
			rows, err := r.States(w.Context())
			require.NoError(w, err)
			got := map[string][]int{}
			for _, s := range rows {
				got[s.Queue] = []int{s.Ready, s.Delayed, s.Held, s.Unattended, s.Agents, s.Free}
			}
			return got
		}
		require.Equal(w, map[string][]int{"care": {3, 0, 0, 3, 0, 0}, "vip": {1, 0, 0, 1, 0, 0}}, states(), "nobody is there")
		w.sits("amina", 1, floor.Available)
		w.sits("bruno", 0, floor.Away)
		require.Equal(w, map[string][]int{"care": {3, 0, 0, 2, 1, 0}, "vip": {1, 0, 0, 1, 0, 0}}, states(), "one is busy, one has a break")
		w.sits("bruno", 0, floor.Available)
		r.got("amina", "1", id(1))
		require.Equal(w, map[string][]int{"care": {2, 0, 1, 2, 1, 0}, "vip": {1, 0, 0, 0, 1, 1}}, states())
		w.sits("whoever", 0, floor.Available) // of whom nothing is known
		require.Equal(w, map[string][]int{"care": {2, 0, 1, 0, 2, 1}, "vip": {1, 0, 0, 0, 2, 2}}, states())
		w.hand.Advance(2 * time.Hour) // nothing is heard of anybody; amina's time is over
		r.Expire(w.Context())
		require.Equal(w, map[string][]int{"care": {3, 0, 0, 3, 0, 0}, "vip": {1, 0, 0, 1, 0, 0}}, states())
	})
}

func TestWhatWaitsForItsHoursIsNotUnattended(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	week, err := calendar.ParseWeek(map[string][]string{"mon-sun": {"11:00-12:00"}})
	require.NoError(t, err)
	r := w.replica(func(d *queue.Deps) { d.Policy.Calling = &callback.CallingHours{Week: week} }).whole()
	r.open(1, 3)
	rows, err := r.States(t.Context())
	require.NoError(t, err)
	require.Equal(t, queue.State{Queue: "care", Delayed: 2, OldestReady: rows[0].OldestReady}, rows[0])
	r.none("amina", "1")
	w.hand.Advance(90 * time.Minute)
	rows, err = r.States(t.Context())
	require.NoError(t, err)
	require.Equal(t, queue.State{Queue: "care", Ready: 2, Unattended: 2, OldestReady: rows[0].OldestReady}, rows[0])
	r.got("amina", "2", id(1))
}
