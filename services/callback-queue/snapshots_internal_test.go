package callbackqueue

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func TestSnapshotsKeepTheLastWholeOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	durable := error(nil)
	on := func(x *memory.Index) *snapshots {
		return &snapshots{
			index: x, path: filepath.Join(dir, "index"), ranking: "1", log: zap.NewNop(),
			durable: func(context.Context) error { return durable },
		}
	}
	x := memory.New()
	fill := func(id string) {
		life, err := x.Reset(t.Context())
		require.NoError(t, err)
		require.NoError(t, x.Apply(t.Context(), queue.Entry{ID: id, Seq: 1, State: callback.Pending, Queue: "q", Line: "/"}))
		require.NoError(t, x.Advance(t.Context(), queue.Progress{Checkpoint: queue.Checkpoint{Life: life, Incarnation: "i", Seq: 1}, Whole: true}))
	}
	has := func(id string) bool {
		y := memory.New()
		on(y).load()
		_, found, err := y.Get(t.Context(), id)
		require.NoError(t, err)
		return found
	}
	require.Error(t, on(x).save(t.Context()), "there is nothing whole yet")
	require.False(t, has("a-1"))
	fill("a-1")
	require.NoError(t, on(x).save(t.Context()))
	require.True(t, has("a-1"))

	// What is not on disk is in no snapshot.
	fill("b-1")
	durable = errors.New("the disk is away")
	require.ErrorIs(t, on(x).save(t.Context()), durable)
	require.True(t, has("a-1"))
	durable = nil
	require.NoError(t, on(x).save(t.Context()))
	require.True(t, has("b-1"))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing half written stays")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.123"), nil, 0o600))
	require.True(t, has("b-1"))
	require.NoFileExists(t, filepath.Join(dir, "index.123"), "left by who was killed amid it")
	require.NoError(t, os.Truncate(filepath.Join(dir, "index"), 9))
	require.False(t, has("b-1"))
}
