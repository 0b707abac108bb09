package indextest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// Few names and near moments, so that random operations meet.
var (
	modelQueues = []string{"one", "three", "two"} // sorted, as stats are
	modelAgents = []string{"", "amina", "bruno"}
	modelLines  = []string{"/", "fr/", "fr/vip"}
)

const modelIDs = 12

// model plays random operations on the index and on the reference, and wants
// the same answers.
func model(newIndex func(t *testing.T) queue.Index) func(*bench) {
	return func(b *bench) {
		rapid.Check(b.T, func(rt *rapid.T) {
			p := &play{bench: b, index: newIndex(b.T), now: t0}
			rt.Repeat(map[string]func(*rapid.T){
				"pass time": p.passTime,
				"apply":     p.apply,
				"reserve":   p.reserve,
				"reset":     p.reset,
				"tidy":      p.tidy,
				"advance":   p.advance,
				"read":      p.read,
				"":          p.check,
			})
		})
	}
}

// play is one sequence of random operations.
type play struct {
	*bench
	index     queue.Index
	reference reference
	now       time.Time
	life      string // empty before the first reset
}

func (p *play) passTime(t *rapid.T) {
	p.now = p.now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second)
}

func (p *play) apply(t *rapid.T) {
	entries := rapid.SliceOfN(rapid.Custom(p.entry), 1, 8).Draw(t, "entries")
	entries = slices.DeleteFunc(entries, func(e queue.Entry) bool { return e.Seq <= p.reference.forgot[e.ID] })
	require.NoError(t, p.index.Apply(p.Context(), entries...))
	for _, e := range entries {
		p.reference.apply(e)
	}
}

func (p *play) entry(t *rapid.T) queue.Entry {
	n := rapid.IntRange(0, modelIDs-1).Draw(t, "n")
	// An entry is never opened in the future; the rest may be anywhere.
	opened := p.now.Add(-time.Duration(rapid.IntRange(0, 30).Draw(t, "age")) * time.Second)
	states := rapid.OneOf(rapid.Just(callback.Pending), rapid.SampledFrom([]callback.State{
		callback.StateUnspecified, callback.Pending, callback.Reserved, callback.Assigned,
		callback.Attempting, callback.Wrapping, callback.Completed, callback.Canceled,
	}))
	seq := rapid.Uint64Range(1, 60).Draw(t, "seq")
	in, former := modelQueues[n%len(modelQueues)], ""
	if n%2 == 0 && seq > 30 { // half of them move once
		in, former = modelQueues[(n+1)%len(modelQueues)], in
	}
	state := states.Draw(t, "state")
	var forget time.Time
	if state.Terminal() {
		forget = p.moment(t, "forget")
	}
	return queue.Entry{
		ForgetAt: forget, MarkedUntil: p.now.Add(time.Hour),
		ID: number("key", n), CustomerKey: "key", Queue: in, Former: former, Seq: seq,
		Line: rapid.SampledFrom(modelLines).Draw(t, "line"), FirstDue: p.moment(t, "first due"),
		State: state, Rank: rapid.Int64Range(-2, 2).Draw(t, "rank"),
		OpenedAt: opened, ReadyAt: p.moment(t, "ready"), DueAt: p.moment(t, "due"),
		Agent: rapid.SampledFrom(modelAgents).Draw(t, "agent"),
		SLA:   standing(state, rapid.IntRange(0, 4).Draw(t, "SLA")), Overdue: rapid.Bool().Draw(t, "overdue"),
	}
}

// moment is somewhere around now, or zero.
func (p *play) moment(t *rapid.T, label string) time.Time {
	seconds := rapid.IntRange(-61, 60).Draw(t, label)
	if seconds == -61 {
		return time.Time{}
	}
	return p.now.Add(time.Duration(seconds) * time.Second)
}

