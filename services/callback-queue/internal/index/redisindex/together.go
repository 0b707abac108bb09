package redisindex

import (
	"context"
	"sync"
	"time"
)

// togetherTimeout bounds what is done for several callers at once: it must not
// end with the first of them who has no more time.
const togetherTimeout = 5 * time.Second

// together does what many ask for at the same moment in one go. Who comes while
// nothing is under way goes at once, alone; those who come meanwhile go together
// next. An agent's calls are short: at a busy moment a round trip and the start
// of a script cost more than what is asked.
type together[T any] struct {
	// do does it for all, in order; its error is everybody's.
	do func(ctx context.Context, all []T) error

	mu   sync.Mutex
	busy bool
	next *gathering[T] // those who came meanwhile
}

// gathering is what several callers brought.
type gathering[T any] struct {
	all  []T
	done chan struct{}
	err  error // once done
}

// join has something done. When ctx ends first its error is returned, and what
// was brought may be done all the same: the caller must not look at it again.
func (t *together[T]) join(ctx context.Context, mine []T) error {
	g := t.gather(mine)
	if g == nil {
		defer t.proceed(context.WithoutCancel(ctx))
		return t.do(ctx, mine)
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gather returns what the caller goes with; nil when it goes at once.
func (t *together[T]) gather(mine []T) *gathering[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.busy {
		t.busy = true
		return nil
	}
	if t.next == nil {
		t.next = &gathering[T]{done: make(chan struct{})}
	}
	t.next.all = append(t.next.all, mine...)
	return t.next
}

// proceed does what has gathered meanwhile. ctx has no end of its own.
func (t *together[T]) proceed(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.next
	t.next, t.busy = nil, g != nil
	if g == nil {
		return
	}
	go func() {
		defer t.proceed(ctx)
		defer close(g.done)
		bounded, cancel := context.WithTimeout(ctx, togetherTimeout)
		defer cancel()
		g.err = t.do(bounded, g.all)
	}()
}
