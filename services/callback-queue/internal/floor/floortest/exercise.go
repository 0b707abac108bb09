// Package floortest is the conformance suite of floor.Floor.
package floortest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
)

var t0 = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func seat(agent, session string) floor.Seat {
	return floor.Seat{
		Agent: agent, Session: session, Status: floor.Available, Capacity: 2, IdleSince: t0, Until: t0.Add(30 * time.Second),
	}
}

// Exercise runs the suite. newFloor returns a floor that was never used.
func Exercise(t *testing.T, newFloor func(t *testing.T) floor.Floor) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, floor.Floor){
		"a seat is kept as it is reported":       keeps,
		"who sits down has the seat":             sits,
		"an agent is taken once":                 takes,
		"who is not free is not taken":           refuses,
		"a seat is cleared once it has ended":    clears,
		"many take at once":                      takesConcurrently,
		"one at a time gives an agent something": enters,
		"many enter at once":                     entersConcurrently,
		"the pace is that of the last hour":      paces,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newFloor(t))
		})
	}
}

func paces(t *testing.T, f floor.Floor) {
	work := func(at time.Time) map[string]floor.Work {
		t.Helper()
		got, err := f.Work(t.Context(), at)
		require.NoError(t, err)
		return got
	}
	worked := func(at time.Time, queue string, callbacks int, took time.Duration) {
		t.Helper()
		require.NoError(t, f.Worked(t.Context(), at, map[string]floor.Work{queue: {Callbacks: callbacks, Took: took}}))
	}
	now := time.Now().Truncate(floor.PacePart) // servers forget by their own clock
	require.Empty(t, work(now))
	worked(now, "a b:c", 2, 10*time.Minute)
	worked(now.Add(time.Second), "a b:c", 1, 1500*time.Millisecond)
	worked(now.Add(-floor.PaceOver), "a b:c", 1, time.Minute)
	worked(now.Add(-floor.PaceOver), "n:", 1, time.Minute)
	want := map[string]floor.Work{"a b:c": {Callbacks: 4, Took: 11*time.Minute + 1500*time.Millisecond}, "n:": {Callbacks: 1, Took: time.Minute}}
	require.Equal(t, want, work(now.Add(floor.PacePart-1)))
	require.Equal(t, map[string]floor.Work{"a b:c": {Callbacks: 3, Took: 10*time.Minute + 1500*time.Millisecond}}, work(now.Add(floor.PacePart)), "what is older is forgotten")
	require.NoError(t, f.Worked(t.Context(), now, nil))
}

func only(t *testing.T, f floor.Floor, want ...floor.Seat) {
	t.Helper()
	got, err := f.Seats(t.Context())
	require.NoError(t, err)
	slices.SortFunc(got, func(a, b floor.Seat) int { return strings.Compare(a.Agent, b.Agent) })
	require.Equal(t, append([]floor.Seat{}, want...), append([]floor.Seat{}, got...))
	for _, s := range want {
		one, known, err := f.Seat(t.Context(), s.Agent)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, s, one)
	}
}

func keeps(t *testing.T, f floor.Floor) {
	only(t, f)
	_, known, err := f.Seat(t.Context(), "amina")
	require.NoError(t, err)
	require.False(t, known)
	a, b := seat("amina", "s 1"), seat("bruno@example.org", "")
	a.Status, a.Load, a.Missed = floor.Away, 1, 2
	_, was, err := f.Sit(t.Context(), a)
	require.NoError(t, err)
	require.False(t, was)
	require.NoError(t, f.Report(t.Context(), b, false), "a seat that is gone is taken again")
	only(t, f, a, b)
	a.Load, a.IdleSince = 0, t0.Add(time.Second)
	require.NoError(t, f.Report(t.Context(), a, false))
	only(t, f, a, b)
}

func sits(t *testing.T, f floor.Floor) {
	first, second := seat("amina", "s1"), seat("amina", "s2")
	_, _, err := f.Sit(t.Context(), first)
	require.NoError(t, err)
	before, was, err := f.Sit(t.Context(), second)
	require.NoError(t, err)
	require.True(t, was)
	require.Equal(t, first, before)
	require.ErrorIs(t, f.Report(t.Context(), first, false), floor.ErrReplaced)
	only(t, f, second)
}

