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
}

// New returns an empty floor.
func New() *Floor { return &Floor{seats: make(map[string]floor.Seat)} }

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
