package redisindex

import (
	"context"
	"fmt"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

const (
	// applyBatch is how many entries one script takes: a millisecond or two in
	// which Redis serves nobody else.
	applyBatch = 200
	// applyRound is how many scripts go in one round trip.
	applyRound = 16
)

// Apply implements queue.Index. A queue's entries go in by the batch; on an
// error some batches may be in, and applying all again is right.
func (x *Index) Apply(ctx context.Context, entries ...queue.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	calls := applyCalls(entries)
	for len(calls) > 0 {
		round := calls[:min(applyRound, len(calls))]
		calls = calls[len(round):]
		if _, err := x.run(ctx, round...); err != nil {
			return fmt.Errorf("index apply: %w", err)
		}
	}
	return nil
}

// applyCalls groups the entries by queue, the newest of each id only,
// into the calls that take them in.
func applyCalls(entries []queue.Entry) []call {
	var calls []call
	newest := make(map[string]int, len(entries))
	for i := range entries {
		if at, twice := newest[entries[i].ID]; !twice || entries[i].Seq > entries[at].Seq {
			newest[entries[i].ID] = i
		}
	}
	open := make(map[string]int) // queue -> the call that still has room
	for i := range entries {
		e := &entries[i]
		if newest[e.ID] != i {
			continue
		}
		at, known := open[e.Queue]
		if !known || len(calls[at].args) >= 2*applyBatch {
			at = len(calls)
			open[e.Queue] = at
			calls = append(calls, call{script: applyScript, queue: e.Queue, enroll: true})
		}
		calls[at].args = append(calls[at].args, e.ID, encode(e))
	}
	return calls
}
