package store

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

func event(key string, seq uint64, size int) kept {
	return kept{key: key, seq: seq, body: make([]byte, size)}
}

// roomFor is a cache for the bytes of so many events with keys of one letter.
func roomFor(events, bytes int) *cache { return newCache(events*(overhead+1) + bytes) }

func (c *cache) holds(t *testing.T, want map[string]uint64) {
	t.Helper()
	require.Equal(t, len(want), c.order.Len())
	require.Len(t, c.byKey, len(want))
	for key, seq := range want {
		el, known := c.byKey[key]
		require.True(t, known, key)
		require.Equal(t, seq, el.Value.(*kept).seq, key)
	}
}

func TestCacheKeepsTheNewest(t *testing.T) {
	t.Parallel()
	c := newCache(10_000)
	require.EqualValues(t, 5, c.put(event("a", 5, 10)).seq)
	require.EqualValues(t, 5, c.put(event("a", 4, 10)).seq, "an older one is not kept")
	require.EqualValues(t, 6, c.put(event("a", 6, 10)).seq)
	c.put(event("a", 7, 10))
	c.holds(t, map[string]uint64{"a": 7})
	c.fill(event("a", 9, 10))
	c.outdate("a", 7)
	c.outdate("b", 7)
	c.holds(t, map[string]uint64{"a": 7})
	c.outdate("a", 8)
	c.holds(t, nil)
	c.put(event("a", 7, 10))
	c.drop("a")
	c.drop("a")
	c.holds(t, nil)
	require.Equal(t, 10_000, c.room)
}

func TestCacheIsBoundedByBytes(t *testing.T) {
	t.Parallel()
	c := roomFor(2, 100)
	c.put(event("a", 1, 40))
	c.put(event("b", 1, 40))
	_, _ = c.get("a") // used
	c.put(event("c", 1, 40))
	c.holds(t, map[string]uint64{"a": 1, "c": 1})

	// One that grew pushes others out, and stays whatever its size.
	c.put(event("c", 2, 5000))
	c.holds(t, map[string]uint64{"c": 2})
	c.put(event("d", 1, 10))
	c.holds(t, map[string]uint64{"d": 1})
	c.drop("d")
	require.Equal(t, 2*(overhead+1)+100, c.room)
}

func TestFillingACachePushesNothingOut(t *testing.T) {
	t.Parallel()
	c := roomFor(2, 100)
	c.fill(event("a", 1, 60))
	c.fill(event("b", 2, 41))
	c.holds(t, map[string]uint64{"a": 1})
	c.fill(event("b", 2, 40))
	c.holds(t, map[string]uint64{"a": 1, "b": 2})
}

func TestOnlyTheHottestAreKeptDecoded(t *testing.T) {
	t.Parallel()
	c := newCache(1 << 30)
	decoded := func(key string) bool {
		k, known := c.get(key)
		require.True(t, known)
		return k.decoded != nil
	}
	c.put(event("a", 1, 10))
	c.heat("a", &callback.Aggregate{Seq: 2}) // of another event
	c.heat("b", &callback.Aggregate{Seq: 1}) // of none
	require.False(t, decoded("a"))
	for range 2 * hotEvents { // hot already: pushes nobody out
		c.heat("a", &callback.Aggregate{Seq: 1})
	}
	require.True(t, decoded("a"))
	c.put(event("a", 2, 10))
	require.False(t, decoded("a"), "another event")
	c.heat("a", &callback.Aggregate{Seq: 2})
	for i := range hotEvents - 1 {
		key := fmt.Sprint(i)
		c.put(event(key, 1, 10))
		c.heat(key, &callback.Aggregate{Seq: 1})
	}
	require.True(t, decoded("a"))
	c.put(event("z", 1, 10))
	c.heat("z", &callback.Aggregate{Seq: 1})
	require.False(t, decoded("a"))
	require.True(t, decoded("0"))
}
