package indextest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// t0 is the moment most tests begin at; hold is how long they reserve.
var t0 = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

const hold = time.Minute

// bench is one test's index and the shorthands that keep its story readable.
type bench struct {
	*testing.T
	index queue.Index
}

// complete makes the index one that holds everything.
func (b *bench) complete() {
	b.Helper()
	require.NoError(b, b.index.Advance(b.Context(), queue.Progress{
		Checkpoint: queue.Checkpoint{Life: b.reset(), Incarnation: "one", Seq: 1}, Whole: true,
	}))
}

func (b *bench) reset() (life string) {
	b.Helper()
	life, err := b.index.Reset(b.Context())
	require.NoError(b, err)
	require.NotEmpty(b, life)
	return life
}

func (b *bench) apply(entries ...queue.Entry) {
	b.Helper()
	require.NoError(b, b.index.Apply(b.Context(), entries...))
}

// reserve asks for the agent at a moment and wants the entry with that id.
func (b *bench) reserve(agent string, now time.Time, want string, queues ...string) queue.Entry {
	b.Helper()
	return b.reserveAs(queue.Reservation{Agent: agent, Fits: only(queues...), Now: now, Hold: hold}, want)
}

func (b *bench) reserveAs(r queue.Reservation, want string) queue.Entry {
	b.Helper()
	e, err := b.index.Reserve(b.Context(), r)
	require.NoError(b, err)
	require.Equal(b, want, e.ID)
	return e
}

// none wants nothing to be ready.
func (b *bench) none(now time.Time, queues ...string) {
	b.Helper()
	_, err := b.index.Reserve(b.Context(), queue.Reservation{Agent: "none", Fits: only(queues...), Now: now, Hold: hold})
	require.ErrorIs(b, err, queue.ErrNoneReady)
	require.NotErrorIs(b, err, queue.ErrIndexIncomplete)
}

// only fits the named queues, or all when there is none.
func only(queues ...string) queue.Fit {
	if len(queues) == 0 {
		return nil
	}
	return func(name, _ string) (int64, bool) { return 0, slices.Contains(queues, name) }
}

func (b *bench) get(id string) queue.Entry {
	b.Helper()
	e, found, err := b.index.Get(b.Context(), id)
	require.NoError(b, err)
	require.True(b, found, "%s is not there", id)
	return e
}

func (b *bench) heldBy(agent string) []string {
	b.Helper()
	entries, err := b.index.HeldBy(b.Context(), agent)
	if _, whole := b.index.Checkpoint(b.Context()); whole != nil {
		require.ErrorIs(b, err, queue.ErrIndexIncomplete)
	} else {
		require.NoError(b, err)
	}
	return ids(entries)
}

// due looks at what is due, and takes nothing.
func (b *bench) due(now time.Time, limit int) []string {
	b.Helper()
	return b.takeDue(now, 0, limit)
}

func (b *bench) takeDue(now time.Time, hold time.Duration, limit int) []string {
	b.Helper()
	entries, err := b.index.TakeDue(b.Context(), now, hold, limit)
	require.NoError(b, err)
	return ids(entries)
}

func (b *bench) stats(now time.Time) []queue.Stats {
	b.Helper()
	rows, err := b.index.Stats(b.Context(), now)
	require.NoError(b, err)
	return rows
}

// walk reads all pages, and calls between before each page but the first.
func (b *bench) walk(f queue.Filter, limit int, between func()) []string {
	b.Helper()
	var all []string
	after := ""
	for pages := 0; ; pages++ {
		require.Less(b, pages, 1_000, "the pages don't end")
		p, err := b.index.Page(b.Context(), f, after, limit)
		require.NoError(b, err)
		require.LessOrEqual(b, len(p.Entries), limit)
		all = append(all, ids(p.Entries)...)
		if p.Next == "" {
			return all
		}
		after = p.Next
		between()
	}
}

func nothing() {}

func ids(entries []queue.Entry) []string {
	names := []string{}
	for _, e := range entries {
		names = append(names, e.ID)
	}
	return names
}

// pending is an entry of the queue "q" that is ready at t0, changed as told.
func pending(id string, changes ...func(*queue.Entry)) queue.Entry {
	e := queue.Entry{
		ID: id, CustomerKey: "key", Seq: 1, State: callback.Pending, Queue: "q", Line: "/",
		Rank: 100, FirstDue: t0.Add(time.Hour), OpenedAt: t0.Add(-time.Hour), ReadyAt: t0,
	}
	for _, change := range changes {
		change(&e)
	}
	return e
}

// standing is how an SLA of that number stands: nothing closed is at risk.
func standing(s callback.State, n int) callback.SLAState {
	if sla := callback.SLAState(n); sla != callback.SLAAtRisk || s.Open() {
		return sla
	}
	return callback.SLAKept
}

func seq(n uint64) func(*queue.Entry)            { return func(e *queue.Entry) { e.Seq = n } }
func rank(n int64) func(*queue.Entry)            { return func(e *queue.Entry) { e.Rank = n } }
func in(name string) func(*queue.Entry)          { return func(e *queue.Entry) { e.Queue = name } }
func line(text string) func(*queue.Entry)        { return func(e *queue.Entry) { e.Line = text } }
func firstDue(t time.Time) func(*queue.Entry)    { return func(e *queue.Entry) { e.FirstDue = t } }
func from(name string) func(*queue.Entry)        { return func(e *queue.Entry) { e.Former = name } }
func readyAt(t time.Time) func(*queue.Entry)     { return func(e *queue.Entry) { e.ReadyAt = t } }
func openedAt(t time.Time) func(*queue.Entry)    { return func(e *queue.Entry) { e.OpenedAt = t } }
func dueAt(t time.Time) func(*queue.Entry)       { return func(e *queue.Entry) { e.DueAt = t } }
func state(s callback.State) func(*queue.Entry)  { return func(e *queue.Entry) { e.State = s } }
func sla(s callback.SLAState) func(*queue.Entry) { return func(e *queue.Entry) { e.SLA = s } }
func forgetAt(t time.Time) func(*queue.Entry)    { return func(e *queue.Entry) { e.ForgetAt = t } }
func markedUntil(t time.Time) func(*queue.Entry) { return func(e *queue.Entry) { e.MarkedUntil = t } }
func agent(name string) func(*queue.Entry)       { return func(e *queue.Entry) { e.Agent = name } }
func after(seconds int) time.Time                { return t0.Add(time.Duration(seconds) * time.Second) }
func number(prefix string, i int) string         { return fmt.Sprintf("%s-%05d", prefix, i) }

func many(count int, one func(i int) queue.Entry) []queue.Entry {
	entries := make([]queue.Entry, count)
	for i := range entries {
		entries[i] = one(i)
	}
	return entries
}