func (p *play) reserve(t *rapid.T) {
	r := queue.Reservation{
		Agent:     rapid.SampledFrom(modelAgents).Draw(t, "agent"),
		RequestID: rapid.SampledFrom([]string{"", "r", "s"}).Draw(t, "request"),
		Fits:      p.fit(t),
		Now:       p.now,
		Hold:      time.Duration(rapid.IntRange(0, 60).Draw(t, "hold")) * time.Second,
	}
	got, err := p.index.Reserve(p.Context(), r)
	want, wantErr := p.reference.reserve(r)
	if wantErr != nil {
		require.ErrorIs(t, err, wantErr)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// fit takes some lines of some queues, some less gladly.
func (p *play) fit(t *rapid.T) queue.Fit {
	queues := rapid.SliceOfN(rapid.SampledFrom(modelQueues), 0, 3).Draw(t, "queues")
	lines := rapid.SliceOfN(rapid.SampledFrom(modelLines), 1, 3).Draw(t, "lines")
	behind := rapid.SliceOfN(rapid.Int64Range(-3, 3), len(modelQueues), len(modelQueues)).Draw(t, "behind")
	return func(name, line string) (int64, bool) {
		ok := len(queues) == 0 || slices.Contains(queues, name) && slices.Contains(lines, line)
		return behind[slices.Index(modelQueues, name)], ok
	}
}

func (p *play) tidy(t *rapid.T) {
	require.NoError(t, p.index.Tidy(p.Context(), p.now))
	p.reference.tidy(p.now)
}

func (p *play) reset(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "one in four") > 0 {
		return
	}
	p.begin(t)
}

// begin starts another life of the index.
func (p *play) begin(t *rapid.T) {
	life, err := p.index.Reset(p.Context())
	require.NoError(t, err)
	p.reference.reset(life)
	p.life = life
}

func (p *play) advance(t *rapid.T) {
	if p.life == "" {
		p.begin(t)
	}
	done := queue.Progress{
		Checkpoint: queue.Checkpoint{
			Life:        p.life,
			Incarnation: rapid.SampledFrom([]string{"one", "one", "one", "two"}).Draw(t, "incarnation"),
			Seq:         rapid.Uint64Range(0, 12).Draw(t, "seq"),
		},
		From:  rapid.Uint64Range(0, 12).Draw(t, "from"),
		Whole: rapid.Bool().Draw(t, "whole"),
	}
	require.ErrorIs(t, p.index.Advance(p.Context(), done), p.reference.advance(done))
}

// read asks all that has an argument to choose.
func (p *play) read(t *rapid.T) {
	limit := rapid.IntRange(0, modelIDs).Draw(t, "limit")
	hold := time.Duration(rapid.IntRange(0, 30).Draw(t, "hold due")) * time.Second
	due, err := p.index.TakeDue(p.Context(), p.now, hold, limit)
	require.NoError(t, err)
	require.Equal(t, listed(p.reference.takeDue(p.now, hold, limit)), listed(due))
	until := p.now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "put off")) * time.Second)
	due = due[:rapid.IntRange(0, len(due)).Draw(t, "of them")]
	require.NoError(t, p.index.PutOff(p.Context(), until, due...))
	p.reference.putOff(until, due)

	f := queue.Filter{
		Queue: rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "queue"),
		Agent: rapid.SampledFrom(modelAgents).Draw(t, "agent"),
		States: rapid.SliceOfN(rapid.SampledFrom([]callback.State{
			callback.StateUnspecified, callback.Pending, callback.Assigned, callback.Completed,
		}), 0, 2).Draw(t, "states"),
		OpenedFrom: p.moment(t, "opened from"), OpenedBefore: p.moment(t, "opened before"),
	}
	var pages []queue.Entry
	for after, more := "", true; more; more = after != "" {
		require.LessOrEqual(t, len(pages), modelIDs, "the pages don't end")
		page, err := p.index.Page(p.Context(), f, after, max(limit, 1))
		require.NoError(t, err)
		pages, after = append(pages, page.Entries...), page.Next
	}
	require.Equal(t, listed(p.reference.list(f)), listed(pages))
}

// check compares all that has no argument to choose.
func (p *play) check(t *rapid.T) {
	cp, err := p.index.Checkpoint(p.Context())
	require.Equal(t, p.reference.complete, err == nil)
	require.Equal(t, !p.reference.complete, errors.Is(err, queue.ErrIndexIncomplete))
	if err == nil {
		require.Equal(t, p.reference.upTo, cp)
	}
	for _, agent := range modelAgents {
		held, err := p.index.HeldBy(p.Context(), agent)
		require.Equal(t, p.reference.complete, err == nil)
		require.Equal(t, !p.reference.complete, errors.Is(err, queue.ErrIndexIncomplete))
		require.Equal(t, listed(p.reference.heldBy(agent)), listed(held))
	}
	rows, err := p.index.Stats(p.Context(), p.now)
	require.NoError(t, err)
	require.Equal(t, p.reference.stats(p.now), rows)
	for _, e := range p.reference.entries {
		n, ready, err := p.index.Before(p.Context(), e.Queue, e.ID, p.now)
		require.NoError(t, err)
		want, wantReady := p.reference.before(e.Queue, e.ID, p.now)
		require.Equal(t, wantReady, ready)
		require.Equal(t, want, n)
		got, found, err := p.index.Get(p.Context(), e.ID)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, e, got)
	}
}

// listed is the list with an empty one for none.
func listed(entries []queue.Entry) []queue.Entry {
	return append([]queue.Entry{}, entries...)
}
