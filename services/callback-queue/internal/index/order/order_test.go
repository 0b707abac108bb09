package order_test

import (
	"cmp"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func TestNanosKeepsEveryInstantItCan(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 9, 30, 0, 123456789, time.FixedZone("CET", 3600))
	require.Equal(t, at.UTC(), order.Time(order.Nanos(at)))
	require.Equal(t, time.Time{}, order.Time(order.Nanos(time.Time{})))
	require.Equal(t, time.Unix(0, 0).UTC(), order.Time(order.Nanos(time.Unix(0, 0))))
}

func TestNanosSortsWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	instants := []time.Time{
		{},
		time.Date(1200, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	for i, earlier := range instants[:len(instants)-1] {
		require.Less(t, order.Nanos(earlier), order.Nanos(instants[i+1]), "%s", earlier)
	}
}

func TestSortableSortsAsTheNumber(t *testing.T) {
	t.Parallel()
	number := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-100, 100), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		require.Len(t, order.Sortable(a), order.SortableSize)
		require.Equal(t, cmp.Compare(a, b), cmp.Compare(order.Sortable(a), order.Sortable(b)))
		back, err := order.FromSortable(order.Sortable(a))
		require.NoError(t, err)
		require.Equal(t, a, back)
	})
	for _, bad := range []string{"", "0", "01234567890-", "0123456789é", "01234 67890"} {
		_, err := order.FromSortable(bad)
		require.Error(t, err, bad)
	}
}

func TestKeyTextSortsAsTheKey(t *testing.T) {
	t.Parallel()
	key := rapid.Custom(func(t *rapid.T) order.Key {
		return order.Key{
			Opened: rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, 1, math.MinInt64, math.MaxInt64})).Draw(t, "opened"),
			ID:     rapid.StringMatching(`[a-c:-]{0,3}`).Draw(t, "id"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := key.Draw(t, "a"), key.Draw(t, "b")
		require.Equal(t, a.Compare(b), cmp.Compare(a.Text(), b.Text()))
		back, err := order.ParseCursor(a.Cursor())
		require.NoError(t, err)
		require.Equal(t, a, back)
	})
}

func TestParseCursorRefusesWhatItDidNotMake(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"?", "YQ", "YTpi", "enp6enp6enp6enp6enp6ejph", order.Key{}.Text()} {
		_, err := order.ParseCursor(token)
		require.ErrorIs(t, err, queue.ErrBadPageToken, "%q", token)
	}
}