func takes(t *testing.T, f floor.Floor) {
	s := seat("amina", "s1")
	_, _, err := f.Sit(t.Context(), s)
	require.NoError(t, err)
	take := func(now, until time.Time) bool {
		t.Helper()
		ok, err := f.Take(t.Context(), "amina", now, until)
		require.NoError(t, err)
		return ok
	}
	soon := t0.Add(2 * time.Second)
	require.True(t, take(t0, soon))
	require.False(t, take(t0.Add(time.Second), soon))
	s.TakenUntil = soon
	only(t, f, s)

	require.NoError(t, f.Report(t.Context(), seat("amina", "s1"), false))
	require.False(t, take(t0.Add(time.Second), soon), "what is reported meanwhile changes nothing")
	_, _, err = f.Sit(t.Context(), seat("amina", "s2"))
	require.NoError(t, err)
	require.False(t, take(t0.Add(time.Second), soon), "nor who sits down")

	s = seat("amina", "s2")
	s.Load = 1
	require.NoError(t, f.Report(t.Context(), s, true))
	require.True(t, take(t0.Add(time.Second), soon), "there is room for another")
	require.NoError(t, f.Untake(t.Context(), "amina"))
	require.True(t, take(t0.Add(time.Second), soon))
	require.True(t, take(soon, soon.Add(time.Second)), "a take ends by itself")
	require.NoError(t, f.Untake(t.Context(), "nobody"))
	ok, err := f.Take(t.Context(), "nobody", t0, soon)
	require.NoError(t, err)
	require.False(t, ok)
}

func refuses(t *testing.T, f floor.Floor) {
	for name, change := range map[string]func(*floor.Seat){
		"away":               func(s *floor.Seat) { s.Status = floor.Away },
		"busy":               func(s *floor.Seat) { s.Load = 2 },
		"offline":            func(s *floor.Seat) { s.Until = t0 },
		"cannot be reached":  func(s *floor.Seat) { s.Session = "" },
		"taken":              func(s *floor.Seat) { s.TakenUntil = t0.Add(time.Millisecond) },
		"more than they can": func(s *floor.Seat) { s.Capacity = 0 },
	} {
		s := seat("amina", "s1")
		change(&s)
		require.False(t, s.Free(t0), name)
		if name == "taken" { // which nobody reports
			continue
		}
		require.NoError(t, f.Clear(t.Context(), "amina", t0.Add(30*time.Second)))
		require.NoError(t, f.Clear(t.Context(), "amina", t0))
		_, _, err := f.Sit(t.Context(), s)
		require.NoError(t, err)
		ok, err := f.Take(t.Context(), "amina", t0, t0.Add(time.Second))
		require.NoError(t, err)
		require.False(t, ok, name)
	}
}

func clears(t *testing.T, f floor.Floor) {
	s := seat("amina", "s1")
	_, _, err := f.Sit(t.Context(), s)
	require.NoError(t, err)
	require.NoError(t, f.Clear(t.Context(), "amina", t0))
	only(t, f, s)
	ended := s.Until
	s.Until = s.Until.Add(time.Second)
	require.NoError(t, f.Report(t.Context(), s, false))
	require.NoError(t, f.Clear(t.Context(), "amina", ended))
	only(t, f, s)
	require.NoError(t, f.Clear(t.Context(), "amina", s.Until))
	only(t, f)
	require.NoError(t, f.Clear(t.Context(), "nobody", ended))
}

func takesConcurrently(t *testing.T, f floor.Floor) {
	_, _, err := f.Sit(t.Context(), seat("amina", "s1"))
	require.NoError(t, err)
	var won atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			ok, err := f.Take(t.Context(), "amina", t0, t0.Add(time.Second))
			assert.NoError(t, err)
			if ok {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, won.Load())
}

func enters(t *testing.T, f floor.Floor) {
	now := time.Now() // servers count by their own clock
	enter := func(agent, who string, now, until time.Time) bool {
		t.Helper()
		ok, err := f.Enter(t.Context(), agent, who, now, until)
		require.NoError(t, err)
		return ok
	}
	soon := now.Add(time.Minute)
	require.True(t, enter("bruno@example.org", "q1", now, soon), "without a seat")
	require.False(t, enter("bruno@example.org", "q 2", now, soon))
	require.True(t, enter("bruno@example.org", "q1", now, soon), "the same request again")
	require.True(t, enter("amina", "q 2", now, soon), "each agent has a door")
	require.NoError(t, f.Leave(t.Context(), "bruno@example.org", "q 2"), "who is not at it ends nothing")
	require.False(t, enter("bruno@example.org", "q 2", now, soon))
	require.NoError(t, f.Leave(t.Context(), "bruno@example.org", "q1"))
	require.NoError(t, f.Leave(t.Context(), "bruno@example.org", "q1"))
	require.True(t, enter("bruno@example.org", "q 2", now, soon))
	require.NoError(t, f.Leave(t.Context(), "amina", "q 2"))
	require.True(t, enter("amina", "q1", now, now.Add(time.Millisecond)))
	require.Eventually(t, func() bool { return enter("amina", "q 2", time.Now(), time.Now().Add(time.Minute)) }, 10*time.Second, time.Millisecond, "it ends by itself")
}

func entersConcurrently(t *testing.T, f floor.Floor) {
	var won atomic.Int64
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			ok, err := f.Enter(t.Context(), "amina", string(rune('a'+i)), t0, t0.Add(time.Minute))
			assert.NoError(t, err)
			if ok {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, won.Load())
}
