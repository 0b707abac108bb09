package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// FollowOptions say where following starts.
type FollowOptions struct {
	// Stream is what is followed.
	Stream string
	// From is the first sequence wanted; 0 and 1 are the beginning.
	From uint64
	// HeadersOnly leaves the bodies out.
	HeadersOnly bool
}

// Follow hands every event of a stream to each, in order and without gaps, from
// options.From on and then as they come, until ctx ends or each returns an
// error, which Follow returns. caughtUp, when not nil, is called once, after
// the last event that was stored when Follow began.
func (b *Bus) Follow(ctx context.Context, o FollowOptions, each func(Delivery) error, caughtUp func() error) error {
	s, err := b.js.Stream(ctx, o.Stream)
	if err != nil {
		return fmt.Errorf("%w: stream %s: %w", ErrUnavailable, o.Stream, err)
	}
	until := s.CachedInfo().State.LastSeq
	cfg := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy, HeadersOnly: o.HeadersOnly}
	if o.From > 1 {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, o.From
	}
	cons, err := s.OrderedConsumer(ctx, cfg)
	if err != nil {
		return fmt.Errorf("%w: follow %s: %w", ErrUnavailable, o.Stream, err)
	}
	msgs, err := cons.Messages(jetstream.PullMaxMessages(4096))
	if err != nil {
		return fmt.Errorf("%w: follow %s: %w", ErrUnavailable, o.Stream, err)
	}
	defer msgs.Stop()
	stop := context.AfterFunc(ctx, msgs.Stop)
	defer stop()

	catching := caughtUp != nil
	// What is left to read may be less than until: events before it may have
	// been deleted, so the pending count decides, not the sequence alone.
	if catching && (until < max(o.From, 1) || cons.CachedInfo().NumPending == 0) {
		catching = false
		if err := caughtUp(); err != nil {
			return err
		}
	}
	for {
		m, err := msgs.Next()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
				return fmt.Errorf("%w: follow %s: closed", ErrUnavailable, o.Stream)
			}
			return fmt.Errorf("%w: follow %s: %w", ErrUnavailable, o.Stream, err)
		}
		d, err := fromMsg(m)
		if err != nil {
			return fmt.Errorf("follow %s: %w", o.Stream, err)
		}
		if err := each(d); err != nil {
			return err
		}
		if meta, _ := m.Metadata(); catching && (d.Sequence >= until || meta.NumPending == 0) {
			catching = false
			if err := caughtUp(); err != nil {
				return err
			}
		}
	}
}
