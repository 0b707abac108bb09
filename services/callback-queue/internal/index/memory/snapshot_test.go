package memory_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

var t0 = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// filled is a whole index with entries of every sort, as of sequence 100.
func filled(t *testing.T) (*memory.Index, []queue.Entry) {
	t.Helper()
	x := memory.New()
	life, err := x.Reset(t.Context())
	require.NoError(t, err)
	var entries []queue.Entry
	for i := range 60 {
		e := queue.Entry{
			ID: fmt.Sprintf("key%02d-1", i), CustomerKey: fmt.Sprintf("key%02d", i), Seq: uint64(i + 1), State: callback.Pending,
			Queue: []string{"care", "vip"}[i%2], Line: []string{"/", "fr/billing:3", "/,/amina"}[i%3], Rank: int64(7-i) << 40,
			FirstDue: t0.Add(time.Duration(i)), OpenedAt: t0.Add(-time.Duration(i) * time.Second), ReadyAt: t0.Add(time.Duration(i%9-4) * time.Second),
		}
		switch i % 5 {
		case 1:
			e.State, e.Agent, e.DueAt, e.SLA = callback.Assigned, fmt.Sprintf("agent-%d", i%7), t0.Add(time.Hour), callback.SLABreached
		case 2:
			e.State, e.Agent, e.Overdue, e.CustomerKey = callback.Wrapping, "amina", true, "somebody else"
		case 3:
			e.State, e.ForgetAt = callback.Completed, t0.Add(time.Minute)
		}
		entries = append(entries, e)
	}
	require.NoError(t, x.Apply(t.Context(), entries...))
	require.NoError(t, x.Advance(t.Context(), queue.Progress{Checkpoint: queue.Checkpoint{Life: life, Incarnation: "one", Seq: 100}, Whole: true}))
	return x, entries
}

func saved(t *testing.T, x *memory.Index) []byte {
	t.Helper()
	var b bytes.Buffer
	cp, err := x.Save(&b, "360000")
	require.NoError(t, err)
	require.EqualValues(t, 100, cp.Seq)
	return b.Bytes()
}

func TestAnIndexGoesOnFromItsSnapshot(t *testing.T) {
	t.Parallel()
	x, entries := filled(t)
	_, err := x.Reserve(t.Context(), queue.Reservation{Now: t0, Hold: time.Hour})
	require.NoError(t, err, "what is reserved is not in the snapshot")
	text := saved(t, x)

	y := memory.New()
	newer := entries[0]
	newer.Seq, newer.Queue = 103, "retention"
	require.NoError(t, y.Apply(t.Context(), newer), "committed while the snapshot is read")
	require.NoError(t, y.Load(bytes.NewReader(text), "360000"))
	require.Equal(t, len(entries), y.Len())
	for i, e := range entries {
		got, found, err := y.Get(t.Context(), e.ID)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, map[bool]queue.Entry{true: newer, false: e}[i == 0], got)
	}
	_, err = y.Checkpoint(t.Context())
	require.ErrorIs(t, err, queue.ErrIndexIncomplete, "it is not whole before what came since is there")
	_, err = y.HeldBy(t.Context(), "amina")
	require.ErrorIs(t, err, queue.ErrIndexIncomplete)

	cp, ok := y.Resume()
	require.True(t, ok)
	require.Equal(t, []any{"one", uint64(100)}, []any{cp.Incarnation, cp.Seq})
	_, ok = y.Resume()
	require.False(t, ok, "once")
	require.NoError(t, y.Advance(t.Context(), queue.Progress{Checkpoint: queue.Checkpoint{Life: cp.Life, Incarnation: "one", Seq: 103}, From: 100, Whole: true}))
	_, err = y.Checkpoint(t.Context())
	require.NoError(t, err)
}

func TestADamagedSnapshotIsNotUsed(t *testing.T) {
	t.Parallel()
	x, _ := filled(t)
	text := saved(t, x)
	refused := func(b []byte, ranking string) {
		t.Helper()
		y := memory.New()
		require.ErrorIs(t, y.Load(bytes.NewReader(b), ranking), memory.ErrSnapshot)
		require.Zero(t, y.Len())
		_, ok := y.Resume()
		require.False(t, ok)
	}
	for i := 0; i < len(text); i += 11 {
		refused(text[:i], "360000")
		damaged := bytes.Clone(text)
		damaged[i] ^= 1 << (i % 8)
		refused(damaged, "360000")
	}
	refused(text, "60000")
	_, err := memory.New().Save(&bytes.Buffer{}, "360000")
	require.ErrorIs(t, err, queue.ErrIndexIncomplete)
}
