package queue

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// State is one queue as a supervisor sees it.
type State struct {
	Queue string
	// Ready may be claimed now, if there is an agent who can take it; Delayed waits
	// for its moment, or for the hours in which its customer may be called; Held is
	// in an agent's hands.
	Ready, Delayed, Held int
	// Unattended are those of Ready that nobody at their desk can take, busy or not.
	Unattended int
	// OldestReady is when the oldest was opened that waits for an agent or for its
	// hours; zero without one.
	OldestReady time.Time
	// AtRisk are open and their SLA has warned; Breached are open and it was missed.
	AtRisk, Breached int
	// Agents are those at their desk who work in the queue, and Free those of them who
	// could be offered something now.
	Agents, Free int
	// Wait is about how long one that comes now will wait for an agent; not so when
	// WaitKnown is false: nobody is there, or nothing was worked on for an hour.
	Wait      time.Duration
	WaitKnown bool
}

// States counts every queue, by name; as List, only when the index is whole. also are queues
// that are counted when nothing is in them, too.
func (q *Queue) States(ctx context.Context, also ...string) ([]State, error) {
	now := q.clock.Now()
	rows, err := q.index.Stats(ctx, now)
	var lines []Line
	if err == nil {
		lines, err = q.index.Lines(ctx, now)
	}
	if err == nil {
		_, err = q.index.Checkpoint(ctx)
	}
	if err != nil {
		return nil, q.indexError(err)
	}
	seats, err := q.floor.Seats(ctx)
	if err != nil {
		return nil, &indexFailure{err}
	}
	paces, err := q.floor.Work(ctx, now)
	if err != nil {
		return nil, &indexFailure{err}
	}
	rows = withQueues(rows, also)
	team := q.atWork(seats, now)
	out := make([]State, len(rows))
	for i, r := range rows {
		s := State{Queue: r.Queue, Ready: r.Ready, Delayed: r.Delayed, Held: r.Held, OldestReady: r.OldestReady, AtRisk: r.AtRisk, Breached: r.Breached}
		for _, l := range lines {
			if l.Queue == s.Queue {
				q.count(&s, l, team, now)
			}
		}
		for j := range team {
			if team[j].worksIn(s.Queue) {
				s.Agents++
				if team[j].free {
					s.Free++
				}
			}
		}
		out[i] = s
	}
	predict(out, team, paces)
	return out, nil
}

// withQueues are the rows, and an empty one for each of the queues that has none, by name.
func withQueues(rows []Stats, queues []string) []Stats {
	for _, name := range queues {
		i, there := slices.BinarySearchFunc(rows, name, func(r Stats, name string) int { return cmp.Compare(r.Queue, name) })
		if !there {
			rows = slices.Insert(rows, i, Stats{Queue: name})
		}
	}
	return rows
}

// predict works out the waits: what is ready and the one that comes, at the average
// time that one has taken, shared by the agents of the queue. An agent of several
// queues in which something is ready counts for a part of each. That is rough: it
// knows nothing of priorities, skills, nor of calls that take longer than others.
func predict(states []State, team []present, paces map[string]floor.Work) {
	for i := range states {
		s, pace := &states[i], paces[states[i].Queue]
		if s.Free > s.Ready {
			s.WaitKnown = true // there are hands for it
			continue
		}
		if hands := handsFor(states, i, team); hands > 0 && pace.Callbacks > 0 {
			each := float64(pace.Took) / float64(pace.Callbacks)
			s.Wait, s.WaitKnown = time.Duration(float64(s.Ready+1)*each/hands), true
		}
	}
}

// handsFor is how many agents a queue has, counted so.
func handsFor(states []State, queue int, team []present) float64 {
	hands := 0.0
	for i := range team {
		if !team[i].worksIn(states[queue].Queue) {
			continue
		}
		in := 1
		for j := range states {
			if j != queue && states[j].Ready > 0 && team[i].worksIn(states[j].Queue) {
				in++
			}
		}
		hands += 1 / float64(in)
	}
	return hands
}

// count puts a line where it belongs. The two counts of an index are of two
// moments: none gets below nothing.
func (q *Queue) count(s *State, l Line, team []present, now time.Time) {
	n := min(l.Ready, s.Ready-s.Unattended)
	needs := callback.ParseLine(l.Queue, l.Line)
	if !calendar.Open(q.policy.Window(needs), now) {
		s.Ready, s.Delayed = s.Ready-n, s.Delayed+n
		return
	}
	if !attended(needs, team) {
		s.Unattended += n
	}
}

// attended reports whether somebody at their desk can take what has these needs.
func attended(needs callback.Needs, team []present) bool {
	for i := range team {
		if !team[i].known {
			return true
		}
		if _, lacks, _ := team[i].Fits(needs); len(lacks) == 0 {
			return true
		}
	}
	return false
}

// present is an agent at their desk.
type present struct {
	routed
	free bool
}

func (p *present) worksIn(queue string) bool {
	if !p.known {
		return true
	}
	_, lacks, _ := p.Fits(callback.Needs{Queue: queue})
	return len(lacks) == 0
}

// atWork are the agents at their desk who may take callbacks.
func (q *Queue) atWork(seats []floor.Seat, now time.Time) []present {
	var team []present
	for i := range seats {
		status := seats[i].StatusAt(now)
		if status != floor.Available && status != floor.Busy {
			continue
		}
		if a, err := q.agent(seats[i].Agent); err == nil {
			team = append(team, present{a, seats[i].Free(now)})
		}
	}
	return team
}
