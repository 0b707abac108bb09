package host

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Tasks are the background tasks of one service: they end together, and the
// first that fails is told to whoever watches.
type Tasks struct {
	ctx    context.Context //nolint:containedctx // the tasks' own lifetime, ended by Stop
	cancel context.CancelFunc
	wg     sync.WaitGroup
	failed chan error
}

// NewTasks returns an empty set.
func NewTasks() *Tasks {
	ctx, cancel := context.WithCancel(context.Background())
	return &Tasks{ctx: ctx, cancel: cancel, failed: make(chan error, 1)}
}

// Context ends when Stop begins.
func (t *Tasks) Context() context.Context { return t.ctx }

// Go runs a task. An error it returns before Stop is a failure of the service.
func (t *Tasks) Go(name string, task func(context.Context) error) {
	t.wg.Add(1)
	go func() {
		defer t.wg.Done()
		if err := task(t.ctx); err != nil && t.ctx.Err() == nil {
			t.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
}

func (t *Tasks) fail(err error) {
	select {
	case t.failed <- err:
	default: // the first is enough
	}
}

// Failed yields the first failure of a task, or of the others given.
func (t *Tasks) Failed(others ...<-chan error) <-chan error {
	for i, other := range others {
		t.Go(fmt.Sprintf("watch %d", i), func(ctx context.Context) error {
			select {
			case err := <-other:
				return err
			case <-ctx.Done():
				return nil
			}
		})
	}
	return t.failed
}

// Stop ends the tasks and waits for them until ctx ends.
func (t *Tasks) Stop(ctx context.Context) error {
	t.cancel()
	done := make(chan struct{})
	go func() { t.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("background tasks did not end"), ctx.Err())
	}
}
