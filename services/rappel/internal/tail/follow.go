package tail

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// forgotten is after how long the server drops what a reader that went away left.
const forgotten = 30 * time.Second

// Streams lists what can be followed, in the order of the loop.
func Streams() []string {
	return []string{
		subject.Responses, subject.Scores, subject.Corrections, subject.Alerts, subject.AlertStates, subject.Notifications,
		subject.Deliveries, subject.Fallbacks, subject.Callbacks, subject.DeadLetters,
	}
}

// Usual lists what is followed where nothing is chosen: all but what becomes of alerts, and
// of what people are told of them, which is several events for each alert.
func Usual() []string {
	return []string{
		subject.Responses, subject.Scores, subject.Corrections, subject.Alerts, subject.Fallbacks, subject.Callbacks, subject.DeadLetters,
	}
}

// Start says where following begins.
type Start struct {
	// After are the last sequences already seen, by stream; following goes on
	// behind them.
	After map[string]uint64
	// Since is a moment in the past, for streams without an After. The zero time
	// is the very beginning.
	Since time.Time
}

// Now is the start from which only what is yet to come is followed.
func Now(ctx context.Context, js jetstream.JetStream, streams []string) (Start, error) {
	s := Start{After: map[string]uint64{}}
	for _, name := range streams {
		stream, err := js.Stream(ctx, name)
		if err != nil {
			return s, fmt.Errorf("stream %s: %w", name, err)
		}
		s.After[name] = stream.CachedInfo().State.LastSeq
	}
	return s, nil
}

// Follow hands the events of streams to each, merged by the time they were
// stored, until ctx ends or each returns an error, which it returns.
func Follow(ctx context.Context, js jetstream.JetStream, streams []string, start Start, each func(bus.Delivery) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var pumps sync.WaitGroup
	defer pumps.Wait()
	defer cancel()
	m := newMerge(len(streams))
	for i, name := range streams {
		cons, pending, err := consumer(ctx, js, name, start)
		if err != nil {
			return fmt.Errorf("follow %s: %w", name, err)
		}
		m.lanes[i].live = pending == 0
		pumps.Go(func() { m.pump(ctx, m.lanes[i].ready, cons) })
	}
	return m.run(ctx, each)
}

func consumer(ctx context.Context, js jetstream.JetStream, name string, start Start) (jetstream.Consumer, uint64, error) {
	cfg := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy, InactiveThreshold: forgotten}
	if after, ok := start.After[name]; ok {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, after+1
	} else if !start.Since.IsZero() {
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &start.Since
	}
	cons, err := js.OrderedConsumer(ctx, name, cfg)
	if err != nil {
		return nil, 0, err
	}
	return cons, cons.CachedInfo().NumPending, nil
}

func delivery(m jetstream.Msg) (bus.Delivery, uint64, error) {
	meta, err := m.Metadata()
	if err != nil {
		return bus.Delivery{}, 0, err
	}
	h := m.Headers()
	return bus.Delivery{
		Stream: meta.Stream, Subject: m.Subject(), Sequence: meta.Sequence.Stream, Time: meta.Timestamp,
		ID: h.Get(nats.MsgIdHdr), Type: h.Get(subject.HeaderType), Deliveries: meta.NumDelivered,
		Headers: h, Data: m.Data(),
	}, meta.NumPending, nil
}
