package redisindex

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// dueBatch is how many deadlines one script takes or puts off.
const dueBatch = 200

// TakeDue implements queue.Index. It looks at all queues and then takes the
// earliest, so that it may return fewer than there are when others take them
// meanwhile.
func (x *Index) TakeDue(ctx context.Context, now time.Time, hold time.Duration, limit int) ([]queue.Entry, error) {
	if limit < 1 {
		return nil, nil
	}
	found, err := x.lookDue(ctx, now, limit)
	if err != nil {
		return nil, fmt.Errorf("index due: %w", err)
	}
	until := ""
	if hold > 0 {
		until = decimal(order.Nanos(now.Add(hold)))
	}
	due, err := x.rows(ctx, dueCalls(found, func() call {
		return call{script: dueScript, args: []any{decimal(order.Nanos(now)), until}}
	}, func(d ringing) []any { return []any{d.id} }))
	if err != nil {
		return nil, fmt.Errorf("index due: %w", err)
	}
	slices.SortFunc(due, func(a, b queue.Entry) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return due, nil
}

// PutOff implements queue.Index.
func (x *Index) PutOff(ctx context.Context, until time.Time, entries ...queue.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	off := make([]ringing, len(entries))
	for i := range entries {
		off[i] = ringing{queue: entries[i].Queue, id: entries[i].ID, seq: entries[i].Seq}
	}
	_, err := x.run(ctx, dueCalls(off, func() call {
		return call{script: putOffScript, args: []any{decimal(order.Nanos(until))}}
	}, func(d ringing) []any { return []any{d.id, strconv.FormatUint(d.seq, 10)} })...)
	if err != nil {
		return fmt.Errorf("index put off: %w", err)
	}
	return nil
}

// ringing is a deadline: at is when it may be given, as a ZSET has it.
type ringing struct {
	queue, id string
	at        float64
	seq       uint64
}

// lookDue finds the earliest deadlines that have come.
func (x *Index) lookDue(ctx context.Context, now time.Time, limit int) ([]ringing, error) {
	names, err := x.queues(ctx)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	pipe := x.client.Pipeline()
	replies := make([]*redis.ZSliceCmd, len(names))
	upTo := &redis.ZRangeBy{Min: "-inf", Max: decimal(order.Nanos(now)), Count: int64(limit)}
	for i, name := range names {
		replies[i] = pipe.ZRangeByScoreWithScores(ctx, x.keys.due(name), upTo)
	}
	_, _ = pipe.Exec(ctx) // each reply has its own error
	var found []ringing
	for i, reply := range replies {
		rows, err := reply.Result()
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			id, _ := row.Member.(string)
			found = append(found, ringing{queue: names[i], id: id, at: row.Score})
		}
	}
	slices.SortFunc(found, func(a, b ringing) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	return found[:min(limit, len(found))], nil
}

// dueCalls are the calls on the queues of some deadlines, each made by begin and
// given what args says of its deadlines.
func dueCalls(due []ringing, begin func() call, args func(ringing) []any) []call {
	var calls []call
	type batch struct{ call, size int }
	open := make(map[string]batch)
	for _, d := range due {
		b, known := open[d.queue]
		if !known || b.size == dueBatch {
			b = batch{call: len(calls)}
			c := begin()
			c.queue = d.queue
			calls = append(calls, c)
		}
		calls[b.call].args = append(calls[b.call].args, args(d)...)
		b.size++
		open[d.queue] = b
	}
	return calls
}
