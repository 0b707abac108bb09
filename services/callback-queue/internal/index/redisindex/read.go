package redisindex

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
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

// HeldBy implements queue.Index. A reservation that no Apply has confirmed is
// not in the agent's hands yet.
func (x *Index) HeldBy(ctx context.Context, agent string) ([]queue.Entry, error) {
	held, err := x.heldBy(ctx, agent)
	if err != nil {
		return held, fmt.Errorf("index held by: %w", err)
	}
	return held, nil
}

// heldBy needs one round trip, and another when the agent has something.
func (x *Index) heldBy(ctx context.Context, agent string) ([]queue.Entry, error) {
	for {
		known := x.names()
		pipe := x.client.Pipeline()
		current := pipe.SMembers(ctx, x.keys.queues())
		members := make([]*redis.StringSliceCmd, len(known))
		list := deskHeld + url.QueryEscape(agent)
		for i, name := range known {
			members[i] = pipe.ZRangeByLex(ctx, x.keys.lists(name), &redis.ZRangeBy{Min: "[" + list + ":", Max: "(" + list + ";"})
		}
		// Asked last: an index that was lost just now has answered that nothing is held.
		whole := pipe.HExists(ctx, x.keys.meta(), fieldWhole)
		if err := x.exec(ctx, pipe); err != nil {
			return nil, err
		}
		same, err := x.compare(known, current)
		if err != nil {
			return nil, err
		}
		if same {
			return x.heldIn(ctx, agent, known, members, whole)
		}
	}
}

// heldIn reads the entries of an agent's lists. What has left the agent's hands
// since the lists were read is left out.
func (x *Index) heldIn(ctx context.Context, agent string, names []string, members []*redis.StringSliceCmd, whole *redis.BoolCmd) ([]queue.Entry, error) {
	pipe := x.client.Pipeline()
	var rows []heldRow
	for i, name := range names {
		texts, err := members[i].Result()
		if err != nil {
			return nil, err
		}
		if len(texts) == 0 {
			continue
		}
		row := heldRow{queue: name, ids: make([]string, len(texts))}
		for n, text := range texts {
			if row.ids[n], err = idOf(text); err != nil {
				return nil, err
			}
		}
		row.values = pipe.HMGet(ctx, x.keys.entries(name), row.ids...)
		rows = append(rows, row)
	}
	var held []queue.Entry
	if len(rows) > 0 {
		if err := x.exec(ctx, pipe); err != nil {
			return nil, err
		}
	}
	complete, err := whole.Result()
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		entries, all, err := row.entries(agent)
		if err != nil {
			return nil, err
		}
		held = append(held, entries...)
		complete = complete && all
	}
	slices.SortFunc(held, func(a, b queue.Entry) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.ID, b.ID))
	})
	if !complete {
		return held, queue.ErrIndexIncomplete
	}
	return held, nil
}

// heldRow is what an agent holds in one queue.
type heldRow struct {
	queue  string
	ids    []string
	values *redis.SliceCmd
}

// entries are those that are still the agent's. all is false when one is gone: no
// entry is ever removed, so the index was lost or reset since the list was read.
func (r heldRow) entries(agent string) (held []queue.Entry, all bool, err error) {
	values, err := r.values.Result()
	if err != nil {
		return nil, false, err
	}
	all = true
	for i, value := range values {
		text, known := value.(string)
		if !known {
			all = false
			continue
		}
		e, err := decode(r.queue, r.ids[i], text)
		if err != nil {
			return nil, false, err
		}
		if e.Agent == agent && e.State.Held() {
			held = append(held, e)
		}
	}
	return held, all, nil
}

// Due implements queue.Index.
func (x *Index) Due(ctx context.Context, now time.Time, limit int) ([]queue.Entry, error) {
	if limit < 1 {
		return nil, nil
	}
	names, err := x.queues(ctx)
	if err != nil {
		return nil, fmt.Errorf("index due: %w", err)
	}
	moment := strconv.FormatInt(order.Nanos(now), 10)
	due, err := x.rows(ctx, callEach(dueScript, names, moment, limit))
	if err != nil {
		return nil, fmt.Errorf("index due: %w", err)
	}
	slices.SortFunc(due, func(a, b queue.Entry) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return due[:min(limit, len(due))], nil
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
	replies, err := x.run(ctx, callEach(passScript, names, strconv.FormatInt(now, 10), settleBatch)...)
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
	if len(fields) != 5 {
		return row, false, errAnswer
	}
	count := func(i int) int {
		n, _ := fields[i].(int64)
		return int(n)
	}
	row = queue.Stats{Queue: name, Ready: count(1), Delayed: count(2), Held: count(3)}
	if oldest, _ := fields[4].(string); oldest != "" {
		opened, err := order.FromHex(oldest)
		if err != nil {
			return row, false, fmt.Errorf("%w: %w", errAnswer, err)
		}
		row.OldestReady = order.Time(opened)
	}
	return row, count(0) > 0, nil
}
