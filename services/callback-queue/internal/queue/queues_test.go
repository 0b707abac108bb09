package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// sits puts an agent at their desk for an hour.
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
