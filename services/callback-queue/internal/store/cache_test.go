package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

func aggregate(key string, seq uint64) callback.Aggregate {
	return callback.Aggregate{CustomerKey: key, Seq: seq}
}

func (c *cache) holds(t *testing.T, want map[string]uint64) {
	t.Helper()
	require.Equal(t, len(want), c.order.Len())
	require.Len(t, c.byKey, len(want))
	for key, seq := range want {
		el, known := c.byKey[key]
		require.True(t, known, key)
		require.Equal(t, seq, el.Value.(*kept).a.Seq, key)
	}
}

func TestCacheKeepsTheNewest(t *testing.T) {
	t.Parallel()
	c := newCache(100)
	require.EqualValues(t, 5, c.put(aggregate("a", 5), 10).Seq)
	require.EqualValues(t, 5, c.put(aggregate("a", 4), 10).Seq, "an older one is not kept")
	require.EqualValues(t, 6, c.put(aggregate("a", 6), 10).Seq)
	c.put(aggregate("a", 7), 10)
	c.holds(t, map[string]uint64{"a": 7})
	c.outdate("a", 7)
	c.outdate("b", 7)
	c.holds(t, map[string]uint64{"a": 7})
	c.outdate("a", 8)
	c.holds(t, nil)
	c.put(aggregate("a", 7), 10)
	c.drop("a")
	c.drop("a")
	c.holds(t, nil)
	require.Equal(t, 100, c.room)
}

func TestCacheIsBoundedByBytes(t *testing.T) {
	t.Parallel()
	c := newCache(100)
	c.put(aggregate("a", 1), 40)
	c.put(aggregate("b", 1), 40)
	_, _ = c.get("a") // used
	c.put(aggregate("c", 1), 40)
	c.holds(t, map[string]uint64{"a": 1, "c": 1})

	// One that grew pushes others out, and stays whatever its size.
	c.put(aggregate("c", 2), 500)
	c.holds(t, map[string]uint64{"c": 2})
	c.put(aggregate("d", 1), 10)
	c.holds(t, map[string]uint64{"d": 1})
	require.Equal(t, 90, c.room)
}
