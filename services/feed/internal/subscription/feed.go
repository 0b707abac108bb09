package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/proto/subject"
)

// Errors of following.
var (
	// ErrExpired says that what came after a cursor is no longer kept, or never was here.
	ErrExpired = errors.New("what came after this cursor is no longer kept")
	// ErrTooMany says that there is no room for another subscriber.
	ErrTooMany = errors.New("too many subscribers")
	// ErrEnding says that this process stops.
	ErrEnding = errors.New("this server is about to stop")
	// ErrUnavailable says that the event store does not answer.
	ErrUnavailable = errors.New("the event store does not answer")
)

// Sink takes what a subscriber is told. What it returns ends the subscription.
type Sink interface {
	// Begin comes first, with the place where the subscriber stands.
	Begin(at Cursor) error
	// Event is a CloudEvent in JSON; more says that another one follows at once.
	Event(at Cursor, event []byte, more bool) error
	// Beat is a sign of life, with the place where the subscriber stands now.
	Beat(at Cursor) error
}

// Options configure a Feed.
type Options struct {
	// JetStream holds FEED.
	JetStream jetstream.JetStream
	// MaxSubscribers bounds how many follow at once.
	MaxSubscribers int
	// Heartbeat is how long it may be quiet.
	Heartbeat time.Duration
	// Ending is closed when the process stops.
	Ending <-chan struct{}
}

// Feed is what subscribers follow. Safe for concurrent use.
type Feed struct {
	o     Options
	slots chan struct{}
}

// New returns a feed.
func New(o Options) *Feed { return &Feed{o: o, slots: make(chan struct{}, o.MaxSubscribers)} }

// Subscribers is how many follow now.
func (f *Feed) Subscribers() int { return len(f.slots) }

// Follow tells a subscriber of events until ctx ends, the process stops (ErrEnding), or the
// sink has enough. ErrTooMany, ErrExpired and ErrUnavailable come before Begin;
// ErrUnavailable may come later, too.
func (f *Feed) Follow(ctx context.Context, q Query, to Sink) error {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	default:
		return ErrTooMany
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := f.o.JetStream.Stream(ctx, subject.Feed)
	if err != nil {
		return f.unavailable(ctx, err)
	}
	cfg, err := q.config(s.CachedInfo())
	if err != nil {
		return err
	}
	cons, err := s.OrderedConsumer(ctx, cfg)
	if err != nil {
		return f.unavailable(ctx, err)
	}
	msgs, err := cons.Messages(jetstream.PullMaxMessages(ahead))
	if err != nil {
		return f.unavailable(ctx, err)
	}
	r := &reader{
		feed: f, stream: s, cons: cons, filter: q.filter, to: to, events: make(chan read, ready), moves: make(chan move, 1),
		at: Cursor{Feed: feedOf(s.CachedInfo().Created), Sequence: begins(q, s.CachedInfo(), cons.CachedInfo())},
	}
	go r.read(ctx, msgs)
	return r.run(ctx)
}

func (f *Feed) unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// orphanAge is how long the server keeps what it knows of a subscriber that went away.
const orphanAge = 30 * time.Second

// config is the consumer of a query, or ErrExpired.
func (q Query) config(info *jetstream.StreamInfo) (jetstream.OrderedConsumerConfig, error) {
	cfg := jetstream.OrderedConsumerConfig{
		FilterSubjects: q.filter.subjects(), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, InactiveThreshold: orphanAge,
	}
	switch c := q.start.cursor; {
	case c != nil && (c.Feed != feedOf(info.Created) || c.Sequence+1 < info.State.FirstSeq || c.Sequence > info.State.LastSeq):
		return cfg, ErrExpired
	case c != nil:
		cfg.OptStartSeq = c.Sequence + 1
	case q.start.beginning:
		cfg.DeliverPolicy = jetstream.DeliverAllPolicy
	case !q.start.since.IsZero():
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &q.start.since
	default:
		cfg.OptStartSeq = info.State.LastSeq + 1
	}
	return cfg, nil
}

// begins is the sequence behind which a subscriber begins. With a time the server alone knows.
func begins(q Query, s *jetstream.StreamInfo, c *jetstream.ConsumerInfo) uint64 {
	switch {
	case q.start.cursor != nil:
		return q.start.cursor.Sequence
	case q.start.beginning:
		return max(s.State.FirstSeq, 1) - 1
	case !q.start.since.IsZero():
		return min(c.Delivered.Stream, s.State.LastSeq)
	default:
		return s.State.LastSeq
	}
}
