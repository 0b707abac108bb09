package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
)

// keeping is a second process, which keeps histories for so long: a nanosecond is less
// than any event is old.
func (b *bundle) keeping(d time.Duration) *store.Store {
	b.Helper()
	m, err := store.NewMetrics(nil)
	require.NoError(b, err)
	return store.New(b.bus, zap.NewNop(), m, d)
}

func (b *bundle) close(k string) callback.Aggregate {
	b.Helper()
	b.commit(b.store, k, claim)
	b.commit(b.store, k, start)
	b.commit(b.store, k, reached)
	return b.commit(b.store, k, complete)
}

// Of a history that ended long ago the end stays: with it all that keeps anything from
// being opened twice, and a chain that goes on from there.
func TestTrimmingKeepsTheEndOfAHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	closed, open, again := customer(1), customer(2), customer(3)
	for _, k := range []string{closed, open, again} {
		b.commit(b.store, k, alert(k, "a-1"))
	}
	end, former := b.close(closed), b.close(again)
	reopened := b.commit(b.store, again, alert(again, "a-2"))

	n, err := b.keeping(time.Hour).Trim(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "nothing is so old")
	n, err = b.keeping(time.Nanosecond).Trim(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.ElementsMatch(t, []uint64{2, end.Seq, former.Seq, reopened.Seq}, seqs(b.follow(b.another(), 1)))

	require.NotEmpty(t, b.follow(b.store, 1))
	require.Zero(t, b.gaps(), "nothing is missing")
	for _, s := range []string{closed, again} {
		a, err := b.another().Load(t.Context(), s)
		require.NoError(t, err)
		_, err = callback.DefaultPolicy().Decide(a, alert(s, "a-1"), now)
		require.ErrorIs(t, err, callback.ErrNoChange, "it was heard of")
	}
	next := b.commit(b.another(), closed, alert(closed, "a-3"))
	require.EqualValues(t, 2, next.Callback.Number)
	b.follow(b.store, 1)
	require.Zero(t, b.gaps(), "and the chain goes on")

	n, err = b.keeping(time.Nanosecond).Trim(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "what is open is kept from its last close on")
	_, err = b.store.Earlier(t.Context(), closed, callback.ID(closed, 1))
	require.NoError(t, err)
}

// What was lost is reported as before: only a close begins a history that was trimmed.
func TestALostBeginningIsStillReported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	k := customer(1)
	b.commit(b.store, k, alert(k, "a-1"))
	b.close(k)
	b.deleteMessage(1)
	b.follow(b.store, 1)
	require.Equal(t, 1, b.gaps())
}
