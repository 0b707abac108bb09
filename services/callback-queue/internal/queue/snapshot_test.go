package queue_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// begun is the same stream with an index in memory that begins with a snapshot.
func (w *world) begun(snapshot []byte) *world {
	w.Helper()
	x := memory.New()
	require.NoError(w, x.Load(bytes.NewReader(snapshot), "r"))
	other := *w
	other.index = func() queue.Index { return x }
	return &other
}

func (w *world) snapshot() []byte {
	w.Helper()
	var b bytes.Buffer
	_, err := w.index().(*memory.Index).Save(&b, "r")
	require.NoError(w, err)
	return b.Bytes()
}

// A start from a snapshot reads what came since, and only that.
func TestAnIndexThatBeginsWithASnapshotReadsWhatCameSince(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	r := w.replica().ready()
	r.open(0, 20)
	r.got("amina", "q-1", id(0))
	r.saved()
	old := w.snapshot()
	r.got("amina", "q-2", id(1))
	r.finish(r.got("bruno", "q-1", id(2)))
	r.do(id(5), callback.Transfer{Queue: "vip", Reason: "technical", By: "sam"})
	r.open(20, 22)

	restarted := w.begun(old)
	next := restarted.replica()
	_, err := next.claim("amina", "q-2")
	require.ErrorIs(t, err, queue.ErrIndexIncomplete, "what the request got is not known yet")
	next.ready()
	next.got("amina", "q-1", id(0))
	next.got("amina", "q-2", id(1))
	restarted.inLine()
	require.Zero(t, next.logs.FilterMessage("histories checked").Len(), "it was not read from the beginning")
	require.Equal(t, 1, next.logs.FilterMessage("the index is complete").Len())
}

// A snapshot of another stream's life, or of a later one than is there, is as good as
// none.
func TestASnapshotOfAnotherStreamIsNotUsed(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	r := w.replica()
	stop := r.run()
	w.until("ready", func() bool { _, err := r.index.Checkpoint(t.Context()); return err == nil })
	r.open(0, 5)
	r.saved()
	old := w.snapshot()
	stop()
	w.recreateStream()
	restarted := w.begun(old)
	next := restarted.replica()
	next.open(7, 9)
	next.ready()
	restarted.inLine()
	require.Len(t, restarted.content(), 2)
}
