package indextest

import (
	"cmp"
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// reference is the index that is obviously right: lists that are searched from
// end to end.
type reference struct {
	entries  []queue.Entry
	holds    []held
	off      map[string]time.Time // deadlines that are taken or put off, until when
	forgot   map[string]uint64    // what was tidied away, by its last sequence
	complete bool
	upTo     queue.Checkpoint
}

type held struct {
	id, agent, request string
	until              time.Time
}

func (m *reference) reset(life string) { *m = reference{upTo: queue.Checkpoint{Life: life}} }

func (m *reference) advance(p queue.Progress) error {
	switch {
	case m.upTo.Incarnation != "" && m.upTo.Incarnation != p.Incarnation:
		return queue.ErrIndexIncomplete
	case p.From > m.upTo.Seq:
		return queue.ErrIndexWentBack
	}
	m.upTo.Incarnation = p.Incarnation
	if p.Seq > m.upTo.Seq {
		m.upTo.Seq = p.Seq
	}
	if p.Whole {
		m.complete = true
	}
	return nil
}

func (m *reference) apply(e queue.Entry) {
	e.Former = ""
	e.MarkedUntil = time.Time{}
	at := slices.IndexFunc(m.entries, func(old queue.Entry) bool { return old.ID == e.ID })
	if at >= 0 && e.Seq <= m.entries[at].Seq {
		return
	}
	if at >= 0 {
		m.entries = slices.Delete(m.entries, at, at+1)
	}
	m.entries = append(m.entries, e)
	delete(m.off, e.ID)
	m.holds = slices.DeleteFunc(m.holds, func(h held) bool { return h.id == e.ID })
}

// tidy forgets what was closed. Whether older news of it is taken in afterwards is not
// said, so none comes.
func (m *reference) tidy(now time.Time) {
	if m.forgot == nil {
		m.forgot = make(map[string]uint64)
	}
	m.entries = slices.DeleteFunc(m.entries, func(e queue.Entry) bool {
		gone := e.State.Terminal() && !e.ForgetAt.IsZero() && !e.ForgetAt.After(now)
		if gone {
			m.forgot[e.ID] = e.Seq
		}
		return gone
	})
}

// pass lets holds end.
func (m *reference) pass(now time.Time) {
	m.holds = slices.DeleteFunc(m.holds, func(h held) bool { return !now.Before(h.until) })
}

func (m *reference) isHeld(id string) bool {
	return slices.ContainsFunc(m.holds, func(h held) bool { return h.id == id })
}

func (m *reference) isReady(e queue.Entry, now time.Time) bool {
	return e.State == callback.Pending && !e.ReadyAt.After(now) && !m.isHeld(e.ID)
}

func (m *reference) reserve(r queue.Reservation) (queue.Entry, error) {
	m.pass(r.Now)
	for _, h := range m.holds {
		if r.RequestID != "" && h.agent == r.Agent && h.request == r.RequestID {
			return m.choose(func(e queue.Entry) bool { return e.ID == h.id })[0], nil
		}
	}
	ready := m.choose(func(e queue.Entry) bool {
		_, ok := r.Fits(e.Queue, e.Line)
		return m.isReady(e, r.Now) && ok
	})
	if len(ready) == 0 && !m.complete {
		return queue.Entry{}, queue.ErrIndexIncomplete
	}
	if len(ready) == 0 {
		return queue.Entry{}, queue.ErrNoneReady
	}
	best := slices.MinFunc(ready, func(a, b queue.Entry) int {
		behindA, _ := r.Fits(a.Queue, a.Line)
		behindB, _ := r.Fits(b.Queue, b.Line)
		return cmp.Or(cmp.Compare(a.Rank+behindA, b.Rank+behindB), inOrder(a, b))
	})
	m.holds = append(m.holds, held{id: best.ID, agent: r.Agent, request: r.RequestID, until: r.Now.Add(r.Hold)})
	return best, nil
}

// inOrder is the order of entries of the same rank.
func inOrder(a, b queue.Entry) int {
	return cmp.Or(a.FirstDue.Compare(b.FirstDue), a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.ID, b.ID))
}

// before counts as Index.Before does.
func (m *reference) before(name, id string, now time.Time) (int, bool) {
	m.pass(now)
	ready := m.choose(func(e queue.Entry) bool { return e.Queue == name && m.isReady(e, now) })
	slices.SortFunc(ready, func(a, b queue.Entry) int { return cmp.Or(cmp.Compare(a.Rank, b.Rank), inOrder(a, b)) })
	at := slices.IndexFunc(ready, func(e queue.Entry) bool { return e.ID == id })
	return max(at, 0), at >= 0
}

func (m *reference) choose(wanted func(queue.Entry) bool) []queue.Entry {
	var chosen []queue.Entry
	for _, e := range m.entries {
		if wanted(e) {
			chosen = append(chosen, e)
		}
	}
	return chosen
}

func (m *reference) heldBy(agent string) []queue.Entry {
	entries := m.choose(func(e queue.Entry) bool { return agent != "" && e.Agent == agent && e.State.Held() })
	slices.SortFunc(entries, func(a, b queue.Entry) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.ID, b.ID))
	})
	return entries
}

// whenDue is when an entry's deadline may be given.
func (m *reference) whenDue(e queue.Entry) time.Time {
	if off, taken := m.off[e.ID]; taken {
		return off
	}
	return e.DueAt
}

func (m *reference) takeDue(now time.Time, hold time.Duration, limit int) []queue.Entry {
	entries := m.choose(func(e queue.Entry) bool {
		return !e.DueAt.IsZero() && !m.whenDue(e).After(now)
	})
	slices.SortFunc(entries, func(a, b queue.Entry) int {
		return cmp.Or(m.whenDue(a).Compare(m.whenDue(b)), cmp.Compare(a.ID, b.ID))
	})
	entries = entries[:min(max(limit, 0), len(entries))]
	slices.SortFunc(entries, func(a, b queue.Entry) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	if hold > 0 {
		m.putOff(now.Add(hold), entries)
	}
	return entries
}

func (m *reference) putOff(until time.Time, entries []queue.Entry) {
	if m.off == nil {
		m.off = make(map[string]time.Time)
	}
	for _, e := range entries {
		if !e.DueAt.IsZero() {
			m.off[e.ID] = until
		}
	}
}

func (m *reference) list(f queue.Filter) []queue.Entry {
	entries := m.choose(func(e queue.Entry) bool { return chosen(f, e) })
	slices.SortFunc(entries, func(a, b queue.Entry) int {
		return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.ID, b.ID))
	})
	return entries
}

func (m *reference) stats(now time.Time) []queue.Stats {
	m.pass(now)
	var rows []queue.Stats
	for _, name := range modelQueues {
		entries := m.choose(func(e queue.Entry) bool { return e.Queue == name })
		if len(entries) == 0 {
			continue
		}
		row := queue.Stats{Queue: name}
		for _, e := range entries {
			if e.State.Open() && e.SLA == callback.SLAAtRisk {
				row.AtRisk++
			}
			if e.State.Open() && e.SLA == callback.SLABreached {
				row.Breached++
			}
			switch {
			case e.State.Held() || m.isHeld(e.ID):
				row.Held++
			case m.isReady(e, now):
				row.Ready++
				if row.OldestReady.IsZero() || e.OpenedAt.Before(row.OldestReady) {
					row.OldestReady = e.OpenedAt
				}
			case e.State == callback.Pending:
				row.Delayed++
			}
		}
		rows = append(rows, row)
	}
	return rows
}
