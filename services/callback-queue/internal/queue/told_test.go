package queue

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestToldKnowsWhatIsToCome(t *testing.T) {
	t.Parallel()
	var told told
	for seq := uint64(1); seq <= 10; seq++ {
		if seq == 7 {
			continue // somebody else's
		}
		e := Entry{ID: "k-1", Seq: seq}
		if seq == 3 {
			e = Entry{} // nothing to the index
		}
		told.add(seq, e)
	}
	entries, last, own := told.next(0, 5, 100)
	require.Len(t, entries, 4)
	require.EqualValues(t, 5, last)
	require.True(t, own)
	entries, last, own = told.next(0, 5, 2)
	require.Len(t, entries, 2)
	require.EqualValues(t, 2, last)
	require.True(t, own, "there is more")
	entries, last, own = told.next(5, 10, 100)
	require.Len(t, entries, 1)
	require.EqualValues(t, 6, last)
	require.False(t, own)
	_, known := told.entry(7)
	require.False(t, known)
	told.reset()
	_, known = told.entry(6)
	require.False(t, known)
}

// Whatever comes, and whether or not anybody asks, it stays within its bound.
func TestToldForgets(t *testing.T) {
	t.Parallel()
	var told told
	most := 0
	for seq := uint64(1); seq <= 3*maxTold; seq++ {
		told.add(seq, Entry{ID: "k-1", Seq: seq})
		most = max(most, len(told.entries))
	}
	require.Equal(t, maxTold, most)
	told.forget(3 * maxTold)
	require.Empty(t, told.entries)
	told.add(5, Entry{ID: "k-1", Seq: 5})
	require.Empty(t, told.entries, "that one has come by already")
	for seq := uint64(3*maxTold + 1); seq <= 4*maxTold; seq++ {
		told.add(seq, Entry{ID: "k-1", Seq: seq})
		told.forget(seq)
	}
	require.Less(t, len(told.entries), 10)
}
