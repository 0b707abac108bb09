package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// FollowOptions say where following starts.
type FollowOptions struct {
	// Stream is what is followed.
	Stream string
	// Filter is the subject, or the wildcard, of the events that are wanted; empty is all.
	Filter string
	// From is the first sequence wanted; 0 and 1 are the beginning. Not with LastOnly.
	From uint64
	// HeadersOnly leaves the bodies out.
	HeadersOnly bool
	// LastOnly leaves out what a later event of the same subject has replaced when
	// following begins.
	LastOnly bool
	// Check is how often is looked whether the stream is still the one that is followed;
	// 0 is never. It is for streams that nothing leaves.
	Check time.Duration
}

const (
	// followAhead is how many events are fetched, and how many of them decoded,
	// before they are asked for.
	followAhead, followDecoded = 4096, 256
	// idleCheck is how long nothing comes before a follower that is still
	// catching up looks whether anything is left.
	idleCheck = time.Second
	// orphanAge is how long the server keeps what it knows of a follower that
	// went away.
	orphanAge = 30 * time.Second
)

// Follow hands every event of a stream to each, in order and without gaps, from
// options.From on and then as they come, until ctx ends or each returns an
// error, which Follow returns. caughtUp, when not nil, is called exactly once,
// between two events, when every event that was stored when Follow began and is
// not deleted has been handed over. A server that goes away and comes back is
// waited for. Where options.Check says so, it is ErrReplaced once
// the stream has become another.
func (b *Bus) Follow(ctx context.Context, o FollowOptions, each func(Delivery) error, caughtUp func() error) error {
	s, err := b.js.Stream(ctx, o.Stream)
	if err != nil {
		return fmt.Errorf("%w: stream %s: %w", ErrUnavailable, o.Stream, err)
	}
	cfg := jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverAllPolicy, HeadersOnly: o.HeadersOnly, InactiveThreshold: orphanAge,
	}
	if o.Filter != "" {
		cfg.FilterSubjects = []string{o.Filter}
	}
	if o.LastOnly {
		cfg.DeliverPolicy = jetstream.DeliverLastPerSubjectPolicy
	}
	if o.From > 1 {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, o.From
	}
	cons, err := s.OrderedConsumer(ctx, cfg)
	if err != nil {
		return fmt.Errorf("%w: follow %s: %w", ErrUnavailable, o.Stream, err)
	}
	msgs, err := cons.Messages(jetstream.PullMaxMessages(followAhead))
	if err != nil {
		return fmt.Errorf("%w: follow %s: %w", ErrUnavailable, o.Stream, err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := &follower{
		bus: b, name: o.Stream, until: s.CachedInfo().State.LastSeq, seen: max(o.From, 1) - 1,
		each: each, caughtUp: caughtUp, filter: cmp.Or(o.Filter, ">"), events: make(chan followed, followDecoded),
	}
	go f.read(ctx, msgs)
	if o.Check > 0 {
		var watching sync.WaitGroup
		defer watching.Wait()
		defer cancel(nil)
		watching.Go(func() { f.watch(ctx, s.CachedInfo(), o.Check, cancel) })
	}
	err = f.run(ctx, cons.CachedInfo().NumPending == 0)
	if errors.Is(context.Cause(ctx), ErrReplaced) {
		return fmt.Errorf("follow %s: %w", o.Stream, ErrReplaced)
	}
	return err
}

// follower is one run of Follow. Reading has a goroutine of its own because the
// library, while it looks for a server, listens to no context.
type follower struct {
	bus      *Bus
	name     string
	filter   string
	until    uint64 // the last sequence when Follow began
	seen     uint64 // the last sequence handed over, or not asked for
	each     func(Delivery) error
	caughtUp func() error // nil once it was called
	events   chan followed

	last, handed atomic.Uint64 // the last sequence handed over, and how many were
}

type followed struct {
	d       Delivery
	pending uint64 // events behind this one, as far as the replica that sent it knows
	err     error
}

func (f *follower) read(ctx context.Context, msgs jetstream.MessagesContext) {
	defer msgs.Stop()
	defer context.AfterFunc(ctx, msgs.Stop)()
	for {
		e := next(msgs)
		select {
		case f.events <- e:
		case <-ctx.Done():
			return
		}
		if e.err != nil {
			return
		}
	}
}

func next(msgs jetstream.MessagesContext) followed {
	m, err := msgs.Next()
	if err != nil {
		return followed{err: fmt.Errorf("%w: %w", ErrUnavailable, err)}
	}
	meta, err := m.Metadata()
	if err != nil {
		return followed{err: err}
	}
	return followed{d: delivery(m, meta), pending: meta.NumPending}
}

// run hands events over until something ends it.
func (f *follower) run(ctx context.Context, nothing bool) error {
	if err := f.check(ctx, nothing); err != nil {
		return err
	}
	idle := time.NewTicker(idleCheck)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-f.events:
			if err := f.take(ctx, e); err != nil {
				return err
			}
			idle.Reset(idleCheck)
		case <-idle.C:
			if err := f.look(ctx); err != nil {
				return err
			}
		}
		if f.caughtUp == nil {
			idle.Stop()
		}
	}
}

func (f *follower) take(ctx context.Context, e followed) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e.err != nil {
		return fmt.Errorf("follow %s: %w", f.name, e.err)
	}
	// The event may be newer than until while all those before were deleted.
	if e.d.Sequence > f.until {
		if err := f.reached(); err != nil {
			return err
		}
	}
	if err := f.each(e.d); err != nil {
		return err
	}
	f.seen = e.d.Sequence
	f.last.Store(f.seen)
	f.handed.Add(1)
	return f.check(ctx, e.pending == 0)
}

// check looks whether the end is reached. That nothing is pending proves it on
// one replica; where there are several, the one that was asked may lag behind.
func (f *follower) check(ctx context.Context, nothing bool) error {
	switch {
	case f.seen >= f.until:
		return f.reached()
	case nothing:
		return f.look(ctx)
	default:
		return nil
	}
}

// look asks the stream's leader whether anything is left of what was stored when
// Follow began: the rest may have been deleted since, and then nothing will come
// to say so.
func (f *follower) look(ctx context.Context) error {
	if f.caughtUp == nil || len(f.events) > 0 {
		return nil
	}
	d, err := f.bus.leaderGet(ctx, f.name, getRequest{Seq: f.seen + 1, Next: f.filter})
	if errors.Is(err, ErrNotFound) || (err == nil && d.Sequence > f.until) {
		return f.reached()
	}
	return nil // the server is away, or slow: look again later
}

func (f *follower) reached() error {
	done := f.caughtUp
	f.caughtUp = nil
	if done == nil {
		return nil
	}
	return done()
}
