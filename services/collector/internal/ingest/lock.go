package ingest

import (
	"context"
	"hash/maphash"
	"sync"
)

// locks is a lock a key, made when somebody wants it and gone with the last who
// does. Waiting ends with the context.
type locks[K comparable] struct {
	seed   maphash.Seed
	shards [64]lockShard[K]
}

type lockShard[K comparable] struct {
	mu    sync.Mutex
	turns map[K]*turn
}

// turn is held by whoever has put a value into the channel.
type turn struct {
	taken chan struct{}
	users int // holders and waiters
}

var turns sync.Pool

func newTurn() *turn {
	if t, ok := turns.Get().(*turn); ok {
		return t
	}
	return &turn{taken: make(chan struct{}, 1)}
}

func newLocks[K comparable]() *locks[K] {
	l := &locks[K]{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].turns = map[K]*turn{}
	}
	return l
}

// lock waits for the key and returns how to give it back.
func (l *locks[K]) lock(ctx context.Context, k K) (unlock func(), err error) {
	s := &l.shards[maphash.Comparable(l.seed, k)%uint64(len(l.shards))]
	s.mu.Lock()
	t, ok := s.turns[k]
	if !ok {
		t = newTurn()
		s.turns[k] = t
	}
	t.users++
	s.mu.Unlock()
	select {
	case t.taken <- struct{}{}:
		return func() { <-t.taken; s.leave(k, t) }, nil
	case <-ctx.Done():
		s.leave(k, t)
		return nil, ctx.Err()
	}
}

func (s *lockShard[K]) leave(k K, t *turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(s.turns, k)
		turns.Put(t)
	}
}
