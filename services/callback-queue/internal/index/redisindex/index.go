// Package redisindex is the index that replicas share: sorted sets in Redis
// (7.0 or later, one server, Sentinel or Cluster), moved by Lua scripts.
//
// Authority: none; the stream decides. Safety: a queue's keys share a hash slot
// and every move within a queue is one script, so no entry is reserved twice.
// Over several queues a reservation peeks at all and takes from the best:
// between the two another caller may have changed the order, so the order over
// queues is best effort. Liveness: holds end and delays pass when Reserve or
// Stats is asked with a later now. Failure: an error of the connection comes
// back wrapped; content that is gone (FLUSHALL, a server that restarted empty)
// shows as queue.ErrIndexIncomplete, because the meta key is gone with it.
//
// Two things it can't see, so the server must not do them: evict single keys
// (run it with maxmemory-policy noeviction) and lose one Cluster node's keys
// while the node with the meta key lives (give every master a replica).
//
// Fencing: each Reset begins a new life of the index, and only who names it may
// Advance it, from where it stands: nobody can count what was lost meanwhile,
// with the server or with the last moments of one that failed over. What is lost
// between an Apply and its Advance, a round trip later, is not noticed.
//
// Instants are compared as doubles, 256 ns apart at worst; so are ranks over
// several lines, exact up to 2^53 either side of 0.
package redisindex

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

var _ queue.Index = (*Index)(nil)

// Index implements queue.Index. Make it with New.
type Index struct {
	client redis.UniversalClient
	keys   keyspace
	// trips and applies are shared by those who ask at the same moment.
	trips   together[redis.Cmder]
	applies together[queue.Entry]
	// lastCrowd spares peeks a round trip; each peek checks it.
	lastCrowd atomic.Pointer[crowd]
}

// New returns the index under a key prefix, which should have no braces: they
// would change the keys' hash slots. Indexes with the same prefix on the same
// server are one. The client stays the caller's to close; set its
// ContextTimeoutEnabled, or a context can't end a wait for the server.
func New(client redis.UniversalClient, prefix string) *Index { return Under(client, prefix, "") }

// Under is New for entries that were derived under some settings, named in letters,
// digits and dashes: others have another index under the same prefix. What ranks by
// different settings never stands in one line, and replicas that disagree, as they do
// amid a rolling restart, do not undo each other's work.
func Under(client redis.UniversalClient, prefix, settings string) *Index {
	x := &Index{client: client, keys: keyspace{prefix: prefix, name: nameOf(settings)}}
	x.trips.do = x.trip
	x.applies.do = x.apply
	return x
}

// Fields of the meta hash.
const (
	fieldLife        = "life"
	fieldIncarnation = "incarnation"
	fieldSeq         = "seq"
	fieldWhole       = "whole"
)

// Checkpoint implements queue.Index.
func (x *Index) Checkpoint(ctx context.Context) (queue.Checkpoint, error) {
	fields, err := x.client.HMGet(ctx, x.keys.meta(), fieldLife, fieldIncarnation, fieldSeq, fieldWhole).Result()
	if err != nil {
		return queue.Checkpoint{}, fmt.Errorf("index checkpoint: %w", err)
	}
	life, _ := fields[0].(string)
	incarnation, _ := fields[1].(string)
	digits, _ := fields[2].(string)
	if fields[3] == nil {
		return queue.Checkpoint{}, fmt.Errorf("index checkpoint: %w", queue.ErrIndexIncomplete)
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return queue.Checkpoint{}, fmt.Errorf("index checkpoint: %w", err)
	}
	return queue.Checkpoint{Life: life, Incarnation: incarnation, Seq: seq}, nil
}

// Advance implements queue.Index.
func (x *Index) Advance(ctx context.Context, p queue.Progress) error {
	from, to := strconv.FormatUint(p.From, 10), strconv.FormatUint(p.Seq, 10)
	done, err := advanceScript.Run(ctx, x.client, []string{x.keys.meta()}, p.Life, p.Incarnation, from, to, p.Whole).Int()
	switch {
	case err != nil:
		return fmt.Errorf("index advance: %w", err)
	case done == 0:
		return fmt.Errorf("index advance, lost or reset since: %w", queue.ErrIndexIncomplete)
	case done < 0:
		return fmt.Errorf("index advance: %w", queue.ErrIndexWentBack)
	default:
		return nil
	}
}

// Reset implements queue.Index. It takes away only this index's keys.
func (x *Index) Reset(ctx context.Context) (string, error) {
	life := rand.Text()
	_, err := x.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.Del(ctx, x.keys.meta())
		tx.HSet(ctx, x.keys.meta(), fieldLife, life)
		return nil
	})
	if err == nil {
		err = x.forget(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("index reset: %w", err)
	}
	return life, nil
}

// forget empties all queues: first their names go, so that a name that somebody
// applies an entry under meanwhile is there again (applyRound).
func (x *Index) forget(ctx context.Context) error {
	names, err := x.queues(ctx)
	if err != nil || len(names) == 0 {
		return err
	}
	if err := x.client.SRem(ctx, x.keys.queues(), names).Err(); err != nil {
		return err
	}
	_, err = x.run(ctx, callEach(resetScript, names)...)
	return err
}
