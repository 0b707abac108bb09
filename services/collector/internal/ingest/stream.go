package ingest

import (
	"context"
	"fmt"
	"sync"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// window is how many responses of one stream are taken before the first is
// answered. Beyond it the source is read no further: that is its backpressure.
const window = 2048

// Answered is what came of one response of a stream.
type Answered struct {
	// Number is the source's own.
	Number uint64
	Outcome
}

// Stream stores responses as they come and answers them in groups, each group
// with one wait to be durable. One goroutine puts; answers come from another.
type Stream struct {
	s       *Service
	ctx     context.Context //nolint:containedctx // a stream is one call
	room    chan struct{}
	lanes   [lanes]chan numbered
	done    chan Answered
	answer  func([]Answered) error
	working sync.WaitGroup
	ended   chan error
	next    int
}

type numbered struct {
	number uint64
	r      *eventsv1.Response
}

// NewStream begins a stream that lasts until Close, or until ctx ends. answer is
// called with what is durable, or refused, from one goroutine; its error ends the
// stream.
func (s *Service) NewStream(ctx context.Context, answer func([]Answered) error) *Stream {
	t := &Stream{
		s: s, ctx: ctx, answer: answer, ended: make(chan error, 1),
		room: make(chan struct{}, window), done: make(chan Answered, window),
	}
	for i := range t.lanes {
		t.lanes[i] = make(chan numbered, window/lanes)
		t.working.Go(func() { t.work(t.lanes[i]) })
	}
	go func() { t.ended <- t.answerAll() }()
	return t
}

// Put takes a response, or waits until there is room for it.
func (t *Stream) Put(number uint64, r *eventsv1.Response) error {
	select {
	case t.room <- struct{}{}:
	case <-t.ctx.Done():
		return t.ctx.Err()
	}
	if err := t.s.slots.Acquire(t.ctx, 1); err != nil {
		return err
	}
	t.next++
	select {
	case t.lanes[laneOf(r, t.next, lanes)] <- numbered{number, r}:
		return nil
	case <-t.ctx.Done():
		t.s.slots.Release(1)
		return t.ctx.Err()
	}
}

// Refuse answers a response that is not taken, or waits until there is room for that.
func (t *Stream) Refuse(number uint64, err error) error {
	select {
	case t.room <- struct{}{}:
	case <-t.ctx.Done():
		return t.ctx.Err()
	}
	t.done <- Answered{number, Outcome{Err: err}} // has room for all that is under way
	return nil
}

// Close waits until everything that was put is answered.
func (t *Stream) Close() error {
	for _, lane := range t.lanes {
		close(lane)
	}
	t.working.Wait()
	close(t.done)
	return <-t.ended
}

func (t *Stream) work(lane <-chan numbered) {
	for n := range lane {
		res, err := t.s.take(t.ctx, n.r)
		t.s.slots.Release(1)
		t.done <- Answered{n.number, Outcome{res, err}} // has room for all that is under way
	}
}

// answerAll answers whatever is done by now, again and again. While one group
// waits to be durable, the next gathers.
func (t *Stream) answerAll() error {
	var failure error
	group := make([]Answered, 0, window)
	for first := range t.done {
		group = t.gather(append(group[:0], first))
		t.confirm(group)
		if failure == nil {
			failure = t.answer(group)
		}
		for range group {
			<-t.room
		}
	}
	return failure
}

func (t *Stream) gather(group []Answered) []Answered {
	for len(group) < window {
		select {
		case a, ok := <-t.done:
			if !ok {
				return group
			}
			group = append(group, a)
		default:
			return group
		}
	}
	return group
}

// confirm makes a group durable; what could not be is refused.
func (t *Stream) confirm(group []Answered) {
	stored := false
	for _, a := range group {
		stored = stored || a.Err == nil
	}
	var err error
	if stored {
		if err = t.s.o.Journal.Durable(t.ctx); err != nil {
			err = fmt.Errorf("not durable: %w", err)
		}
	}
	for i, a := range group {
		if a.Err == nil && err != nil {
			group[i].Outcome = Outcome{Err: err}
		}
		t.s.o.Count(VerdictOf(group[i].Result, group[i].Err))
	}
}
