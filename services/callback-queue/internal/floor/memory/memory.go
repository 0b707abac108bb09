// Package memory is the floor of a single process.
package memory

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
)

var _ floor.Floor = (*Floor)(nil)

// Floor implements floor.Floor. Make it with New.
type Floor struct {
	mu    sync.Mutex
	seats map[string]floor.Seat
	at    map[string]visit                // by agent: who gives them something
	work  map[int64]map[string]floor.Work // by part of time
}

// New returns an empty floor.
func New() *Floor {
	return &Floor{seats: make(map[string]floor.Seat), at: make(map[string]visit), work: make(map[int64]map[string]floor.Work)}
}

// visit is who gives an agent something, and until when at most.
type visit struct {
	who   string
	until time.Time
}

// Enter implements floor.Floor.
func (f *Floor) Enter(_ context.Context, agent, who string, now, until time.Time) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v, busy := f.at[agent]; busy && v.who != who && now.Before(v.until) {
		return false, nil
	}
	f.at[agent] = visit{who, until}
	return true, nil
}

// Leave implements floor.Floor.
func (f *Floor) Leave(_ context.Context, agent, who string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at[agent].who == who {
		delete(f.at, agent)
	}
	return nil
}

// Worked implements floor.Floor.
func (f *Floor) Worked(_ context.Context, at time.Time, work map[string]floor.Work) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	parts := floor.Parts(at)
	maps.DeleteFunc(f.work, func(n int64, _ map[string]floor.Work) bool { return n < parts[len(parts)-1] })
	part := f.work[parts[0]]
	if part == nil {
		part = make(map[string]floor.Work)
		f.work[parts[0]] = part
	}
	add(part, work)
	return nil
}

// Work implements floor.Floor.
func (f *Floor) Work(_ context.Context, at time.Time) (map[string]floor.Work, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := make(map[string]floor.Work)
	for _, n := range floor.Parts(at) {
		add(sum, f.work[n])
	}
	return sum, nil
}

func add(to, more map[string]floor.Work) {
	for queue, w := range more {
		to[queue] = floor.Work{Callbacks: to[queue].Callbacks + w.Callbacks, Took: to[queue].Took + w.Took}
	}
}

// Sit implements floor.Floor.
func (f *Floor) Sit(_ context.Context, s floor.Seat) (floor.Seat, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, was := f.seats[s.Agent]
	s.TakenUntil = before.TakenUntil
	f.seats[s.Agent] = s
	return before, was, nil
}

// Report implements floor.Floor.
func (f *Floor) Report(_ context.Context, s floor.Seat, settled bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, was := f.seats[s.Agent]
	if was && before.Session != s.Session {
		return floor.ErrReplaced
	}
	s.TakenUntil = before.TakenUntil
	if settled {
		s.TakenUntil = time.Time{}
	}
	f.seats[s.Agent] = s
	return nil
}

// Take implements floor.Floor.
func (f *Floor) Take(_ context.Context, agent string, now, until time.Time) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, known := f.seats[agent]
	if !known || !s.Free(now) {
		return false, nil
	}
	s.TakenUntil = until
	f.seats[agent] = s
	return true, nil
}

// Untake implements floor.Floor.
func (f *Floor) Untake(_ context.Context, agent string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, known := f.seats[agent]; known {
		s.TakenUntil = time.Time{}
		f.seats[agent] = s
	}
	return nil
}

// Clear implements floor.Floor.
func (f *Floor) Clear(_ context.Context, agent string, ended time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, known := f.seats[agent]; known && s.Until.Equal(ended) {
		delete(f.seats, agent)
	}
	return nil
}

// Seats implements floor.Floor.
func (f *Floor) Seats(context.Context) ([]floor.Seat, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Values(f.seats)), nil
}

// Seat implements floor.Floor.
func (f *Floor) Seat(_ context.Context, agent string) (floor.Seat, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, known := f.seats[agent]
	return s, known, nil
}
