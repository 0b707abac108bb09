package redisindex

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

const (
	// applyBatch is how many entries one script takes: a millisecond or two in
	// which Redis serves nobody else.
	applyBatch = 200
	// applyRound is how many scripts go in one round trip.
	applyRound = 16
	// maxTogether is the most entries that go in together with other callers'.
	maxTogether = 16
)

// Apply implements queue.Index. A queue's entries go in by the batch, and those
// of callers who come at the same moment together; on an error some may be in,
// and applying all again is right.
func (x *Index) Apply(ctx context.Context, entries ...queue.Entry) error {
	var err error
	switch {
	case len(entries) == 0:
	case len(entries) > maxTogether:
		err = x.apply(ctx, entries)
	default:
		err = x.applies.join(ctx, entries)
	}
	if err != nil {
		return fmt.Errorf("index apply: %w", err)
	}
	return nil
}

func (x *Index) apply(ctx context.Context, entries []queue.Entry) error {
	calls := applyCalls(entries)
	for len(calls) > 0 {
		round := calls[:min(applyRound, len(calls))]
		calls = calls[len(round):]
		if err := x.applyRound(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

// applyRound makes calls, and their queues known. A Reset forgets a queue's name before
// it empties the queue: said before and after, the name is there with what is applied,
// whatever comes between.
func (x *Index) applyRound(ctx context.Context, calls []call) error {
	names := make([]any, len(calls))
	for i := range calls {
		names[i] = calls[i].queue
	}
	var enrolled, stay *redis.IntCmd
	calls[0].before = func(pipe redis.Pipeliner) { enrolled = pipe.SAdd(ctx, x.keys.queues(), names...) }
	calls[len(calls)-1].after = func(pipe redis.Pipeliner) { stay = pipe.SAdd(ctx, x.keys.queues(), names...) }
	if _, err := x.run(ctx, calls...); err != nil {
		return err
	}
	return errors.Join(enrolled.Err(), stay.Err())
}

// place is where something is held of an id.
type place struct{ queue, id string }

// value is what shall be held there, unless something newer is.
type value struct {
	place
	seq  uint64
	text string
}

// values are what becomes of entries, in order: that one has moved is remembered
// in the queue it came from, so that an older entry does not bring it back there.
func values(entries []queue.Entry) []value {
	all := make([]value, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		all = append(all, value{place{e.Queue, e.ID}, e.Seq, encode(e)})
		if e.Former != "" && e.Former != e.Queue {
			all = append(all, value{place{e.Former, e.ID}, e.Seq, encodeMoved(e.Seq, e.MarkedUntil)})
		}
	}
	return all
}

// applyCalls groups by queue what becomes of the entries, the newest of each
// place only, into the calls that take it in.
func applyCalls(entries []queue.Entry) []call {
	var calls []call
	all := values(entries)
	newest := make(map[place]int, len(all))
	for i, v := range all {
		if at, twice := newest[v.place]; !twice || v.seq > all[at].seq {
			newest[v.place] = i
		}
	}
	open := make(map[string]int) // queue -> the call that still has room
	for i, v := range all {
		if newest[v.place] != i {
			continue
		}
		at, known := open[v.queue]
		if !known || len(calls[at].args) >= 2*applyBatch {
			at = len(calls)
			open[v.queue] = at
			calls = append(calls, call{script: applyScript, queue: v.queue})
		}
		calls[at].args = append(calls[at].args, v.id, v.text)
	}
	return calls
}
