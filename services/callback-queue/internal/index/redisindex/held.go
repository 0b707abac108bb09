package redisindex

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

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
		known := x.crowd()
		pipe := x.client.Pipeline()
		current := pipe.SMembers(ctx, x.keys.queues())
		members := make([]*redis.StringSliceCmd, len(known.queues))
		list := deskHeld + url.QueryEscape(agent)
		for i, name := range known.queues {
			members[i] = pipe.ZRangeByLex(ctx, x.keys.lists(name), &redis.ZRangeBy{Min: "[" + list + ":", Max: "(" + list + ";"})
		}
		// Asked last: an index that was lost just now has answered that nothing is held.
		whole := pipe.HExists(ctx, x.keys.meta(), fieldWhole)
		if err := x.exec(ctx, pipe); err != nil {
			return nil, err
		}
		same, err := x.meet(known, current)
		if err != nil {
			return nil, err
		}
		if same {
			return x.heldIn(ctx, agent, known.queues, members, whole)
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

// entries are those that are still the agent's. all is false when one is gone: none is
// removed but long after it was closed, so the index was lost or reset since the list
// was read.
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
		if isMoved(text) { // since the list was read, and out of the agent's hands by that
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
