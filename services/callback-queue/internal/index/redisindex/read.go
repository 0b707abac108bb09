package redisindex

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// Get implements queue.Index.
func (x *Index) Get(ctx context.Context, id string) (queue.Entry, bool, error) {
	e, found, err := x.get(ctx, id)
	if err != nil {
		return queue.Entry{}, false, fmt.Errorf("index get: %w", err)
	}
	return e, found, nil
}

// get looks in every queue: the id doesn't say in which one it is.
func (x *Index) get(ctx context.Context, id string) (queue.Entry, bool, error) {
	names, err := x.queues(ctx)
	if err != nil || len(names) == 0 {
		return queue.Entry{}, false, err
	}
	pipe := x.client.Pipeline()
	replies := make([]*redis.StringCmd, len(names))
	for i, name := range names {
		replies[i] = pipe.HGet(ctx, x.keys.entries(name), id)
	}
	_, _ = pipe.Exec(ctx) // each reply has its own error
	var newest queue.Entry
	found := false
	for i, name := range names {
		value, err := replies[i].Result()
		switch {
		case errors.Is(err, redis.Nil), err == nil && isMoved(value):
			continue
		case err != nil:
			return queue.Entry{}, false, err
		}
		e, err := decode(name, id, value)
		if err != nil {
			return queue.Entry{}, false, err
		}
		if !found || e.Seq > newest.Seq { // in two while it moves
			newest, found = e, true
		}
	}
	return newest, found, nil
}

// Before implements queue.Index. It first lets time move all it has to move.
func (x *Index) Before(ctx context.Context, name, id string, now time.Time) (int, bool, error) {
	if err := x.settle(ctx, []string{name}, order.Nanos(now)); err != nil {
		return 0, false, fmt.Errorf("index before: %w", err)
	}
	n, ready, err := x.before(ctx, name, id)
	if err != nil {
		return 0, false, fmt.Errorf("index before: %w", err)
	}
	return n, ready, nil
}

// before counts in each line of a queue what comes before the entry, if the ready
// set has it.
func (x *Index) before(ctx context.Context, name, id string) (int, bool, error) {
	value, err := x.client.HGet(ctx, x.keys.entries(name), id).Result()
	if errors.Is(err, redis.Nil) || err == nil && isMoved(value) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	e, err := decode(name, id, value)
	if err != nil {
		return 0, false, err
	}
	place := placeOf(&e)
	lines, err := x.client.HKeys(ctx, x.keys.lines(name)).Result()
	if err != nil {
		return 0, false, err
	}
	pipe := x.client.Pipeline()
	there := pipe.ZScore(ctx, x.keys.ready(name), readyMember(e.Line, place, id))
	var counts []*redis.IntCmd
	for _, line := range lines {
		counts = append(counts, pipe.ZLexCount(ctx, x.keys.ready(name), "["+line+" ", "("+readyMember(line, place, id)))
	}
	_, _ = pipe.Exec(ctx) // each reply has its own error
	if errors.Is(there.Err(), redis.Nil) {
		return 0, false, nil
	}
	err, sum := there.Err(), 0
	for _, n := range counts {
		err = errors.Join(err, n.Err())
		sum += int(n.Val())
	}
	return sum, err == nil, err
}

// Stats implements queue.Index: one row for every queue that holds an entry.
// It first lets time move all it has to move, however much that is.
func (x *Index) Stats(ctx context.Context, now time.Time) ([]queue.Stats, error) {
	names, err := x.queues(ctx)
	if err == nil {
		err = x.settle(ctx, names, order.Nanos(now))
	}
	if err != nil {
		return nil, fmt.Errorf("index stats: %w", err)
	}
	slices.Sort(names)
	calls := callEach(statsScript, names)
	for i := range calls {
		calls[i].args = append(calls[i].args, alarmLists[order.AtRisk], alarmLists[order.Breached])
		for _, list := range listsOf(heldStates) {
			calls[i].args = append(calls[i].args, list)
		}
	}
	replies, err := x.run(ctx, calls...)
	if err != nil {
		return nil, fmt.Errorf("index stats: %w", err)
	}
	var rows []queue.Stats
	for i, name := range names {
		row, found, err := readStats(name, replies[i])
		if err != nil {
			return nil, fmt.Errorf("index stats: %w", err)
		}
		if found {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// settle lets time move all it has to in the queues.
func (x *Index) settle(ctx context.Context, names []string, now int64) error {
	for unsettled := names; len(unsettled) > 0; {
		more, err := x.settleOnce(ctx, unsettled, now)
		if err != nil {
			return err
		}
		unsettled = more
	}
	return nil
}

// settleOnce lets time move a bounded number of entries in each queue, and
// returns the queues where it has more to move.
func (x *Index) settleOnce(ctx context.Context, names []string, now int64) (more []string, err error) {
	return x.each(ctx, passScript, names, decimal(now), settleBatch)
}

// each makes the same call on each queue, and returns those that answer that there is
// more to do.
func (x *Index) each(ctx context.Context, script *redis.Script, names []string, args ...any) (more []string, err error) {
	replies, err := x.run(ctx, callEach(script, names, args...)...)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		left, err := replies[i].Int()
		if err != nil {
			return nil, err
		}
		if left > 0 {
			more = append(more, name)
		}
	}
	return more, nil
}

func readStats(name string, reply *redis.Cmd) (row queue.Stats, found bool, err error) {
	fields, err := reply.Slice()
	if err != nil {
		return row, false, err
	}
	if len(fields) != 7 {
		return row, false, errAnswer
	}
	count := func(i int) int {
		n, _ := fields[i].(int64)
		return int(n)
	}
	row = queue.Stats{Queue: name, Ready: count(1), Delayed: count(2), Held: count(3), AtRisk: count(5), Breached: count(6)}
	if oldest, _ := fields[4].(string); oldest != "" {
		opened, err := order.FromHex(oldest)
		if err != nil {
			return row, false, fmt.Errorf("%w: %w", errAnswer, err)
		}
		row.OldestReady = order.Time(opened)
	}
	return row, count(0) > 0, nil
}
