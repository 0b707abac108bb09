package redisindex

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

func TestValueKeepsTheEntry(t *testing.T) {
	t.Parallel()
	instant := rapid.OneOf(
		rapid.Just(time.Time{}),
		rapid.Map(rapid.Int64(), func(n int64) time.Time { return time.Unix(0, max(n, -1<<62)).UTC() }),
	)
	rapid.Check(t, func(t *rapid.T) {
		e := queue.Entry{
			ID: rapid.String().Draw(t, "id"), CustomerKey: rapid.String().Draw(t, "customer"),
			Seq: rapid.Uint64().Draw(t, "seq"), State: callback.State(rapid.Byte().Draw(t, "state")),
			Queue: rapid.String().Draw(t, "queue"), Rank: rapid.Int64().Draw(t, "rank"),
			OpenedAt: instant.Draw(t, "opened"), ReadyAt: instant.Draw(t, "ready"), DueAt: instant.Draw(t, "due"),
			Agent: rapid.String().Draw(t, "agent"), Overdue: rapid.Bool().Draw(t, "overdue"),
			SLA: callback.SLAState(rapid.IntRange(0, 4).Draw(t, "SLA")),
		}
		if rapid.Bool().Draw(t, "customer in id") {
			e.CustomerKey = customerIn(e.ID)
		}
		back, err := decode(e.Queue, e.ID, encode(&e))
		require.NoError(t, err)
		require.Equal(t, e, back)
	})
}

func TestDecodeRefusesWhatEncodeNeverMakes(t *testing.T) {
	t.Parallel()
	good := encode(&queue.Entry{ID: "key-1", CustomerKey: "key", Agent: "amina", DueAt: time.Unix(1, 0)})
	_, err := decode("q", "key-1", good)
	require.NoError(t, err)
	for _, value := range []string{
		"", "x", good + " ", " " + good, good[1:] + "x",
		"1 o 0 0 0 8000000000000000 - % 0 - =", "1 o 0 0 0 80 - a 0 - =", "1 o 0 0 0 8000000000000000 - a 256 - =",
		"-1 o 0 0 0 8000000000000000 - a 0 - =", "1 o 0 0 0 8000000000000000 - a 0 - k",
	} {
		_, err := decode("q", "key-1", value)
		require.ErrorIs(t, err, errValue, "%q", value)
	}
}

func TestKeysOfAQueueShareASlot(t *testing.T) {
	t.Parallel()
	space := keyspace{prefix: "p", name: nameOf("")}
	require.Equal(t, "p:5:{after-sales}:entries", space.entries("after-sales"))
	require.Equal(t, "p:5:{%7Ba%7D}:entries", space.entries("{a}"))
	require.Equal(t, "p:5:{%}:entries", space.entries(""))
	require.NotEqual(t, space.entries("%"), space.entries(""))
	require.Len(t, space.queue("q"), len(queueKeys))
}
