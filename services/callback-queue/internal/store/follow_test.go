package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
)

func seqs(list []callback.Aggregate) []uint64 {
	got := []uint64{}
	for _, a := range list {
		got = append(got, a.Seq)
	}
	return got
}

// gaps is how many breaks of a history the last whole reading reported.
func (b *bundle) gaps() int {
	b.Helper()
	n := b.logs.FilterMessageSnippet("has a gap").Len()
	require.EqualValues(b, n, b.gauge("callback_history_gaps"))
	return n
}

// brief is what following hands over of an aggregate.
func brief(a callback.Aggregate) callback.Aggregate {
	cb := a.Callback
	out := callback.Aggregate{CustomerKey: a.CustomerKey, Seq: a.Seq, EventNo: a.EventNo, Callback: &callback.Callback{
		ID: cb.ID, CustomerKey: cb.CustomerKey, Number: cb.Number, State: cb.State, Queue: cb.Queue, Priority: cb.Priority,
		OpenedAt: cb.OpenedAt, NotBefore: cb.NotBefore, FirstAttemptDue: cb.FirstAttemptDue, Customer: callback.Customer{Phone: cb.Customer.Phone, TimeZone: cb.Customer.TimeZone}, Skills: cb.Skills, Language: cb.Language,
	}}
	out.Callback.Slots = cb.Slots
	if f := cb.FollowUp; f != nil {
		out.Callback.FollowUp = &callback.FollowUp{AskAt: f.AskAt, AskedAt: f.AskedAt}
	}
	if cb.SLA != nil {
		out.Callback.SLA = &callback.SLA{NextAt: cb.SLA.NextAt, State: cb.SLA.State}
	}
	if cb.Holder != nil {
		out.Callback.Holder = &callback.Holder{AgentID: cb.Holder.AgentID, LeaseExpiresAt: cb.Holder.LeaseExpiresAt}
	}
	return out
}

func TestFollowHandsOverEveryChangeInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 3 {
		b.commit(b.store, customer(n), alert(customer(n), "a-1"))
	}
	held := b.commit(b.store, customer(1), claim)
	for name, s := range map[string]*store.Store{"its own": b.store, "another's": b.another()} {
		all := b.follow(s, 1)
		require.Equal(t, []uint64{1, 2, 3, 4}, seqs(all), name)
		require.Equal(t, brief(held), all[3], name)
		require.Equal(t, []uint64{3, 4}, seqs(b.follow(s, 3)), name)
		require.Empty(t, b.follow(s, 5), name)
	}
	require.Zero(t, b.gaps())
}

func TestFollowGoesOnAndOutdatesTheMemory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	b.commit(b.store, k, alert(k, "a-1"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	live, got := make(chan struct{}), make(chan queue.Change, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- b.store.Follow(ctx, 2,
			func(c queue.Change) error { got <- c; return nil },
			func() error { close(live); return nil })
	}()
	next := func() callback.Aggregate {
		a, err := (<-got).Read()
		require.NoError(t, err)
		return a
	}
	<-live
	held := b.commit(b.another(), k, claim)
	require.Equal(t, brief(held), next())
	_, known := b.store.Recall(k)
	require.False(t, known, "another's commit makes what is remembered worthless")
	called := b.commit(b.store, k, start)
	require.Equal(t, brief(called), next())
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}

func TestAMissingEventIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	whole, broken, beheaded := customer(1), customer(2), customer(3)
	for _, k := range []string{whole, broken, beheaded} {
		b.commit(b.store, k, alert(k, "a-1"))
		b.commit(b.store, k, alert(k, "a-2"))
		b.commit(b.store, k, alert(k, "a-3"))
	}
	b.deleteMessage(5) // the middle of the second history
	b.deleteMessage(7) // the beginning of the third
	last := b.follow(b.store, 1)
	require.Equal(t, []uint64{1, 2, 3, 4, 6, 8, 9}, seqs(last))
	require.Equal(t, 2, b.gaps())
	for _, line := range b.logs.FilterMessageSnippet("has a gap").All() {
		require.Contains(t, []any{broken, beheaded}, line.ContextMap()["customer_key"])
	}
	after, err := b.store.Load(t.Context(), broken)
	require.NoError(t, err)
	require.Len(t, after.Callback.Reasons, 3, "what follows the gap is whole")

	// Read from the middle there is nothing to compare with, and nothing to report.
	other := setup(t)
	other.bus = b.bus
	other.follow(b.another(), 6)
	require.Zero(t, other.gaps())
}

func TestARewrittenEventIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	opened := b.commit(b.store, k, alert(k, "a-1"))
	e := b.decide(b.store, k, alert(k, "a-2"))
	e.Next.LastHash = [32]byte{1, 2, 3} // whatever stood before, it was not this
	forged, err := proto.Marshal(wire.Event(e, "forged"))
	require.NoError(t, err)
	b.put(k, forged)
	require.Equal(t, []uint64{opened.Seq, 2}, seqs(b.follow(b.store, 1)))
	require.Equal(t, 1, b.gaps())
}

func TestAnUnreadableEventIsSaidToBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	b.commit(b.store, k, alert(k, "a-1"))
	b.put(customer(2), []byte("\xff not protobuf"))
	b.commit(b.store, k, alert(k, "a-2"))
	for _, from := range []uint64{1, 2} {
		require.Equal(t, []uint64{1, 3}[from-1:], seqs(b.follow(b.store, from)))
		require.EqualValues(t, from, b.gauge("callback_unreadable_events_total"))
	}
	require.Zero(t, b.gaps(), "it was nobody's")
}

func TestPositionNamesTheStreamsLife(t *testing.T) {
	t.Parallel()
	b, other := setup(t), setup(t)
	b.commit(b.store, customer(1), alert(customer(1), "a-1"))
	first, err := b.store.Position(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, first.Seq)
	again, err := b.another().Position(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, again)
	elsewhere, err := other.store.Position(t.Context())
	require.NoError(t, err)
	require.Equal(t, queue.Checkpoint{Incarnation: elsewhere.Incarnation}, elsewhere)
	require.NotEqual(t, first.Incarnation, elsewhere.Incarnation)
}
