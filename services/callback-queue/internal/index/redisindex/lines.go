package redisindex

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// Lines implements queue.Index. It first lets time move all it has to move.
func (x *Index) Lines(ctx context.Context, now time.Time) ([]queue.Line, error) {
	names, err := x.queues(ctx)
	if err == nil {
		err = x.settle(ctx, names, order.Nanos(now))
	}
	var lines []queue.Line
	if err == nil {
		lines, err = x.counts(ctx, names)
	}
	if err == nil {
		lines, err = x.firsts(ctx, lines)
	}
	if err != nil {
		return nil, fmt.Errorf("index lines: %w", err)
	}
	return lines, nil
}

// counts are the lines of the queues, with how much is ready in each.
func (x *Index) counts(ctx context.Context, names []string) ([]queue.Line, error) {
	pipe := x.client.Pipeline()
	replies := make([]*redis.MapStringStringCmd, len(names))
	for i, name := range names {
		replies[i] = pipe.HGetAll(ctx, x.keys.lines(name))
	}
	_, _ = pipe.Exec(ctx) // each reply has its own error
	var lines []queue.Line
	for i, reply := range replies {
		counted, err := reply.Result()
		if err != nil {
			return nil, err
		}
		for text, digits := range counted {
			n, err := strconv.Atoi(digits)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errValue, err)
			}
			lines = append(lines, queue.Line{Queue: names[i], Line: text, Ready: n})
		}
	}
	return lines, nil
}

// firsts adds who goes first in each line; what was taken meanwhile is left out.
func (x *Index) firsts(ctx context.Context, lines []queue.Line) ([]queue.Line, error) {
	pipe := x.client.Pipeline()
	replies := make([]*redis.StringSliceCmd, len(lines))
	for i, l := range lines {
		replies[i] = pipe.ZRangeByLex(ctx, x.keys.ready(l.Queue), firstOf(l.Line))
	}
	_, _ = pipe.Exec(ctx) // each reply has its own error
	var there []queue.Line
	for i, reply := range replies {
		members, err := reply.Result()
		if err != nil {
			return nil, err
		}
		if len(members) == 0 {
			continue
		}
		_, tie, err := splitReady(members[0], lines[i].Line)
		if err != nil {
			return nil, err
		}
		lines[i].First = tie[placeSize-rankSize:]
		there = append(there, lines[i])
	}
	return there, nil
}
