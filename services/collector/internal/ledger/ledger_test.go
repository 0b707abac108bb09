package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

func entry(seq uint64, revision uint32) ingest.Entry {
	e := ingest.Entry{Sequence: seq, Revision: revision}
	binary.BigEndian.PutUint64(e.Digest[:], seq)
	e.Digest[0] = byte(revision)
	return e
}

func TestAnEntryComesBackAsItWent(t *testing.T) {
	t.Parallel()
	l := New()
	id := response.IdentityOf("s", "r")
	_, ok := l.Find(id)
	require.False(t, ok)
	for _, seq := range []uint64{1, 1 << 20, 1<<33 + 5, 1<<64 - 1} {
		e := entry(seq, uint32(seq))
		l.Note("subject", id, e)
		got, ok := l.Find(id)
		require.True(t, ok)
		require.Equal(t, e, got)
		require.Equal(t, seq, l.Head("subject"))
	}
	require.Equal(t, 1, l.Len())
}

func TestOldNewsChangesNothing(t *testing.T) {
	t.Parallel()
	l := New()
	id := response.IdentityOf("s", "r")
	l.Note("a", id, entry(9, 3))
	l.Note("a", id, entry(5, 2))
	got, _ := l.Find(id)
	require.Equal(t, entry(9, 3), got)
	require.EqualValues(t, 9, l.Head("a"))
	require.Zero(t, l.Head("b"))
}

func TestTheStreamHasTheLastWordOnAHead(t *testing.T) {
	t.Parallel()
	l := New()
	l.Note("a", response.IdentityOf("s", "r"), entry(9, 1))
	l.Behold("a", 4)
	require.EqualValues(t, 4, l.Head("a"))
	l.Behold("a", 0)
	require.Zero(t, l.Head("a"))
}

func TestWhatHasLeftTheStreamIsForgotten(t *testing.T) {
	t.Parallel()
	l := New()
	for i := range uint64(1000) {
		l.Note(fmt.Sprint(i), response.IdentityOf("s", fmt.Sprint(i)), entry(i+1, 1))
	}
	l.Forget(901)
	require.Equal(t, 100, l.Len())
	require.Zero(t, l.Head("899"))
	require.EqualValues(t, 901, l.Head("900"))
}

func TestAwaitEndsWithWhatItAwaits(t *testing.T) {
	t.Parallel()
	l := New()
	require.NoError(t, l.Await(t.Context(), 0))
	var wg sync.WaitGroup
	for i := range uint64(50) {
		wg.Go(func() {
			if err := l.Await(t.Context(), i); err != nil {
				t.Error(err)
			}
			if l.Applied() < i {
				t.Errorf("%d came too early", i)
			}
		})
	}
	for i := range uint64(50) {
		l.advance(i)
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, l.Await(ctx, 1000), context.DeadlineExceeded)
	require.Zero(t, l.waiting.Load())
}

func TestAResponseTakesLittleMemory(t *testing.T) {
	const n = 235_000
	l := New()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range uint64(n) {
		var seed [8]byte
		binary.BigEndian.PutUint64(seed[:], i)
		sum := sha256.Sum256(seed[:])
		l.Note("one subject", response.Identity(sum[:16]), entry(i+1, 1))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / n
	t.Logf("%.0f bytes a response", each)
	require.Less(t, each, 100.0)
	require.Equal(t, n, l.Len())
}
