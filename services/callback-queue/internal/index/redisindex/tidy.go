package redisindex

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
)

const (
	// tidyBatch is how many entries of a queue one script forgets.
	tidyBatch = 200
	// abandonedAfter is how long nobody tidied an index before it is nobody's.
	abandonedAfter = time.Hour
)

// Tidy implements queue.Index. What nobody needs any more is also an index under the
// same prefix that has another format, or was made under other settings, once nobody
// has tidied it for an hour: every process does so each minute.
func (x *Index) Tidy(ctx context.Context, now time.Time) error {
	err := x.forgetClosed(ctx, now)
	if err == nil {
		err = x.clearAbandoned(ctx, now)
	}
	if err != nil {
		return fmt.Errorf("index tidy: %w", err)
	}
	return nil
}

func (x *Index) forgetClosed(ctx context.Context, now time.Time) error {
	names, err := x.queues(ctx)
	for err == nil && len(names) > 0 {
		names, err = x.each(ctx, tidyScript, names, decimal(order.Nanos(now)), tidyBatch)
	}
	return err
}

// clearAbandoned says that this index is in use, and clears those that are not.
func (x *Index) clearAbandoned(ctx context.Context, now time.Time) error {
	used := x.keys.indexes()
	if err := x.client.ZAdd(ctx, used, redis.Z{Score: float64(now.Unix()), Member: x.keys.name}).Err(); err != nil {
		return err
	}
	names, err := x.client.ZRangeByScore(ctx, used, &redis.ZRangeBy{
		Min: "-inf", Max: "(" + strconv.FormatInt(now.Add(-abandonedAfter).Unix(), 10),
	}).Result()
	for _, name := range names {
		if err == nil {
			err = x.clear(ctx, keyspace{prefix: x.keys.prefix, name: name})
		}
		if err == nil {
			err = x.client.ZRem(ctx, used, name).Err()
		}
	}
	return err
}

// clear removes all keys of another index. Its meta key goes first and last: who begins
// to use it meanwhile finds it lost, and builds it anew.
func (x *Index) clear(ctx context.Context, other keyspace) error {
	if err := x.client.Unlink(ctx, other.meta()).Err(); err != nil {
		return err
	}
	sweep := func(ctx context.Context, server redis.UniversalClient) error {
		keys := server.Scan(ctx, 0, pattern(other), 1000).Iterator()
		for keys.Next(ctx) {
			if err := server.Unlink(ctx, keys.Val()).Err(); err != nil {
				return err
			}
		}
		return keys.Err()
	}
	var err error
	if cluster, ok := x.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, server *redis.Client) error { return sweep(ctx, server) })
	} else {
		err = sweep(ctx, x.client)
	}
	if err != nil {
		return err
	}
	return x.client.Unlink(ctx, other.meta()).Err()
}
